//! `record` on real programs, and on specimens of which it is known what they allocate. What was
//! recorded is replayed under every strategy.
//!
//! A specimen is this test program itself, told by a variable what to do: see [`specimen`].
#![cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]

#[path = "record/real.rs"]
mod real;
#[path = "record/specimens.rs"]
mod specimens;

use core::time::Duration;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Instant;

use stress::replay::{Event, Trace};
use stress::strategies::STRATEGIES;
use tempfile::TempDir;

use specimens::{SPECIMEN, Specimen};

/// Longer than any of this takes: a deadlock is a failure, not a test that hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A recording under way.
struct Recording {
    child: Child,
    folder: TempDir,
}

/// What came of it.
struct Recorded {
    status: ExitStatus,
    /// What was said on standard error.
    said: String,
    folder: TempDir,
}

/// Begins to record `program`, with settings for its environment.
fn begin(options: &[&str], settings: &[(&str, &str)], program: &[&str]) -> Recording {
    let folder = tempfile::tempdir().expect("a folder");
    let said = File::create(folder.path().join("said")).expect("a file");
    let child = Command::new(env!("CARGO_BIN_EXE_stress"))
        .args(["record", "-o"])
        .arg(folder.path().join("trace.stpt.zst"))
        .args(options)
        .arg("--")
        .args(program)
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said)
        .spawn()
        .expect("the binary under test");
    Recording { child, folder }
}

impl Recording {
    fn end(mut self) -> Recorded {
        let limit = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("our child") {
                break status;
            }
            if Instant::now() > limit {
                self.child.kill().expect("our child");
                panic!("still not done: {:?}", self.said());
            }
            thread::sleep(Duration::from_millis(5));
        };
        Recorded { status, said: self.said(), folder: self.folder }
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("said")).expect("ours")
    }
}

impl Recorded {
    fn file(&self) -> PathBuf {
        self.folder.path().join("trace.stpt.zst")
    }

    /// The trace, after it was replayed: nothing lost, nothing twice, the bound kept.
    fn replayed(&self) -> Trace {
        let trace = Trace::open(&self.file()).unwrap_or_else(|e| panic!("{e}: {}", self.said));
        for entry in &STRATEGIES {
            let round = (entry.replay)(&trace, 64, true).expect("pools and threads");
            assert_eq!(round.violations, [], "{}", entry.name);
            assert!(!round.classes.is_empty(), "pools were used");
            for class in &round.classes {
                let limit = class.limit.expect("a checked round");
                assert!(class.carved_blocks <= limit.bound_blocks, "{} {class:?}", entry.name);
            }
        }
        trace
    }

    /// It ended with this code, and nothing went by unseen.
    fn ended(&self, code: i32) -> &Self {
        assert_eq!(self.status.code(), Some(code), "{}", self.said);
        assert!(!self.said.contains("not seen"), "{}", self.said);
        self
    }
}

fn record(options: &[&str], settings: &[(&str, &str)], program: &[&str]) -> Recorded {
    begin(options, settings, program).end()
}

/// Records a specimen.
fn specimen(options: &[&str], which: Specimen) -> Recorded {
    let program = std::env::current_exe().expect("this program");
    let program = program.to_str().expect("text");
    // What one thread frees is the next thread's at once: one arena, no thread keeps anything, and
    // what is large is mapped.
    let shared =
        "glibc.malloc.arena_max=1:glibc.malloc.tcache_count=0:glibc.malloc.mmap_threshold=131072";
    let settings = [(SPECIMEN, which.name()), ("GLIBC_TUNABLES", shared)];
    record(options, &settings, &[program, "specimens::specimen", "--exact"])
}

/// The allocations of so many bytes, or their frees, with their threads.
fn of_size(trace: &Trace, size: usize, allocates: bool) -> Vec<(usize, Event)> {
    let threads = trace.threads.iter().enumerate();
    threads
        .flat_map(|(thread, events)| events.iter().map(move |event| (thread, *event)))
        .filter(|(_, event)| event.allocates == allocates)
        .filter(|(_, event)| event.shape.layout().size() == size)
        .collect()
}

