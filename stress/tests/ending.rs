//! How a command ends when it is not let to its end: Ctrl-C, a full disk, a closed pipe.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use serde_json::Value;

/// A folder of this test's own, empty.
fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("ending").join(name);
    // It may not have been there.
    _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

fn stress(out: &Path, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stress"));
    command.args(words.split_whitespace()).arg("--out").arg(out).stdin(Stdio::null());
    command
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Lines on stderr that begin with the word `error`.
fn errors(stderr: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(stderr).into_owned();
    assert!(!text.contains("panicked"), "{text}");
    text.lines().filter(|line| line.starts_with("error")).map(str::to_owned).collect()
}

fn kill(child: &Child) {
    let words = format!("kill -INT {}", child.id());
    let status = Command::new("sh").args(["-c", &words]).status().expect("a shell");
    assert!(status.success(), "the process is there");
}

/// Starts `words`, asks it to end once it has done something, and returns how it ended, its
/// stdout, its lines of progress and all of its stderr.
fn interrupted(out: &Path, words: &str) -> (ExitStatus, String, Vec<Value>, String) {
    let mut command = stress(out, words);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let (mut progress, mut stderr, mut is_asked) = (Vec::new(), String::new(), false);
    for line in BufReader::new(child.stderr.take().expect("piped")).lines() {
        let line = line.expect("text");
        if line.starts_with('{') {
            let line = json(&line);
            if !is_asked && line["ops"].as_u64() > Some(0) {
                is_asked = true;
                kill(&child);
            }
            progress.push(line);
        }
        stderr += &line;
        stderr.push('\n');
    }
    let mut stdout = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut stdout).expect("text");
    (child.wait().expect("ends"), stdout, progress, stderr)
}

#[test]
fn ctrl_c_ends_the_run_checks_it_and_reports_all_that_was_done() {
    let out = scratch("interrupted-run");
    let words = "run --strategy Locked --scenario one-block --threads 2,1,3 --duration 1h \
                 --seed 1 --interval 50ms";
    let (status, stdout, progress, stderr) = interrupted(&out, words);
    assert_eq!(status.code(), Some(130), "{stderr}");
    assert_eq!(errors(stderr.as_bytes()), ["error: interrupted; runs left out: 2"], "{stderr}");
    assert!(stdout.contains("one-block") && stdout.contains("verdict"), "{stdout}");

    let saved = json(&fs::read_to_string(out.join("run.json")).expect("written"));
    assert_eq!(
        (&saved["interrupted"], &saved["violations"]),
        (&true.into(), &Value::Array(vec![]))
    );
    let results = saved["results"].as_array().expect("an array");
    assert_eq!(results.len(), 1);
    // The drain and the balance of the books would have said so.
    assert_eq!(results[0]["verdict"], "ok");
    assert!(results[0]["ops"].as_u64() > Some(0));
    assert!(results[0]["seconds"].as_f64() < Some(3600.0), "cut short");

    // And so does its page.
    let page = fs::read_to_string(out.join("run.html")).expect("drawn");
    for words in ["run: 1 run, no violation", "run: interrupted", "Throughput over threads"] {
        assert!(page.contains(words), "{words}");
    }

    let last = progress.last().expect("lines of progress");
    assert_eq!((&last["runs"], &last["violations"]), (&3.into(), &0.into()));
    assert!(progress.iter().any(|line| line["ops_per_s"].as_f64() > Some(0.0)), "{progress:?}");
    assert!(last["eta_s"].as_f64() > Some(0.0), "{last}");
    assert!(last["elapsed_s"].as_f64() > Some(0.0) && last["ops"].as_u64() > Some(0), "{last}");
}

#[test]
fn ctrl_c_ends_latency_and_replay_as_well() {
    let trace = concat!(env!("CARGO_MANIFEST_DIR"), "/traces/sqlite.stpt.zst");
    for (command, words) in [
        (
            "latency",
            "latency --strategy Locked,Quiescent,TaggedWide --threads 1 --duration 1h".into(),
        ),
        ("replay", format!("replay {trace} --strategy Locked --rounds 60000")),
    ] {
        let out = scratch(command);
        let (status, stdout, _, stderr) = interrupted(&out, &format!("{words} --interval 20ms"));
        assert_eq!(status.code(), Some(130), "{command}: {stderr}");
        let saved = fs::read_to_string(out.join(command).with_extension("json")).expect("written");
        let saved = json(&saved);
        let first = &saved["results"][0];
        assert_eq!(first["verdict"], "ok", "{command}: {stdout}");
        assert!(stdout.contains(first["strategy"].as_str().expect("a name")), "{stdout}");
        assert_eq!(saved["interrupted"], true, "{command}");
        assert!(!saved["results"].as_array().expect("an array").is_empty(), "{command}");
        let page = fs::read_to_string(out.join(command).with_extension("html")).expect("drawn");
        assert!(page.contains(&format!("{command}: interrupted")), "{command}");
    }
}

