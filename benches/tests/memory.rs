//! `bench --memory` from its command line to its files: every subject in a process of its own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use benches::memory::Held;
use benches::report::Report;
use page::browser::Browser;

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

#[test]
fn the_tables_of_the_page_fit_a_narrow_screen() {
    let words = ["--workload", "hit/1/64,threadtest/1/64", "--memory-operations", "10000"];
    let (report, page) = bench("narrow", &words);
    let Some(browser) = Browser::find(scratch("browser")) else { return };
    let shown = browser.show(&page, NARROW, false);
    let least = 7 * (report.bars.len() + report.memory.len());
    assert!(shown.cells >= least, "{} cells", shown.cells);
    assert!(shown.scroll <= NARROW, "the page scrolls sideways: {}", shown.scroll);
    assert!(shown.right <= f64::from(NARROW), "a cell reaches to {}", shown.right);
}
