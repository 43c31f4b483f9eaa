//! `scale` as it is called: words, what it prints, and what it writes.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use benches::sample::cores;
use benches::scale::Report;

fn scale(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_scale")).args(words).output().expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// A short run; `words` besides.
fn short(words: &[&str]) -> Output {
    let length = ["--rounds", "2", "--turn-ms", "1"];
    let output = scale(&[&length[..], words].concat());
    assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
    output
}

fn report(words: &[&str]) -> Report {
    let output = short(&[words, &["--format", "json"]].concat());
    serde_json::from_slice(&output.stdout).expect("a report")
}

#[test]
fn words_that_cannot_be_are_refused_and_named() {
    for (words, named) in [
        (&["--threads", "0"][..], "from 1 to 256"),
        (&["--threads", "257"], "from 1 to 256"),
        (&["--threads", "two"], "a number"),
        (&["--workload", "hit,nothing"], "nothing"),
        (&["--rounds", "0"], "--rounds"),
        (&["--turn-ms", "0"], "--turn-ms"),
        (&["--model-up-to", "0"], "from 1 to 256"),
    ] {
        let output = scale(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(text(&output.stderr).contains(named), "{words:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{words:?}");
    }
}

#[test]
fn what_nobody_can_do_is_an_error_of_one_line() {
    for (words, why) in [
        (&["--subject", "nobody", "--workload", "hit"][..], "no subject has such a name"),
        (&["--workload", "pairs", "--threads", "1"], "pairs: no number of threads"),
    ] {
        let output = scale(words);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        let stderr = text(&output.stderr);
        let errors: Vec<&str> = stderr.lines().filter(|line| line.contains("error")).collect();
        assert!(errors.len() == 1 && errors[0].contains(why), "{stderr}");
    }
}

#[test]
fn a_number_of_threads_counts_once_and_more_than_cores_are_a_crowd() {
    let more = cores() + 1;
    let threads = format!("1,{more},1");
    let report = report(&["--workload", "hit", "--subject", "jemalloc", "--threads", &threads]);
    let rows: Vec<_> = report.rows.iter().map(|row| (row.threads, row.crowded)).collect();
    assert_eq!(rows, [(1, false), (more, true)]);
    assert!(report.models.is_empty() && report.left_out.is_empty());
    assert!(report.rows.iter().all(|row| row.throughput.median_mops > 0.0));
    assert_eq!(report.rows[0].efficiency, 1.0);
}

#[test]
fn a_crowd_has_no_place_in_the_model() {
    let more = (cores() + 1).to_string();
    let output = scale(&["--workload", "batches", "--subject", "Locked", "--threads", &more]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no number of threads has a core"), "{output:?}");
}

#[test]
fn batches_give_a_fit_for_each_number_of_cores_that_is_there() {
    let report = report(&["--workload", "batches", "--subject", "TaggedWide", "--threads", "1"]);
    assert!(report.rows.is_empty());
    assert_eq!(report.sweep.len(), benches::scale::sweep::BATCHES.len());
    let [model] = &report.models[..] else { panic!("one strategy: {:?}", report.models) };
    assert_eq!((model.costs.len(), model.curves.len()), (1, 0));
    assert!(model.costs[0].exchange_ns() > 0.0, "{model:?}");
    // One number of cores is no line.
    assert_eq!(model.missing.len(), 1, "{:?}", model.missing);
}

#[test]
fn files_and_tables_say_the_same() {
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("scale/made/for/it");
    _ = fs::remove_dir_all(&out);
    let folder = out.to_str().expect("text");
    let words = ["--workload", "hit", "--subject", "Wide", "--threads", "1", "--out", folder];
    let printed = text(&short(&[&words[..], &["--format", "markdown"]].concat()).stdout);
    let json = fs::read(out.join("scale.json")).expect("written");
    let report: Report = serde_json::from_slice(&json).expect("a report");
    let html = fs::read_to_string(out.join("scale.html")).expect("written");
    assert_eq!(report.rows.len(), 2, "fixed batches, and growing ones");
    for row in &report.rows {
        assert!(printed.contains(&row.title()) && html.contains(&row.title()), "{printed}");
        let median = row.throughput.median_mops;
        let digits = if median >= 100.0 { 0 } else { 1 + usize::from(median < 10.0) };
        assert!(printed.contains(&format!("{median:.digits$}")), "{median}: {printed}");
    }
    assert!(printed.lines().any(|line| line.starts_with("| TaggedWide")), "{printed}");
    assert!(printed.contains("scale --rounds 2") && html.contains("scale --rounds 2"));
}

#[test]
fn a_folder_that_cannot_be_is_told_before_anything_is_measured() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("a-file");
    fs::write(&file, "").expect("written");
    let folder = file.join("below");
    let output = scale(&["--out", folder.to_str().expect("text")]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert!(stderr.contains("a-file") && !stderr.contains("measuring"), "{stderr}");
}