const SHORT: &str = "run --strategy Locked --scenario one-block --threads 1 --ops 2000 --seed 1";

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_one_error_and_the_results_go_to_stdout() {
    let out = scratch("full");
    fs::write(out.join("run.json"), "what was there before").expect("written");
    // Whatever is written there finds no space.
    std::os::unix::fs::symlink("/dev/full", out.join("run.json.partial")).expect("a link");
    let output = stress(&out, SHORT).output().expect("runs");
    assert_eq!(output.status.code(), Some(70), "{output:?}");
    let errors = errors(&output.stderr);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("No space left") && errors[0].contains("run.json"), "{errors:?}");
    let stdout = String::from_utf8(output.stdout).expect("text");
    assert_eq!(json(&stdout[stdout.find('{').expect("JSON")..])["results"][0]["verdict"], "ok");
    let before = fs::read_to_string(out.join("run.json")).expect("still there");
    assert_eq!(before, "what was there before");
    assert!(fs::symlink_metadata(out.join("run.json.partial")).is_err(), "nothing is left over");
}

#[test]
fn a_limit_met_halfway_leaves_no_half_of_a_file() {
    let out = scratch("limit");
    // A file may have one block; the signal for more is ignored, so that writing fails instead.
    let line = "trap '' XFSZ; ulimit -f 1; exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", line, "sh", env!("CARGO_BIN_EXE_stress")]);
    command.args(SHORT.split_whitespace()).arg("--out").arg(&out);
    let output = command.output().expect("runs");
    assert_eq!(output.status.code(), Some(70), "{output:?}");
    assert_eq!(errors(&output.stderr).len(), 1, "{output:?}");
    assert_eq!(fs::read_to_string(out.join("run.json")).expect("reserved"), "");
    assert!(!out.join("run.json.partial").exists());
    let stdout = String::from_utf8(output.stdout).expect("text");
    assert_eq!(json(&stdout[stdout.find('{').expect("JSON")..])["results"][0]["verdict"], "ok");
}

/// Runs briefly, and does something to the command while it runs. Gives the verdict that it saved.
fn run_while(name: &str, meanwhile: impl FnOnce(&mut Child)) -> (Output, Value) {
    let out = scratch(name);
    let mut command = stress(&out, SHORT);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    meanwhile(&mut child);
    let output = child.wait_with_output().expect("ends");
    let saved = json(&fs::read_to_string(out.join("run.json")).expect("written"));
    (output, saved["results"][0]["verdict"].clone())
}

#[test]
fn a_closed_stdout_is_one_error_and_the_file_is_there() {
    let (output, verdict) = run_while("closed", |child| drop(child.stdout.take()));
    assert_eq!(output.status.code(), Some(70), "{output:?}");
    let errors = errors(&output.stderr);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("standard output"), "{errors:?}");
    assert_eq!(verdict, "ok");
}

#[test]
fn a_closed_stderr_harms_nothing() {
    let (output, verdict) = run_while("silent", |child| drop(child.stderr.take()));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(verdict, "ok");
}

#[test]
fn results_say_where_they_come_from() {
    let out = scratch("about");
    let words = "run --strategy TaggedWide --scenario shared-bucket --threads 2 --duration 300ms";
    let output = stress(&out, words).output().expect("runs");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let saved = json(&fs::read_to_string(out.join("run.json")).expect("written"));
    assert_eq!(saved["interrupted"], false);
    let line = saved["command_line"].as_str().expect("text");
    assert!(line.contains("--scenario shared-bucket") && line.contains("--seed "), "{line}");
    let environment = &saved["environment"];
    for field in ["cpu", "os", "target", "rustc", "commit", "opt_level"] {
        assert!(environment[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
    }
    assert!(environment["cores"].as_u64() > Some(0));
    assert_eq!(environment["cmpxchg16b"].is_boolean(), cfg!(target_arch = "x86_64"));

    let row = &saved["results"][0];
    assert!(row["cas_failures"].is_u64());
    assert!(row["again"].as_str().is_some_and(|again| again.contains("--strategy TaggedWide")));
    let memory = row["memory"].as_array().expect("an array");
    assert!(!memory.is_empty() && memory.len() <= stress::memory::Track::MOST);
    let bound = row["bound_blocks"].as_u64();
    for sample in memory {
        assert!(sample["carved_blocks"].as_u64() <= bound, "{sample}");
        assert!(sample["live_blocks"].is_u64(), "all share a count here: {sample}");
    }
}
