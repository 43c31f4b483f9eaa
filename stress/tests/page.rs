//! The page of `stress report`, in a browser: are the plots drawn, is the console empty, does it
//! fit a narrow screen?

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use page::browser::Browser;

fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page").join(name)
}

fn stress(words: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_stress")).args(words).output().expect("runs");
    assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
    output
}

/// A page from short runs of all three commands.
fn page() -> PathBuf {
    let out = scratch("results");
    // Results of an earlier test run would be drawn, too.
    _ = fs::remove_dir_all(&out);
    let folder = out.to_str().expect("text");
    let trace = concat!(env!("CARGO_MANIFEST_DIR"), "/traces/sqlite.stpt.zst");
    for words in [
        "run --scenario shared-bucket,one-block --threads 1,2,3 --duration 150ms --seed 3".into(),
        "latency --threads 1,2 --duration 50ms".into(),
        format!("replay {trace} --rounds 1"),
    ] {
        let mut words: Vec<&str> = words.split_whitespace().collect();
        words.extend(["--out", folder]);
        stress(&words);
    }
    let said = stress(&["report", folder]).stdout;
    let page = out.join("report.html");
    assert_eq!(String::from_utf8(said).expect("text").trim(), page.to_str().expect("text"));
    page
}

#[test]
fn the_page_is_drawn_fits_and_has_nothing_to_complain_of() {
    let page = page();
    let html = fs::read_to_string(&page).expect("written");
    for word in ["<script", "http:", "https:", "src=", "NaN", "inf "] {
        assert!(!html.contains(word), "{word}");
    }
    let Some(browser) = Browser::find(scratch("browser")) else { return };

    // As it is: nothing on the console.
    let (dom, console) = browser.open(&page, false);
    assert!(dom.contains("stampool under stress"));
    assert_eq!(console, Vec::<String>::new());

    let mut grounds = Vec::new();
    for (width, is_dark) in [(1280, false), (1280, true), (400, false), (400, true)] {
        let shown = browser.show(&html, width, is_dark);
        assert_eq!(shown.window, width, "the frame is as wide as that");
        assert!(shown.scroll <= width, "{width}: {}", shown.scroll);
        grounds.push(shown.ground);

        // Throughput and memory of two scenarios, four kinds of call for two numbers of threads,
        // one replay; and each of the 2 * 3 * 5 runs by itself.
        let by_itself = shown.plots.iter().filter(|plot| plot.folded).count();
        assert_eq!(by_itself, 2 * 3 * stress::strategies::STRATEGIES.len());
        let least = 2 + 2 + 4 * 2 + 1;
        assert!(shown.plots.len() >= by_itself + least, "{} plots", shown.plots.len());
        for plot in &shown.plots {
            assert_eq!(plot.fault(), None, "{width}: {plot:?}");
            let source = &plot.source;
            assert!(source.starts_with("cargo run") && source.contains("-p stress --"), "{plot:?}");
        }
    }
    assert_ne!(grounds[0], grounds[1], "dark is another page than light");
    assert_eq!((&grounds[0], &grounds[1]), (&grounds[2], &grounds[3]));
}

#[test]
fn what_cannot_be_drawn_is_one_line() {
    let out = scratch("refused");
    fs::create_dir_all(&out).expect("a folder");
    let newer = out.join("newer.json");
    fs::write(&newer, r#"{"format": 2, "command": "run"}"#).expect("written");
    let foreign = out.join("foreign.json");
    fs::write(&foreign, "{}").expect("written");
    let empty = out.join("empty");
    fs::create_dir_all(&empty).expect("a folder");
    for (input, why) in [
        (&newer, "format 2 is newer"),
        (&foreign, "no results of stress"),
        (&empty, "no results in this folder"),
        (&out.join("none.json"), "none.json"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stress"));
        let output = command.arg("report").arg(input).output().expect("runs");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let stderr = String::from_utf8(output.stderr).expect("text");
        assert!(stderr.contains(why), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(!out.join("report.html").exists());
    }
}
