//! The page of `stress report`, in a browser: are the plots drawn, is the console empty, does it
//! fit a narrow screen?

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const BROWSERS: [&str; 2] = ["chromium", "chromium-browser"];

/// Asks the page how large everything came out, and writes that where `--dump-dom` shows it.
/// Commas and all, it must not hold what HTML would read as its own.
const QUESTION: &str = r#"<script>
addEventListener("load", () => {
  const plots = [...document.querySelectorAll("figure")].map(figure => {
    const marks = [...figure.querySelectorAll("svg.plot .line, svg.plot .mark, svg.plot .bar, svg.plot .limit")];
    const plot = figure.querySelector("svg.plot").getBoundingClientRect();
    const box = mark => mark.getBoundingClientRect();
    return {
      title: figure.querySelector("strong").textContent,
      source: figure.querySelector("pre").textContent,
      folded: figure.closest("details") !== null,
      width: plot.width,
      height: plot.height,
      marks: marks.length,
      drawn: marks.filter(mark => box(mark).width > 0 || box(mark).height > 0).length,
      outside: marks.filter(mark => box(mark).left < plot.left || box(mark).right > plot.right).length,
      cut: [...figure.querySelectorAll("svg.plot text")].filter(text =>
        box(text).left < plot.left - 1 || box(text).right > plot.right + 1).map(text => text.textContent),
    };
  });
  const root = document.documentElement;
  const answer = document.createElement("pre");
  answer.id = "answer";
  answer.textContent = JSON.stringify({
    plots, scroll: root.scrollWidth, window: innerWidth, ground: getComputedStyle(document.body).backgroundColor,
  });
  document.body.append(answer);
});
</script>"#;

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

/// What the browser says of `file` in a window of this width, and what it put on its console.
fn browse(browser: &str, file: &Path, width: u32, is_dark: bool) -> (String, Vec<String>) {
    let profile = scratch("profile");
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--dump-dom"])
        .args(["--enable-logging=stderr", "--v=0", "--virtual-time-budget=5000"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("--window-size={width},900"))
        .arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!is_dark)))
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("the browser runs");
    assert!(output.status.success(), "{output:?}");
    let console = String::from_utf8_lossy(&output.stderr);
    let console = console.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned);
    (String::from_utf8(output.stdout).expect("text"), console.collect())
}

/// The page's answer to [`QUESTION`].
fn answer(dom: &str) -> Value {
    let (_, rest) = dom.split_once("<pre id=\"answer\">").expect("the script ran");
    let (text, _) = rest.split_once("</pre>").expect("closed");
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn the_page_is_drawn_fits_and_has_nothing_to_complain_of() {
    let page = page();
    let html = fs::read_to_string(&page).expect("written");
    for word in ["<script", "http:", "https:", "src=", "NaN", "inf "] {
        assert!(!html.contains(word), "{word}");
    }
    let runs = |browser: &&&str| Command::new(browser).arg("--version").output().is_ok();
    let Some(browser) = BROWSERS.iter().find(runs) else {
        println!("skipped: chromium is not installed");
        return;
    };

    // As it is: nothing on the console.
    let (dom, console) = browse(browser, &page, 1280, false);
    assert!(dom.contains("stampool under stress"));
    assert_eq!(console, Vec::<String>::new());

    // A copy that answers questions; its policy would forbid that, so it goes. Folded parts are
    // open.
    let asked = page.with_file_name("asked.html");
    let policy = html.find("<meta http-equiv=\"Content-Security-Policy\"").expect("a policy");
    let end = policy + html[policy..].find('>').expect("closed") + 1;
    let open = format!("{}{}{QUESTION}", &html[..policy], &html[end..]);
    fs::write(&asked, open.replace("<details>", "<details open>")).expect("written");

    let mut grounds = Vec::new();
    for (width, is_dark) in [(1280_u32, false), (1280, true), (400, false), (400, true)] {
        // Without a frame the browser has a least width of its own: 400 is that of a frame.
        let frame = page.with_file_name("frame.html");
        let inner = html_escape(&fs::read_to_string(&asked).expect("written"));
        let style = format!("border:0;width:{width}px;height:900px");
        fs::write(
            &frame,
            format!(
                "<!doctype html><meta charset=utf-8><meta name=color-scheme content='light dark'>\
                 <iframe id=inner style='{style}' srcdoc=\"{inner}\"></iframe><script>\
                 addEventListener('load', () => document.body.append(\
                 document.getElementById('inner').contentDocument.getElementById('answer')))</script>"
            ),
        )
        .expect("written");
        let (dom, console) = browse(browser, &frame, 1400, is_dark);
        assert_eq!(console, Vec::<String>::new(), "{width}");
        let answer = answer(&dom);
        assert_eq!(answer["window"], width, "the frame is as wide as that");
        assert!(
            answer["scroll"].as_u64() <= Some(u64::from(width)),
            "{width}: {}",
            answer["scroll"]
        );
        grounds.push(answer["ground"].clone());

        let plots = answer["plots"].as_array().expect("an array");
        // Throughput and memory of two scenarios, four kinds of call for two numbers of threads,
        // one replay; and each of the 2 * 3 * 5 runs by itself.
        let by_itself = plots.iter().filter(|plot| plot["folded"] == true).count();
        assert_eq!(by_itself, 2 * 3 * stress::strategies::STRATEGIES.len());
        let least = 2 + 2 + 4 * 2 + 1;
        assert!(plots.len() >= by_itself + least, "{} plots", plots.len());
        for plot in plots {
            let at = |name: &str| plot[name].as_f64().expect("a number");
            assert!(at("width") > 200.0 && at("height") > 80.0, "{width}: {plot}");
            assert!(at("marks") > 0.0, "nothing is drawn: {plot}");
            assert_eq!(plot["marks"], plot["drawn"], "something has no size: {plot}");
            assert_eq!(plot["outside"], 0, "{width}: {plot}");
            assert_eq!(plot["cut"], Value::Array(Vec::new()), "{width}: {plot}");
            let source = plot["source"].as_str().expect("text");
            assert!(source.starts_with("cargo run") && source.contains("-p stress --"), "{plot}");
        }
    }
    assert_ne!(grounds[0], grounds[1], "dark is another page than light");
    assert_eq!((&grounds[0], &grounds[1]), (&grounds[2], &grounds[3]));
}

/// For an attribute.
fn html_escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;")
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
