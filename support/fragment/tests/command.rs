//! The command on a small trace.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use stress::replay::Draft;

/// A folder of this test's own, with a trace in it: blocks of many sizes, of which every third stays.
fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fragment").join(name);
    fs::create_dir_all(&folder).expect("a folder for the test");
    let mut draft = Draft::default();
    let mut object = 0;
    for round in 0..300_u32 {
        let last = object;
        object = draft.allocate(0, 8 + round * 37 % 900, 4, 1).expect("room");
        if round % 3 != 0 {
            draft.free(0, last, 1).expect("room");
        }
    }
    fs::write(folder.join("small.stpt.zst"), draft.to_file()).expect("ours");
    folder
}

fn fragment(folder: &PathBuf, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fragment"))
        .current_dir(folder)
        .args(["small.stpt.zst", "--rounds", "1", "--out", "."])
        .args(words)
        .output()
        .expect("runs")
}

#[test]
fn a_table_a_verdict_a_file_and_a_page() {
    let folder = scratch("page");
    // Those for which there is no bar, because a bar is for the traces of programs.
    let only = "Linear,Stack,talc,rlsf,dlmalloc,offset-allocator,linked_list_allocator";
    let output = fragment(&folder, &["--no-instructions", "--map", "--only", only]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{text}");
    let last = text.lines().last().expect("a verdict");
    assert!(last.contains("all contents as they were written; 0 bars kept, 0 missed"), "{last}");
    let json = fs::read(folder.join("fragment.json")).expect("written");
    let report: Value = serde_json::from_slice(&json).expect("JSON");
    let rows = report["rows"].as_array().expect("rows");
    for row in rows {
        let (subject, heap) = (&row["subject"], row["heap"].as_f64());
        // dlmalloc asks for 64 KiB at once.
        assert!(heap.is_some_and(|heap| (1.0..80.0).contains(&heap)), "{subject}: {heap:?}");
        assert!(row["instructions_per_event"].is_null(), "{subject}: not measured");
        assert!(text.contains(subject.as_str().expect("a name")), "{text}");
    }
    let html = fs::read_to_string(folder.join("fragment.html")).expect("written");
    assert_eq!(html.matches("darker is more of it live").count(), rows.len());
    for word in ["<script", "NaN", "inf "] {
        assert!(!html.contains(word), "{word}");
    }
}

#[test]
fn instructions_are_counted_where_that_can_be() {
    let folder = scratch("instructions");
    let output = fragment(&folder, &["--only", "Linear,talc"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json = fs::read(folder.join("fragment.json")).expect("written");
    let report: Value = serde_json::from_slice(&json).expect("JSON");
    if report["counted_by"].is_null() {
        skips::skip("fragment", "there is neither a counter nor valgrind");
        return;
    }
    let count = |row: usize| report["rows"][row]["instructions_per_event"].as_f64();
    let (Some(linear), Some(talc)) = (count(0), count(1)) else { panic!("{report}") };
    assert!(linear > 0.0 && talc > linear, "Linear {linear}, talc {talc}");
}

#[test]
fn what_there_is_not_is_refused() {
    let folder = scratch("refused");
    for words in [&["--only", "malloc"][..], &["absent.stpt.zst"][..]] {
        assert!(!fragment(&folder, words).status.success(), "{words:?}");
    }
}
