//! `bench --memory` from its command line to its files: every subject in a process of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use benches::memory::Held;
use benches::report::Report;

const BROWSERS: [&str; 2] = ["chromium", "chromium-browser"];

/// Of a phone held upright, in pixels.
const NARROW: u32 = 400;

fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("memory").join(name)
}

/// Runs `bench`, and reads what it left in a folder of this name.
fn bench(name: &str, words: &[&str]) -> (Report, String) {
    let out = scratch(name);
    fs::create_dir_all(&out).expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command.args(["--rounds", "1", "--turn-ms", "1", "--memory"]).args(words).arg("--out");
    let output = command.arg(&out).output().expect("bench runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json = fs::read_to_string(out.join("bench.json")).expect("written");
    let page = fs::read_to_string(out.join("bench.html")).expect("written");
    (serde_json::from_str(&json).expect("a report"), page)
}

fn titles(held: &[Held]) -> Vec<String> {
    held.iter().map(Held::title).collect()
}

#[test]
fn one_producer_and_one_consumer_hold_no_more_than_the_bound() {
    let workload = "producer-consumer/1P1C/64/untouched";
    let words = ["--workload", workload, "--subject", "TaggedWide"];
    let (report, page) = bench("1p1c", &[&words[..], &["--memory-operations", "100000"]].concat());
    let all = ["64", "256", "64 to 512"].map(|batch| format!("TaggedWide, B = {batch}"));
    assert_eq!(titles(&report.memory), all);
    for held in &report.memory {
        let (blocks, bound) = (held.blocks.expect("counted"), held.bound_blocks.expect("a pool"));
        assert!(blocks >= held.live_blocks && blocks <= bound, "{held:?}");
        assert!(held.resident_kib > 0 && held.kept_kib <= Some(held.resident_kib), "{held:?}");
        assert!(page.contains(&held.title()) && page.contains(&format!(">{bound}<")), "{held:?}");
    }
}

#[test]
fn peers_stand_beside_the_pools_in_the_new_workloads() {
    for workload in ["mstress/2/64", "threadtest/2/64", "message-passing/1P1C/64"] {
        let name = workload.split('/').next().expect("a name");
        let words = ["--workload", workload, "--subject", "malloc", "--memory-operations", "9000"];
        let (report, page) = bench(name, &words);
        let titles = titles(&report.memory);
        for title in ["system malloc", "mimalloc", "snmalloc", "jemalloc", "rpmalloc"] {
            assert!(titles.iter().any(|one| one == title), "{workload}: {titles:?}");
        }
        assert_eq!(report.memory.len(), report.rows.len(), "{workload}: one of each");
        assert!(report.memory.iter().all(|held| held.live_blocks > 0), "{workload}");
        assert!(page.contains("resident KiB") && page.contains(workload), "{workload}");
    }
}

/// Shows `page` in a narrow frame: how wide it came out, how far to the right its cells reach, and how
/// many they are.
fn narrow(browser: &str, page: &str, folder: &Path) -> [f64; 3] {
    let inner = page.replace('&', "&amp;").replace('"', "&quot;");
    let frame = format!(
        "<!doctype html><meta charset=utf-8>\
         <iframe id=inner style='border:0;width:{NARROW}px;height:900px' srcdoc=\"{inner}\"></iframe>\
         <script>addEventListener('load', () => {{\
         const page = document.getElementById('inner').contentDocument;\
         const cells = [...page.querySelectorAll('td')].map(cell => cell.getBoundingClientRect());\
         const answer = document.createElement('pre');\
         answer.id = 'answer';\
         const right = Math.max(...cells.map(cell => cell.right));\
         answer.textContent = JSON.stringify([page.documentElement.scrollWidth, right, cells.length]);\
         document.body.append(answer);\
         }})</script>"
    );
    let file = folder.join("frame.html");
    fs::write(&file, frame).expect("written");
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--dump-dom"])
        .args(["--virtual-time-budget=5000", "--window-size=1400,900"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("the browser runs");
    let dom = String::from_utf8(output.stdout).expect("text");
    let (_, rest) = dom.split_once("<pre id=\"answer\">").expect("the script ran");
    let (text, _) = rest.split_once("</pre>").expect("closed");
    serde_json::from_str(text).expect("three numbers")
}

#[test]
fn the_tables_of_the_page_fit_a_narrow_screen() {
    let words = ["--workload", "hit/1/64,threadtest/1/64", "--memory-operations", "10000"];
    let (report, page) = bench("narrow", &words);
    let runs = |browser: &&&str| Command::new(browser).arg("--version").output().is_ok();
    let Some(browser) = BROWSERS.iter().find(runs) else {
        println!("skipped: chromium is not installed");
        return;
    };
    let [width, right, cells] = narrow(browser, &page, &scratch("narrow"));
    assert!(cells >= (7 * (report.bars.len() + report.memory.len())) as f64, "{cells} cells");
    assert!(width <= f64::from(NARROW), "the page scrolls sideways: {width}");
    assert!(right <= f64::from(NARROW), "a cell reaches to {right}");
}
