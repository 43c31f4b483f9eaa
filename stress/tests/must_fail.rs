//! Each oracle fails when it must: the harness on a subject that does one thing wrong.

mod faulty_subject;

use core::alloc::Layout;
use core::time::Duration;

use faulty_subject::{BATCH, CALL, Fault, FaultySubject};
use stress::observer::Stall;
use stress::oracle::books;
use stress::oracle::violation::{Log, Violation};
use stress::replay::{self, Trace};
use stress::run::{self, Budget, Outcome, Plan};
use stress::scenario::Scenario;
use stress::subject::{Handle as _, Subject as _};

fn layout() -> Layout {
    Layout::from_size_align(64, 16).expect("a layout")
}

fn outcome(fault: Fault, scenario: Scenario, threads: usize) -> Outcome {
    stalled(fault, scenario, threads, None)
}

fn stalled(fault: Fault, scenario: Scenario, threads: usize, stall: Option<Stall>) -> Outcome {
    let budget = Budget::Ops(20_000);
    let plan = Plan { stall, ..Plan::new(scenario, threads, budget, 11) };
    let capacity = plan.max_carved_blocks(BATCH);
    run::run(FaultySubject::limited(layout(), fault, capacity), &plan).expect("threads")
}

/// What is found first in a scenario that holds several blocks at once.
fn found(fault: Fault) -> Violation {
    let violations = outcome(fault, Scenario::OwnRandom, 1).violations;
    violations.into_iter().next().unwrap_or_else(|| panic!("{fault:?} was not found"))
}

#[test]
fn a_correct_subject_passes_everything() {
    for scenario in Scenario::ALL {
        for threads in scenario.min_threads()..=3 {
            for stall in
                [None, Some(Stall::Forever), Some(Stall::Spells(Duration::from_micros(100)))]
            {
                let outcome = stalled(Fault::None, scenario, threads, stall);
                assert_eq!(outcome.violations, [], "{} {stall:?}", scenario.name());
                assert!(outcome.ops >= 20_000);
                assert!(outcome.carved_blocks <= outcome.bound_blocks);
                assert_eq!(outcome.peak_limbo_magazines, 8);
            }
        }
    }
}

#[test]
fn a_block_handed_out_twice() {
    assert!(matches!(found(Fault::HandsOutTwice), Violation::HandedOutTwice { .. }));
}

#[test]
fn a_lost_block() {
    assert!(matches!(found(Fault::Loses), Violation::Unbalanced { live: 0, .. }));
}

#[test]
fn a_lost_block_that_the_census_still_counts() {
    assert!(matches!(found(Fault::LosesAndLies), Violation::Unreachable { .. }));
}

#[test]
fn overlapping_blocks() {
    let violation = found(Fault::Overlaps);
    assert!(matches!(violation, Violation::Overwritten { .. }), "{violation}");
}

#[test]
fn overlapping_blocks_that_nobody_wrote_to() {
    let subject = FaultySubject::new(layout(), Fault::Overlaps);
    let mut handle = subject.attach().expect("a handle");
    // The last but one begins late, into the last.
    let blocks: Vec<_> = (0..=CALL).map(|_| handle.allocate().expect("a block")).collect();
    for block in blocks {
        // SAFETY: allocated above and given back once.
        unsafe { handle.deallocate(block) };
    }
    let log = Log::default();
    books::drain(&subject, &log);
    assert!(matches!(log.into_violations()[..], [Violation::Overlap { size: 64, .. }]));
}

#[test]
fn too_much_carved() {
    let violation = found(Fault::CarvesTooMuch);
    assert!(
        matches!(violation, Violation::OverBound { .. } | Violation::TooManyBlocks { .. }),
        "{violation}"
    );
}

#[test]
fn a_scribble_into_a_live_block() {
    let violation = found(Fault::Scribbles);
    assert!(matches!(violation, Violation::Overwritten { offset: 63, .. }), "{violation}");
}

#[test]
fn a_misaligned_block() {
    assert!(matches!(found(Fault::Misaligns), Violation::Misaligned { align: 16, .. }));
}

#[test]
fn more_magazines_in_limbo_than_may_be() {
    for stall in [None, Some(Stall::Forever)] {
        let seen = stalled(Fault::OverfillsLimbo, Scenario::OwnRandom, 2, stall);
        let over = Violation::OverfullLimbo { limbo_magazines: 108, limbo_limit: 8 };
        assert_eq!(seen.violations, [over], "seen while it lasted");
        assert_eq!(seen.peak_limbo_magazines, 108);
        let left = stalled(Fault::LeavesOneTooMany, Scenario::OwnRandom, 2, stall);
        let over = Violation::OverfullLimbo { limbo_magazines: 9, limbo_limit: 8 };
        assert_eq!(left.violations, [over], "with nobody at work one is too many");
    }
}

