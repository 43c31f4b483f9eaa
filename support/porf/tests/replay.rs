//! An execution alone, and a picture of one. One test, because it sets variables of the
//! environment.

use std::sync::{Arc, Mutex};

use porf::model::{Builder, Limit, Stops, Verdict, replay_line};
use porf::sync::atomic::AtomicUsize;
use porf::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use porf::sync::{Arc as Counted, Mutex as Lock};
use porf::thread;

/// The outcome of each execution, and its line.
type Seen = Arc<Mutex<Vec<(Vec<usize>, String)>>>;

fn explore(seen: &Seen) -> Verdict {
    let seen = Arc::clone(seen);
    let mut builder = Builder::new();
    builder.spurious_failures = true;
    let report = builder.explore(move || {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0), Lock::new(Vec::new())));
        let other = Arc::clone(&shared);
        let handle = thread::spawn(move || {
            other.0.store(1, Relaxed);
            other.1.store(1, Release);
            other.2.lock().unwrap().push(1);
            other.0.fetch_add(2, AcqRel)
        });
        let mut outcome = vec![shared.1.swap(2, Acquire), shared.0.load(Relaxed)];
        let weak = shared.0.compare_exchange_weak(0, 5, Relaxed, Relaxed);
        outcome.extend([usize::from(weak.is_ok()), weak.unwrap_or_else(|found| found)]);
        shared.2.lock().unwrap().push(0);
        outcome.push(handle.join().unwrap());
        outcome.extend(shared.2.lock().unwrap().iter());
        outcome.extend([shared.0.load(Relaxed), shared.1.load(Relaxed)]);
        seen.lock().unwrap().push((outcome, replay_line()));
    });
    report.verdict
}

#[test]
fn each_execution_can_be_run_alone() {
    let all = Seen::default();
    assert_eq!(explore(&all), Verdict::Exhausted);
    let all = all.lock().unwrap().clone();
    // Four in which the swap reads 1, and eleven in which it reads 0.
    assert_eq!(all.len(), 15);
    for execution in all {
        // SAFETY: this process has one test, so no other thread uses the environment.
        unsafe { std::env::set_var("PORF_REPLAY", &execution.1) };
        let again = Seen::default();
        assert_eq!(explore(&again), Verdict::NotFinished(Limit::Replayed));
        assert_eq!(*again.lock().unwrap(), [execution]);
    }
    // SAFETY: as above.
    unsafe { std::env::remove_var("PORF_REPLAY") };
    draws_a_failure();
    stops_a_thread_again();
    knows_what_an_exploration_that_began_anew_knew();
}

fn draws_a_failure() {
    let folder = std::env::temp_dir().join(format!("porf-svg-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    // SAFETY: as above.
    unsafe { std::env::set_var("PORF_SVG", &folder) };
    let failed = std::panic::catch_unwind(|| {
        porf::model(|| {
            let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
            let other = Arc::clone(&shared);
            let handle = thread::spawn(move || {
                other.0.store(5, Relaxed);
                other.0.store(7, Relaxed);
                other.1.store(1, Relaxed);
            });
            if shared.1.load(Acquire) == 1 {
                assert_eq!(shared.0.load(Relaxed), 7, "the flag <came> first");
            }
            handle.join().unwrap();
        });
    });
    assert!(failed.is_err());
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap()).collect();
    assert_eq!(files.len(), 1);
    let svg = std::fs::read_to_string(files[0].path()).unwrap();
    let parts =
        ["thread 1", "reads ", ">rf</text>", ">co</text>", ">fr</text>", "made at replay.rs:"];
    for part in parts.into_iter().chain(["fails of thread 0", "the flag &lt;came&gt; first"]) {
        assert!(svg.contains(part), "no {part}: {svg}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
    // SAFETY: as above.
    unsafe { std::env::remove_var("PORF_SVG") };
}

/// A lock whose holder is stopped: the line of the failure leads to the same failure.
fn stops_a_thread_again() {
    let fails = || {
        let failed = std::panic::catch_unwind(|| {
            let mut builder = Builder::new();
            builder.stops = Stops::Anyone;
            builder.check(|| {
                let lock = Arc::new(Lock::new(0));
                let other = Arc::clone(&lock);
                thread::spawn(move || *other.lock().unwrap() += 1);
                *lock.lock().unwrap() += 1;
            });
        });
        failed.unwrap_err().downcast_ref::<String>().unwrap().clone()
    };
    let first = fails();
    assert!(first.contains("thread 1 is stopped for ever"), "{first}");
    // Thread 1 took the lock first, and is stopped behind its entry, the events 1.1 and 1.2.
    let entry = "0.3<1.2,1.1<0.1;0.1>1.2>0.4;1.3";
    // SAFETY: as above.
    unsafe { std::env::set_var("PORF_REPLAY", entry) };
    assert_eq!(fails(), first);
    // SAFETY: as above.
    unsafe { std::env::remove_var("PORF_REPLAY") };
}

/// A loop that is unrolled, and references that are counted: both are found out in the first run.
fn knows_what_an_exploration_that_began_anew_knew() {
    let seen: Seen = Seen::default();
    let explore = |seen: &Seen| {
        let seen = Arc::clone(seen);
        let report = Builder::new().explore(move || {
            let flag = Counted::new(AtomicUsize::new(0));
            let other = Counted::clone(&flag);
            let handle = thread::spawn(move || other.store(1, Relaxed));
            let mut turns = 0;
            while turns < 2 && flag.load(Relaxed) == 0 {
                turns += 1;
                thread::yield_now();
            }
            let counted = Counted::strong_count(&flag);
            handle.join().unwrap();
            seen.lock().unwrap().push((vec![turns, counted], replay_line()));
        });
        report.verdict
    };
    assert_eq!(explore(&seen), Verdict::Exhausted);
    let all: Vec<_> = seen.lock().unwrap().clone();
    let last = all.last().unwrap().clone();
    assert!(last.1.matches("replay.rs").count() == 2, "{}", last.1);
    // SAFETY: as above.
    unsafe { std::env::set_var("PORF_REPLAY", &last.1) };
    let again = Seen::default();
    assert_eq!(explore(&again), Verdict::NotFinished(Limit::Replayed));
    assert_eq!(*again.lock().unwrap(), [last]);
    // SAFETY: as above.
    unsafe { std::env::remove_var("PORF_REPLAY") };
}
