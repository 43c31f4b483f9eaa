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
        assert!(row["magazines"].as_u64() > Some(0));
        assert!(row["magazines"].as_u64() <= row["most_magazines"].as_u64());
        assert!(row["limbo_limit"].is_u64() && row["overflows"].is_u64());
    }
}

#[test]
fn tables_fit_a_terminal_and_a_verdict_ends_the_command() {
    let out = scratch("narrow");
    let out = out.to_str().expect("text");
    let run = ["run", "--scenario", "churn,pipeline,exhaustion", "--threads", "2", "--ops", "5000"];
    let latency = ["latency", "--duration", "50ms", "--threads", "2"];
    for words in [&run[..], &latency] {
        let output = stress(&[words, &["--out", out]].concat());
        let printed = String::from_utf8(output.stdout).expect("text");
        let rows: Vec<_> = printed.lines().take_while(|line| !line.is_empty()).collect();
        assert!(rows.len() > stress::strategies::STRATEGIES.len(), "{printed}");
        let wide = rows.iter().find(|row| row.chars().count() > 100);
        assert!(wide.is_none(), "{words:?}: {wide:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("no violation; results in"), "{words:?}: {said}");
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
        assert_eq!((&row["verdict"], &row["checking"]), (&"ok".into(), &"off".into()));
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
    refused(&["run", "--batch", "0", "--ops", "1", "--out", out], 1, "--batch");
    refused(&["run", "--block-size", "0", "--ops", "1", "--out", out], 1, "--block-size");
    refused(&["replay", "no-such-file", "--out", out], 1, "no-such-file");
    refused(&["replay", file!(), "--out", out], 1, "");
    refused(&["replay", env!("CARGO_MANIFEST_DIR"), "--out", out], 1, "is a directory");
    refused(&["run", "--ops", "1", "--duration", "1s", "--out", out], 1, "cannot be used with");
}

#[test]
fn where_nothing_runs_the_results_from_before_stay() {
    let out = scratch("kept");
    fs::create_dir_all(&out).expect("a folder");
    let file = out.join("run.json");
    fs::write(&file, "from before").expect("written");
    let out = out.to_str().expect("text");
    let builder = ["run", "--batch", "64", "--batch-up-to", "1", "--ops", "1", "--out", out];
    refused(&builder, 1, "64");
    let few = ["run", "--scenario", "pipeline", "--threads", "1", "--ops", "1", "--out", out];
    refused(&few, 4, "nothing ran");
    assert_eq!(fs::read_to_string(&file).expect("there"), "from before");
}

/// The limit to the address space is below what one block takes.
#[cfg(target_os = "linux")]
#[test]
fn too_little_memory_is_no_violation() {
    for scenario in ["own-random", "exhaustion"] {
        let output = Command::new("sh")
            .args(["-c", "ulimit -v 4000000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_stress")])
            .args(["run", "--strategy", "locked", "--scenario", scenario, "--threads", "1"])
            .args(["--block-size", "1099511627776", "--batch", "1", "--ops", "10", "--out"])
            .arg(scratch("memory"))
            .output()
            .expect("runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(70), "{scenario}: {stderr}");
        assert!(stderr.contains("too little memory"), "{scenario}: {stderr}");
        assert!(!stderr.contains("VIOLATION"), "{scenario}: {stderr}");
    }
}

#[test]
fn unknown_names_suggest_the_nearest() {
    refused(&["run", "--scenario", "one-blok"], 1, "'one-block'");
    refused(&["run", "--scenario", "1pcn"], 1, "'1pnc'");
    refused(&["run", "--strategy", "tagedwide"], 1, "'TaggedWide'");
    refused(&["run", "--checking", "hardend"], 1, "'hardened'");
    refused(&["run", "--treads", "2"], 1, "'--threads'");
    refused(&["replya"], 1, "'replay'");
}

#[test]
fn threads_that_cannot_be_are_refused() {
    refused(&["run", "--threads", "0"], 1, "1 to 4096");
    refused(&["run", "--threads", "4097"], 1, "1 to 4096");
    refused(&["run", "--threads", "4096x"], 1, "threads; 1 to 4096");
    refused(&["run", "--threads", "lots"], 1, "`max`");
    refused(&["latency", "--threads", "0"], 1, "1 to 4096");
}

#[test]
fn results_that_cannot_be_written_are_refused_before_anything_runs() {
    let below_a_file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml/x");
    for out in [below_a_file, concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
        // It would run for a day.
        refused(&["run", "--duration", "24h", "--out", out], 1, "cannot write");
    }
    let out = scratch("folder-in-the-way");
    fs::create_dir_all(out.join("run.json")).expect("a folder");
    let out = out.to_str().expect("text");
    refused(&["run", "--duration", "24h", "--out", out], 1, "run.json");
}

/// A limit to the address space is one to threads, for their stacks: it binds root, too. Large
/// stacks leave room for whatever else a thread needs to begin.
#[cfg(target_os = "linux")]
#[test]
fn more_threads_than_the_system_gives_end_with_70_and_keep_what_there_was() {
    for scenario in ["own-random", "churn"] {
        let out = scratch(&format!("too-many-{scenario}"));
        let output = Command::new("sh")
            .env("RUST_MIN_STACK", (256 << 20).to_string())
            .env("MALLOC_ARENA_MAX", "1")
            .args(["-c", "ulimit -v 4000000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_stress")])
            .args(["run", "--strategy", "locked", "--scenario", scenario, "--batch", "1"])
            .args(["--threads", "2,400", "--ops", "1000", "--out"])
            .arg(&out)
            .output()
            .expect("runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(70), "{stderr}");
        assert!(stderr.contains("x400: the system gave "), "{stderr}");
        assert!(stderr.contains("threads") && !stderr.contains("panicked"), "{stderr}");
        let json = fs::read_to_string(out.join("run.json")).expect("written");
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(json["results"].as_array().map(Vec::len), Some(1));
    }
}

#[test]
fn checking_pins_limits_and_shares_are_in_the_report() {
    let out = scratch("fields");
    let folder = out.to_str().expect("text");
    let output = stress(&[
        "run",
        "--strategy",
        "locked",
        "--scenario",
        "1pnc,exhaustion",
        "--threads",
        "max,1x,3",
        "--checking",
        "off,hardened",
        "--pin",
        "--ops",
        "20000",
        "--out",
        folder,
    ]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let printed = String::from_utf8_lossy(&output.stdout);
    for column in ["checking", "max/min", "refused", "hardened"] {
        assert!(printed.contains(column), "{column}: {printed}");
    }
    let json = fs::read_to_string(out.join("run.json")).expect("written");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert!(json["hang"].is_null());
    let results = json["results"].as_array().expect("an array");
    let of = |scenario: &str, checking: &str| {
        let fits = |row: &&serde_json::Value| {
            (&row["scenario"], &row["checking"], &row["threads"])
                == (&scenario.into(), &checking.into(), &3.into())
        };
        let rows: Vec<_> = results.iter().filter(fits).collect();
        assert_eq!(
            rows.len(),
            1,
            "{scenario} {checking}: a number that is given twice counts once"
        );
        rows[0].clone()
    };
    for checking in ["off", "hardened"] {
        let shared = of("1pnc", checking);
        assert_eq!(shared["shares"].as_array().map(Vec::len), Some(2), "two consumers");
        assert!(shared["max_carved_blocks"].is_null());
        let limited = of("exhaustion", checking);
        assert!(limited["refusals"].as_u64() > Some(0));
        assert!(limited["carved_blocks"].as_u64() <= limited["max_carved_blocks"].as_u64());
        assert!(limited["fairness"].is_null() && limited["shares"].is_null());
        // Said where it is refused.
        let is_said = String::from_utf8_lossy(&output.stderr).contains("refused to pin");
        assert!(limited["pinned"] == true || is_said);
    }
}

#[test]
fn a_total_bounds_all_runs_together() {
    let out = scratch("total");
    let folder = out.to_str().expect("text");
    let words = ["run", "--scenario", "one-block", "--threads", "1", "--total", "500ms"];
    let output = stress(&[&words[..], &["--out", folder]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let json = fs::read_to_string(out.join("run.json")).expect("written");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let results = json["results"].as_array().expect("an array");
    assert_eq!(results.len(), stress::strategies::STRATEGIES.len());
    assert!(results.iter().all(|row| row["seconds"].as_f64() >= Some(0.1)), "a fifth each");
}

#[test]
fn nothing_to_run_ends_with_4() {
    let out = scratch("nothing");
    let out = out.to_str().expect("text");
    refused(&["run", "--scenario", "pipeline", "--threads", "1", "--out", out], 4, "nothing ran");
}

#[test]
fn the_list_names_everything_and_the_help_the_exit_codes() {
    let output = stress(&["list"]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    for scenario in stress::scenario::Scenario::ALL {
        assert!(printed.contains(scenario.name()), "{printed}");
    }
    for entry in &stress::strategies::STRATEGIES {
        assert!(printed.contains(entry.name), "{printed}");
    }
    let output = stress(&["--help"]);
    let printed = String::from_utf8_lossy(&output.stdout).replace('\n', " ");
    for code in ["0 fine", "1 usage", "2 violation", "3 time-out", "4 nothing ran", "70 internal"] {
        assert!(printed.contains(code), "{code}: {printed}");
    }
}
