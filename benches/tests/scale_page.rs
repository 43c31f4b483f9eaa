//! The page of `scale`, in a browser: are the plots drawn, is the console empty, does it fit a
//! narrow screen? Of two machines that are made up: one with 2 cores, one with 16.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use benches::batch::Batch;
use benches::contenders::Role;
use benches::scale::sweep::{BATCHES, Point};
use benches::scale::{Machine, Report, Row, Throughput, Work, page};
use benches::statistics::Summary;
use serde_json::Value;

const BROWSERS: [&str; 2] = ["chromium", "chromium-browser"];

/// Asks how large everything came out, and writes that where `--dump-dom` shows it.
const QUESTION: &str = r#"<script>
addEventListener("load", () => {
  const box = one => one.getBoundingClientRect();
  const plots = [...document.querySelectorAll("figure")].map(figure => {
    const marks = [...figure.querySelectorAll("svg.plot .line, svg.plot .mark, svg.plot .bar, svg.plot .limit")];
    const plot = box(figure.querySelector("svg.plot"));
    return {
      title: figure.querySelector("strong").textContent,
      width: plot.width,
      marks: marks.length,
      drawn: marks.filter(mark => box(mark).width > 0 || box(mark).height > 0).length,
      outside: marks.filter(mark => box(mark).left < plot.left || box(mark).right > plot.right).length,
      cut: [...figure.querySelectorAll("svg.plot text")].filter(text =>
        box(text).left < plot.left - 1 || box(text).right > plot.right + 1).map(text => text.textContent),
      dashed: [...figure.querySelectorAll("svg.plot .line")].filter(line =>
        !["none", ""].includes(getComputedStyle(line).strokeDasharray)).length,
    };
  });
  const answer = document.createElement("pre");
  answer.id = "answer";
  answer.textContent = JSON.stringify({
    plots, scroll: document.documentElement.scrollWidth, window: innerWidth,
  });
  document.body.append(answer);
});
</script>"#;

/// What a subject is, its batch, what an operation takes on one thread, and how much longer with
/// each further thread.
type Told = (&'static str, Role, Option<Batch>, f64, f64);

const SUBJECTS: [Told; 12] = [
    ("harness alone", Role::Floor, None, 0.6, 0.0),
    ("TaggedWide", Role::Ours, Some(Batch::SMALL), 1.5, 0.1),
    ("TaggedWide", Role::Ours, Some(Batch::GROWING), 1.4, 0.05),
    ("TaggedPacked", Role::Ours, Some(Batch::SMALL), 1.6, 0.12),
    ("EpochDeferred", Role::Ours, Some(Batch::SMALL), 3.5, 0.2),
    ("Quiescent", Role::Ours, Some(Batch::SMALL), 1.8, 0.4),
    ("Locked", Role::Ours, Some(Batch::SMALL), 1.7, 1.5),
    ("ExactPool", Role::Ours, None, 30.0, 40.0),
    ("mimalloc", Role::Malloc, None, 4.0, 0.01),
    ("jemalloc", Role::Malloc, None, 5.0, 0.02),
    ("system malloc", Role::Malloc, None, 12.0, 0.5),
    ("crossbeam ArrayQueue", Role::Pool, None, 14.0, 20.0),
];

fn report(threads: &[usize], cores: usize) -> Report {
    let works =
        [Work::Hit, Work::BurstShuffled, Work::BurstSmallBatches, Work::SharedBucket, Work::Pairs];
    let mut rows = Vec::new();
    for work in works {
        for &threads in threads.iter().filter(|&&threads| work.with(threads).is_some()) {
            rows.extend(SUBJECTS.iter().map(|one| row(work, threads, cores, one)));
        }
    }
    let alone = || threads.iter().copied().filter(|&threads| threads <= cores);
    let strategies = ["TaggedWide", "EpochDeferred"];
    let points = strategies.map(|name| {
        alone().flat_map(move |threads| BATCHES.map(|batch| point(name, threads, batch)))
    });
    let sweep = points.into_iter().flatten().collect();
    let mut report = Report::new((9, 2), 64, rows, sweep, Vec::new());
    report.machine = Machine {
        cores,
        processor: Some("made up for a test".into()),
        first_two_are_one: Some(cores == 16),
    };
    report
}

fn row(work: Work, threads: usize, cores: usize, told: &Told) -> Row {
    let &(subject, role, batch, ns, further) = told;
    let time = ns + further * (threads as f64 - 1.0);
    let mops = threads as f64 * 1e3 / time;
    Row {
        work,
        threads,
        crowded: threads > cores,
        subject: subject.into(),
        role,
        batch,
        summary: Summary::of(&[time * 0.9, time, time * 1.1]),
        throughput: Throughput {
            lower_mops: mops * 0.9,
            median_mops: mops,
            upper_mops: mops * 1.1,
        },
        efficiency: 1.0,
        disturbed_rounds: if threads == 2 { 9 } else { 0 },
    }
}

fn point(strategy: &str, threads: usize, batch: usize) -> Point {
    let further = threads as f64 - 1.0;
    let exchange = 60.0 + 30.0 * further + 1.5 * further * threads as f64;
    // Noise that repeats, so that the fit has something to be wrong about.
    let noise = 1.0 + 0.02 * ((threads * 7 + batch * 3) % 5) as f64;
    Point {
        strategy: strategy.into(),
        batch,
        threads,
        summary: Summary::of(&[noise * (1.5 + exchange / batch as f64)]),
        exchanges: 1000,
        late_cas: 0.05 * further,
        disturbed_rounds: 0,
    }
}

fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("scale-page");
    fs::create_dir_all(&folder).expect("a folder");
    folder.join(name)
}

