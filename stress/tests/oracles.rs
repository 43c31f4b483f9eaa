//! The oracles beside those of blocks: histories and stamps. Each fails when it must.

mod faulty_subject;

use core::alloc::Layout;

use faulty_subject::{CALL, Fault, FaultySubject};
use stampool::StampedPool;
use stress::names::{self, Slot, Table, Way};
use stress::oracle::history::Recorded;
use stress::oracle::violation::{Log, Violation};
use stress::subject::{Handle as _, Subject as _};

/// A handle that holds two blocks at a time, for many calls; what the history says.
fn history(fault: Fault, kept: usize) -> Vec<Violation> {
    let layout = Layout::from_size_align(64, 16).expect("a layout");
    let mut recorded = Recorded::new(FaultySubject::new(layout, fault), kept);
    let mut handle = recorded.attach().expect("no memory needed");
    let mut last = None;
    for _ in 0..CALL + 10 {
        let block = handle.allocate().expect("memory");
        if let Some(last) = last.replace(block) {
            // SAFETY: allocated above, and given back once; the subject frees no memory.
            unsafe { handle.deallocate(last) };
        }
    }
    drop(handle);
    let log = Log::default();
    recorded.check(&log);
    log.into_violations()
}

#[test]
fn a_block_handed_out_twice_shows_in_the_history() {
    assert_eq!(history(Fault::None, 1000), []);
    let found = history(Fault::HandsOutTwice, 1000);
    assert!(matches!(found[..], [Violation::NotLinearizable { .. }]), "{found:?}");
}

#[test]
fn a_short_memory_raises_no_false_alarm() {
    for kept in 1..50 {
        assert_eq!(history(Fault::None, kept), [], "{kept} calls kept");
    }
}

/// Threads over the names of a pool whose stamps have so many bits.
fn stamps(
    bits: u32,
    threads: u16,
    free: fn(&Way<'_>, stampool::Stamped<Slot>) -> bool,
) -> Vec<Violation> {
    let pool = StampedPool::<Slot>::builder().batch(2).build_stamped(Slot::default);
    // SAFETY: no name leads out of the pool, and it outlives all of them.
    let pool = unsafe { pool.expect("builds").narrow_stamps(bits) };
    let log = Log::default();
    let table = Table::new(&pool, free, &log, threads.into(), 2000);
    std::thread::scope(|scope| {
        for index in 0..threads {
            let table = &table;
            scope.spawn(move || table.play(index, 3));
        }
    });
    if log.is_clean() {
        table.settle();
    }
    log.into_violations()
}

#[test]
fn names_of_the_shipped_pool_keep_their_word() {
    for threads in 1..=3 {
        assert_eq!(stamps(63, threads, names::free), []);
    }
}

#[test]
fn a_stamp_that_comes_again() {
    let found = stamps(2, 1, names::free);
    assert!(matches!(found[0], Violation::StampNotAhead { .. }), "{found:?}");
}

#[test]
fn a_stale_name_that_is_accepted() {
    let found = stamps(63, 1, |_, _| true);
    assert!(matches!(found[0], Violation::StaleAccepted { .. }), "{found:?}");
}

#[test]
fn a_current_name_that_is_refused() {
    // Still good for a look.
    let found = stamps(63, 1, |_, _| false);
    assert!(matches!(found[0], Violation::StaleAccepted { use_of_it: "a look", .. }), "{found:?}");
    // Refused at the end alone, which is on a thread with a name.
    let found = stamps(63, 1, |local, name| {
        std::thread::current().name().is_none() && names::free(local, name)
    });
    assert!(matches!(found[..], [Violation::CurrentRefused { .. }]), "{found:?}");
}

#[test]
fn mutants_need_a_steered_build() {
    for words in [&["run", "--mutant", "untagged"][..], &["reproduce", "x.json"], &["steer-check"]]
    {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_stress"))
            .args(words)
            .output()
            .expect("starts");
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains("cargo xtask steered"), "{said}");
    }
}
