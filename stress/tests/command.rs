//! The command as other tools call it: exit codes, messages, JSON.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

fn stress(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stress")).args(words).output().expect("runs")
}

fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Expects an exit code, and one line or more on stderr that says why.
fn refused(words: &[&str], code: i32, why: &str) {
    let output = stress(words);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {stderr}");
    assert!(stderr.contains(why), "{words:?}: {stderr}");
    assert!(!stderr.contains("panicked"), "{words:?}: {stderr}");
}

#[test]
fn a_run_gives_the_same_json_on_stdout_and_in_the_file() {
    let out = scratch("same");
    let file = out.join("run.json");
    let out = out.to_str().expect("text");
    let output = stress(&[
        "run",
        "--scenario",
        "churn,shared-bucket",
        "--threads",
        "2",
        "--ops",
        "5000",
        "--stall",
        "--seed",
        "3",
        "--format",
        "json",
        "--out",
        out,
    ]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("text");
    assert_eq!(printed, fs::read_to_string(&file).expect("written"));
    let json: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(json["format"], 1);
    assert_eq!(json["seed"], 3);
    let results = json["results"].as_array().expect("an array");
    assert_eq!(results.len(), 2 * stress::strategies::STRATEGIES.len());
    for row in results {
        assert_eq!((&row["verdict"], &row["violations"]), (&"ok".into(), &0.into()));
        assert!(row["carved_blocks"].as_u64() <= row["bound_blocks"].as_u64());
        assert!(row["ops"].as_u64() >= Some(5000));
        assert!(row["ns_per_op"].as_f64() > Some(0.0));
        assert_eq!(row["stall"], "forever");
        assert!(row["shells"].as_u64() > Some(0));
        assert!(row["shells"].as_u64() <= row["most_shells"].as_u64());
        assert!(row["limbo_limit"].is_u64() && row["overflows"].is_u64());
    }
}

#[test]
fn latency_sees_calls_of_every_kind() {
    let out = scratch("latency");
    let file = out.join("latency.json");
    let out = out.to_str().expect("text");
    let output = stress(&["latency", "--duration", "200ms", "--threads", "2", "--out", out]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("text");
    assert!(printed.contains("p99.9") && printed.contains("preemption"), "{printed}");
    let text = fs::read_to_string(&file).expect("written");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&json["format"], &json["command"]), (&1.into(), &"latency".into()));
    assert_eq!(json["cycles_per_ns"].is_f64(), cfg!(target_arch = "x86_64"));
    let results = json["results"].as_array().expect("an array");
    assert_eq!(results.len(), stress::strategies::STRATEGIES.len());
    for row in results {
        assert_eq!((&row["verdict"], &row["level"]), (&"ok".into(), &"off".into()));
        let kinds = row["kinds"].as_array().expect("an array");
        let names: Vec<_> = kinds.iter().filter_map(|kind| kind["kind"].as_str()).collect();
        assert_eq!(names, ["timer", "hit", "refill", "carve", "flush"]);
        for kind in kinds {
            assert!(kind["count"].as_u64() > Some(0), "{} {kind}", row["strategy"]);
            assert!(kind["ns"]["p50"].as_f64() <= kind["ns"]["max"].as_f64());
            assert!(kind["ns"]["max"].as_f64() > Some(0.0));
        }
    }
}

#[test]
fn a_replay_reports_each_subject_and_class() {
    let out = scratch("replay");
    let file = out.join("replay.json");
    let trace = concat!(env!("CARGO_MANIFEST_DIR"), "/traces/sqlite.stpt.zst");
    let out = out.to_str().expect("text");
    let output =
        stress(&["replay", trace, "--strategy", "locked,system", "--rounds", "2", "--out", out]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = fs::read_to_string(&file).expect("written");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let results = json["results"].as_array().expect("an array");
    assert_eq!(results.len(), 2);
    assert_eq!(results[0]["scenario"], "replay:sqlite");
    assert!(results[0]["carved_blocks"].is_u64());
    assert!(results[1]["carved_blocks"].is_null(), "the system has no books");
    let classes = json["classes"].as_array().expect("an array");
    let objects: u64 = classes.iter().filter_map(|class| class["objects"].as_u64()).sum();
    assert!(!classes.is_empty() && objects <= 200_217);
}

#[test]
fn usage_errors_end_with_1_and_say_what_would_do() {
    let out = scratch("usage");
    let out = out.to_str().expect("text");
    refused(&["run", "--scenario", "one-blok", "--out", out], 1, "'one-block'");
    refused(&["run", "--threads", "0", "--out", out], 1, "1..=4096");
    refused(&["run", "--batch", "0", "--ops", "1", "--out", out], 1, "batch of 0");
    refused(&["run", "--block-size", "0", "--ops", "1", "--out", out], 1, "zero bytes");
    refused(&["replay", "no-such-file", "--out", out], 1, "no-such-file");
    refused(&["replay", file!(), "--out", out], 1, "");
    let below_a_file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml/x");
    refused(&["run", "--ops", "1", "--out", below_a_file], 1, "run.json");
}

#[test]
fn nothing_to_run_ends_with_4() {
    let out = scratch("nothing");
    let out = out.to_str().expect("text");
    refused(&["run", "--scenario", "pipeline", "--threads", "1", "--out", out], 4, "nothing ran");
}