/// The page's elements as the browser has them, and what it put on its console.
fn browse(browser: &str, file: &Path) -> (String, Vec<String>) {
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--dump-dom"])
        .args(["--enable-logging=stderr", "--v=0", "--virtual-time-budget=5000"])
        .arg(format!("--user-data-dir={}", scratch("profile").display()))
        .arg("--window-size=1400,900")
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("the browser runs");
    assert!(output.status.success(), "{output:?}");
    let console = String::from_utf8_lossy(&output.stderr);
    let console = console.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned);
    (String::from_utf8(output.stdout).expect("text"), console.collect())
}

/// What a page of this text says to [`QUESTION`] in a frame of this width: without a frame the
/// browser has a least width of its own.
fn ask(browser: &str, html: &str, width: u32) -> Value {
    // The page's own policy forbids scripts, so it goes.
    let policy = html.find("<meta http-equiv=\"Content-Security-Policy\"").expect("a policy");
    let end = policy + html[policy..].find('>').expect("closed") + 1;
    let open = html[end..].replace("<details>", "<details open>");
    let asked = format!("{}{open}{QUESTION}", &html[..policy]);
    let inner = asked.replace('&', "&amp;").replace('"', "&quot;");
    let frame = scratch("frame.html");
    let text = format!(
        "<!doctype html><meta charset=utf-8><iframe id=inner style='border:0;width:{width}px;\
         height:900px' srcdoc=\"{inner}\"></iframe><script>addEventListener('load', () => \
         document.body.append(document.getElementById('inner').contentDocument.getElementById('answer')))\
         </script>"
    );
    fs::write(&frame, text).expect("written");
    let (dom, console) = browse(browser, &frame);
    assert_eq!(console, Vec::<String>::new());
    let (_, rest) = dom.split_once("<pre id=\"answer\">").expect("the script ran");
    let (text, _) = rest.split_once("</pre>").expect("closed");
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn the_page_is_drawn_and_fits() {
    for (name, threads, cores, bars) in
        [("2", &[1, 2][..], 2, 1), ("crowd", &[1, 2, 4], 2, 0), ("16", &[1, 2, 4, 8, 16], 16, 0)]
    {
        let html = page(&report(threads, cores), "cargo xtask scale --quick").html();
        let file = scratch(&format!("{name}.html"));
        fs::write(&file, &html).expect("written");
        for word in ["<script", "http:", "https:", "src=", "NaN", "inf "] {
            assert!(!html.contains(word), "{word}");
        }
        assert!(html.contains("extrapolation") && html.contains("ideal"));
        assert_eq!(html.contains("one physical core"), cores == 16);
        assert_eq!(html.contains("more threads than cores"), name == "crowd");
        let runs = |browser: &&&str| Command::new(browser).arg("--version").output().is_ok();
        let Some(browser) = BROWSERS.iter().find(runs) else {
            println!("skipped: chromium is not installed");
            return;
        };
        let (dom, console) = browse(browser, &file);
        assert!(dom.contains("throughput over threads"));
        assert_eq!(console, Vec::<String>::new());
        for width in [1280, 400] {
            let answer = ask(browser, &html, width);
            assert_eq!(answer["window"], width);
            assert!(answer["scroll"].as_u64() <= Some(u64::from(width)), "{}", answer["scroll"]);
            let plots = answer["plots"].as_array().expect("an array");
            // Two for each work, but for pairs where there is one of them; two for each strategy.
            assert_eq!(plots.len(), 5 * 2 - bars + 2 * 2);
            for plot in plots {
                assert!(plot["width"].as_f64() > Some(200.0), "{width}: {plot}");
                assert!(plot["marks"].as_u64() > Some(0), "nothing is drawn: {plot}");
                assert_eq!(plot["marks"], plot["drawn"], "something has no size: {plot}");
                assert_eq!(plot["outside"], 0, "{width}: {plot}");
                assert_eq!(plot["cut"], Value::Array(Vec::new()), "{width}: {plot}");
            }
            // Four peers, or a model. Bars have neither.
            let dashed = plots.iter().filter(|plot| plot["dashed"].as_u64() >= Some(2)).count();
            assert_eq!(dashed, plots.len() - bars);
        }
    }
}
