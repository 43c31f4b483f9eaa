//! A run that hangs is seen, and said where.

mod faulty_subject;

use core::alloc::Layout;
use core::sync::atomic::Ordering::Relaxed;
use core::time::Duration;
use std::env;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use faulty_subject::{BATCH, CALL, Fault, FaultySubject};
use stress::board::Phase;
use stress::cli::Format;
use stress::environment::About;
use stress::job;
use stress::report::{FORMAT, HangRow, Report};
use stress::run::{self, Budget, Plan};
use stress::scenario::Scenario;
use stress::watchdog::{Bark, Watchdog, Why};

/// Set in the process that is to hang, to the folder for its report.
const CHILD: &str = "STRESS_TEST_HANGS_IN";

/// Long enough that a busy machine is not taken for a hang before there is one.
const AFTER: Duration = Duration::from_secs(3);

fn faulty(fault: Fault) -> FaultySubject {
    FaultySubject::new(Layout::from_size_align(64, 16).expect("a layout"), fault)
}

fn plan(scenario: Scenario, after: Duration, bark: Arc<Bark>) -> Plan {
    let watchdog = Some(Watchdog { after, bark });
    Plan { watchdog, ..Plan::new(scenario, 2, Budget::Ops(20_000), 3) }
}

#[test]
fn who_hangs_is_named_with_what_it_is_at() {
    let subject = faulty(Fault::Hangs);
    let goes_on = subject.goes_on();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let bark = Arc::new(move |hang: &_| {
        told.lock().expect("not poisoned").push(Clone::clone(hang));
        goes_on.store(true, Relaxed);
    });
    let plan = plan(Scenario::OwnRandom, AFTER, bark);
    let outcome = run::run(subject, &plan).expect("threads");
    assert_eq!(outcome.violations, [], "once it goes on, all is well");
    let hangs = seen.lock().expect("not poisoned");
    let [hang] = &hangs[..] else { panic!("one hang: {hangs:?}") };
    assert!(matches!(hang.why, Why::NoProgress(time) if time >= AFTER));
    // One is in the call that does not come back. The other waits for the subject's lock, in either
    // call, unless it was not begun.
    let phases: Vec<_> = hang.threads.iter().map(|stuck| (stuck.lane, stuck.place.phase)).collect();
    assert_eq!((phases.len(), phases[2]), (3, (None, Phase::Joining)), "{hang}");
    assert!(phases[..2].iter().any(|(_, phase)| *phase == Phase::Allocating), "{hang}");
    let ops: u64 = hang.threads.iter().map(|stuck| stuck.place.ops).sum();
    assert!(ops + 1 >= CALL as u64 && ops < 20_000, "{hang}");
    assert_eq!(BATCH, 4);
}

#[test]
fn a_run_that_moves_is_left_alone() {
    for scenario in Scenario::ALL {
        let bark = Arc::new(|hang: &stress::watchdog::Hang| {
            // A panic would wait for the threads that hang.
            eprintln!("no hang: {hang}");
            std::process::exit(1);
        });
        let plan = plan(scenario, Duration::from_secs(60), bark);
        let capacity = plan.max_carved_blocks(BATCH);
        let layout = Layout::from_size_align(64, 16).expect("a layout");
        let outcome = run::run(FaultySubject::limited(layout, Fault::None, capacity), &plan);
        assert_eq!(outcome.expect("threads").violations, [], "{}", scenario.name());
    }
}

/// Not a test of its own: what [`a_hang_ends_the_process_with_3_and_a_report`] runs.
#[test]
fn hang_if_told_to() {
    let Some(folder) = env::var_os(CHILD) else { return };
    let report = Mutex::new(Report {
        format: FORMAT,
        command: "run",
        about: About::this(Some(1)),
        seed: Some(3),
        results: Vec::new(),
        classes: Vec::new(),
        violations: Vec::new(),
        hang: None,
    });
    let file = Path::new(&folder).join("run.json");
    let bark = Arc::new(move |hang: &stress::watchdog::Hang| {
        let row = HangRow {
            strategy: "FaultySubject".into(),
            scenario: "churn".into(),
            threads: 2,
            what: hang.to_string(),
            again: "again".into(),
        };
        job::end_process(&report, row, Format::Text, &file)
    });
    let plan = plan(Scenario::Churn, AFTER, bark);
    let outcome = run::run(faulty(Fault::Hangs), &plan);
    unreachable!("it hangs: {outcome:?}");
}

#[test]
fn a_hang_ends_the_process_with_3_and_a_report() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hang");
    std::fs::create_dir_all(&folder).expect("a folder");
    let output = Command::new(env::current_exe().expect("this test"))
        .args(["--exact", "hang_if_told_to", "--nocapture"])
        .env(CHILD, &folder)
        .output()
        .expect("runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    for said in ["no operation was done for", "lane 0: ", "lane 1: ", "allocating", "again: again"]
    {
        assert!(stderr.contains(said), "{said}: {stderr}");
    }
    let text = std::fs::read_to_string(folder.join("run.json")).expect("written");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["hang"]["strategy"], "FaultySubject");
    assert!(json["hang"]["what"].as_str().is_some_and(|what| what.contains("lane 0: ")));
}