#[test]
fn each_function_is_recorded() {
    let trace = specimen(&[], Specimen::Calls).ended(0).replayed();
    let one = |size, allocates| match of_size(&trace, size, allocates)[..] {
        [(thread, event)] => (thread, event),
        ref others => panic!("{size} bytes: {others:?}"),
    };
    for size in specimens::SIZES {
        let (_, event) = one(size, true);
        let align = specimens::align_of(size);
        assert_eq!(event.shape.layout().align(), align, "{size} bytes");
    }
    for size in &specimens::SIZES[..specimens::SIZES.len() - 1] {
        one(*size, false);
    }
    let kept = specimens::KEPT;
    assert_eq!(of_size(&trace, kept, false).len(), 0, "its reallocation failed: still live");
    let (freed_by, event) = one(specimens::MOVED, false);
    assert_ne!(freed_by, usize::from(event.allocator), "freed by another thread");
}

#[test]
fn threads_that_use_each_others_addresses_again_are_in_order() {
    let recorded = specimen(&[], Specimen::Threads);
    let trace = recorded.ended(0).replayed();
    let (allocated, freed) =
        (of_size(&trace, specimens::SIZE, true), of_size(&trace, specimens::SIZE, false));
    assert_eq!(allocated.len(), specimens::THREADS * specimens::EACH);
    assert_eq!(freed.len(), allocated.len(), "all of them are freed");
    let threads: BTreeSet<_> = allocated.iter().map(|(thread, _)| thread).collect();
    assert_eq!(threads.len(), specimens::THREADS, "they were all there at once");
    let strangers = freed.iter().filter(|(thread, event)| *thread != usize::from(event.allocator));
    assert!(strangers.count() > 0, "blocks went round");
}

#[test]
fn an_address_that_other_threads_have_again_at_once_is_in_order() {
    let trace = specimen(&[], Specimen::Reuse).ended(0).replayed();
    let calls = 2 * specimens::THREADS * specimens::OFTEN;
    assert!(trace.records > u64::try_from(calls).expect("few"), "{} records", trace.records);
}

#[test]
fn what_a_signal_ends_is_recorded_up_to_there() {
    for (which, signal) in [(Specimen::Kill, libc::SIGKILL), (Specimen::Abort, libc::SIGABRT)] {
        let recorded = specimen(&[], which);
        let trace = recorded.ended(128 + signal).replayed();
        assert!(recorded.said.contains("ended with signal"), "{}", recorded.said);
        assert_eq!(of_size(&trace, specimens::SIZE, true).len(), specimens::EACH);
        assert_eq!(of_size(&trace, specimens::SIZE, false).len(), 0);
    }
}

#[test]
fn children_are_not_recorded() {
    let trace = specimen(&[], Specimen::Fork).ended(0).replayed();
    assert_eq!(of_size(&trace, specimens::SIZE, true).len(), 2, "before the fork, and after");
    assert_eq!(of_size(&trace, specimens::SIZE, false).len(), 1);
    assert_eq!(of_size(&trace, specimens::OF_CHILD, true).len(), 0, "the fork's");
    assert_eq!(of_size(&trace, specimens::KEPT, true).len(), 0, "the executed child's");
}

#[test]
fn a_wrapper_gives_way_to_what_it_executes() {
    // Less room than both need.
    let room = (specimens::EACH * 5 / 4).to_string();
    let recorded = specimen(&["--max-records", &room], Specimen::Wrap);
    let trace = recorded.ended(0).replayed();
    assert!(!recorded.said.contains("full"), "{}", recorded.said);
    assert_eq!(of_size(&trace, specimens::SIZE, true).len(), 0, "the wrapper's own");
    assert_eq!(of_size(&trace, specimens::KEPT, true).len(), 1);
}