#[test]
fn magazines_that_nothing_accounts_for() {
    assert!(matches!(found(Fault::MakesAMagazineTooMany), Violation::OddMagazines { .. }));
    assert!(matches!(found(Fault::MakesAMagazineTooFew), Violation::OddMagazines { .. }));
}

#[test]
fn a_stall_does_not_hide_what_is_found_without() {
    for fault in [Fault::HandsOutTwice, Fault::Loses, Fault::LosesAndLies] {
        let found = stalled(fault, Scenario::SharedBucket, 2, Some(Stall::Forever)).violations;
        assert!(!found.is_empty(), "{fault:?}");
    }
    for fault in [Fault::Panics, Fault::PanicsAtAttach] {
        let found = stalled(fault, Scenario::Churn, 2, Some(Stall::Forever)).violations;
        assert!(
            found.iter().any(|violation| matches!(violation, Violation::Panicked { .. })),
            "{fault:?}"
        );
    }
}

#[test]
fn an_allocation_refused_without_a_limit() {
    assert!(matches!(found(Fault::Refuses), Violation::Refused { .. }));
}

#[test]
fn a_panic_in_the_pool_is_a_violation_and_ends_the_run() {
    for scenario in [Scenario::OwnRandom, Scenario::Pipeline, Scenario::Churn] {
        let violations = outcome(Fault::Panics, scenario, 2).violations;
        assert!(matches!(violations[..], [Violation::Panicked { .. }, ..]), "{violations:?}");
    }
}

#[test]
fn every_scenario_finds_fault() {
    for scenario in Scenario::ALL {
        let mut faults = vec![Fault::Loses, Fault::LosesAndLies, Fault::Panics, Fault::Misaligns];
        // Where each thread has one block at most, there may be no other that is live.
        if scenario != Scenario::OneBlock {
            faults.push(Fault::HandsOutTwice);
        }
        for fault in faults {
            let found = outcome(fault, scenario, 2).violations;
            assert!(!found.is_empty(), "{fault:?} in {}", scenario.name());
        }
    }
}

#[test]
fn more_blocks_than_the_capacity() {
    let found = outcome(Fault::ExceedsCapacity, Scenario::Exhaustion, 2).violations;
    assert!(matches!(found[..], [Violation::OverCapacity { .. }, ..]), "{found:?}");
}

#[test]
fn a_refusal_below_the_capacity() {
    let found = outcome(Fault::RefusesEarly, Scenario::Exhaustion, 2).violations;
    assert!(matches!(found[..], [Violation::RefusedBelowCapacity { .. }, ..]), "{found:?}");
}

#[test]
fn room_that_does_not_come_back() {
    let subject = FaultySubject::limited(layout(), Fault::Loses, Some(CALL));
    let mut handle = subject.attach().expect("a handle");
    for _ in 0..CALL {
        let block = handle.allocate().expect("a block");
        // SAFETY: allocated above and given back once.
        unsafe { handle.deallocate(block) };
    }
    let log = Log::default();
    books::full_capacity(&subject, CALL, &log);
    let lost = Violation::RoomLost { allocated: CALL - 1, capacity: CALL };
    assert_eq!(log.into_violations(), [lost]);
}

#[test]
fn refusals_at_the_capacity_are_counted_and_no_violations() {
    for threads in [1, 3] {
        let outcome = outcome(Fault::None, Scenario::Exhaustion, threads);
        assert_eq!(outcome.violations, []);
        assert!(outcome.refusals > 0, "more is wanted than there may be");
        assert!(Some(outcome.carved_blocks) <= outcome.max_carved_blocks);
    }
}

#[test]
fn a_replay_finds_them_too() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/traces/sqlite.stpt.zst");
    let trace = Trace::open(path.as_ref()).expect("the recording");
    let round = |fault| {
        replay::round_on_pools(&trace, |layout| Ok(FaultySubject::new(layout, fault)), true)
            .expect("subjects and threads")
            .violations
    };
    assert_eq!(round(Fault::None), []);
    for fault in [
        Fault::HandsOutTwice,
        Fault::Loses,
        Fault::LosesAndLies,
        Fault::Scribbles,
        Fault::Refuses,
        Fault::Panics,
        Fault::PanicsAtAttach,
    ] {
        assert!(!round(fault).is_empty(), "{fault:?}");
    }
}