#[test]
fn a_script_gives_way_to_what_it_executes() {
    let program = std::env::current_exe().expect("this program");
    let script = format!("exec {} specimens::specimen --exact", program.display());
    let settings = [(SPECIMEN, Specimen::Calls.name())];
    let trace = record(&[], &settings, &["sh", "-c", &script]).ended(0).replayed();
    assert_eq!(of_size(&trace, specimens::KEPT, true).len(), 1);
}

#[test]
fn a_full_log_ends_the_recording_and_not_the_program() {
    let recorded = specimen(&["--max-records", "2000"], Specimen::Threads);
    let trace = recorded.ended(0).replayed();
    assert!(recorded.said.contains("the log was full after 2000 calls"), "{}", recorded.said);
    assert!(trace.records <= 2000 && trace.records > 1000, "{} records", trace.records);
}

#[test]
fn how_the_program_ends_is_passed_on() {
    let recorded = record(&[], &[], &["sh", "-c", "exit 7"]);
    recorded.ended(7).replayed();
    assert!(recorded.said.contains("exit status: 7"), "{}", recorded.said);
}

/// A program that goes on at an interrupt, and ends with 9 when it is asked to.
const STUBBORN: &str =
    "trap : INT; trap 'exit 9' TERM; : > \"$READY\"; while :; do sleep 0.01; done";

#[test]
fn the_program_decides_when_interrupts_end_a_recording() {
    let folder = tempfile::tempdir().expect("a folder");
    let ready = folder.path().join("ready");
    let settings = [("READY", ready.to_str().expect("text"))];
    let recording = begin(&[], &settings, &["sh", "-c", STUBBORN]);
    let limit = Instant::now() + PATIENCE;
    while !ready.exists() && Instant::now() < limit {
        thread::sleep(Duration::from_millis(5));
    }
    for signal in ["INT", "INT", "TERM"] {
        let words = format!("kill -{signal} {}", recording.child.id());
        let sent = Command::new("sh").args(["-c", &words]).status().expect("a shell");
        assert!(sent.success(), "still there at {signal}");
        // Signals of one kind that come at once are one.
        thread::sleep(Duration::from_millis(50));
    }
    recording.end().ended(9).replayed();
}

#[test]
fn a_link_to_a_trace_stays_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, link) = (folder.path().join("trace"), folder.path().join("link"));
    fs::write(&file, "from before").expect("ours");
    std::os::unix::fs::symlink(&file, &link).expect("ours");
    let output = Command::new(env!("CARGO_BIN_EXE_stress"))
        .args(["record", "-o"])
        .arg(&link)
        .args(["--", "sh", "-c", ":"])
        .output()
        .expect("the binary under test");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(link.is_symlink(), "the link was replaced");
    assert!(Trace::open(&file).expect("a trace").records > 0);
}

/// It ended so, with one line, and left no file.
fn refused(recorded: &Recorded, code: i32, says: &str) {
    recorded.ended(code);
    assert_eq!(recorded.said.lines().count(), 1, "{}", recorded.said);
    assert!(recorded.said.contains(says), "{}", recorded.said);
    let left: Vec<_> = fs::read_dir(recorded.folder.path()).expect("ours").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn what_cannot_be_recorded_is_said_in_one_line() {
    refused(&record(&[], &[], &["no-such-program"]), 1, "no-such-program: No such file");
    refused(&record(&[], &[], &["/"]), 1, "/: Permission denied");
    // Debian's is linked statically, so that it runs while libraries are being replaced.
    let fixed = "/sbin/ldconfig";
    if Path::new(fixed).exists() {
        refused(&record(&[], &[], &[fixed, "--version"]), 4, "did not load the recorder");
    } else {
        skips::skip(fixed, "there is none");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_known_before_the_program_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran = folder.path().join("ran");
    let output = Command::new(env!("CARGO_BIN_EXE_stress"))
        .args(["record", "-o", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml/x"), "--", "touch"])
        .arg(&ran)
        .output()
        .expect("the binary under test");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Cargo.toml/x: "), "{output:?}");
    assert!(!ran.exists(), "it ran");
}
