//! porf against the enumerator: outcomes, number of executions, and every execution graph.

use porf_tests::run::{Tally, examine, examine_all};
use porf_tests::{Loom, Porf};
use rc11_reference::{
    COUNTS, Change, Program, SHAPES, Size, compare, executions, executions_with, random_program,
    random_ring,
};

/// Compares so many programs of each number of threads.
fn compare_random(programs: u64) {
    for threads in [2, 3, 4] {
        let size = Size::of(threads);
        let (mut tally, mut failures) =
            examine_all::<Porf>(|number| random_program(&size, 1, number), 0..programs);
        let rings = examine_all::<Porf>(|number| random_ring(threads, 1, number), 0..programs);
        tally += rings.0;
        failures.extend(rings.1);
        let texts: Vec<String> = failures.iter().map(ToString::to_string).collect();
        println!("{threads} threads: {tally:?}");
        assert!(texts.is_empty(), "{threads} threads\n{}", texts.join("\n"));
        assert_eq!(tally.programs, 2 * programs);
        assert!(tally.executions > 2 * programs, "the programs are too small: {tally:?}");
    }
}

#[test]
fn random_programs_have_the_same_graphs() {
    compare_random(100);
}

#[test]
#[ignore = "takes minutes"]
fn many_random_programs_have_the_same_graphs() {
    compare_random(3_500);
}

#[test]
fn litmus_tests_have_the_same_graphs() {
    let shapes = SHAPES.iter().map(|shape| (shape.name, shape.program()));
    // What the enumerator does in seconds is for `genmc.rs`.
    let counts = COUNTS.iter().filter(|count| count.graphs < 100);
    for (name, program) in shapes.chain(counts.map(|count| (count.name, count.program()))) {
        if let Some(failure) = examine::<Porf>(0, &program).1 {
            panic!("{name}: {failure}");
        }
    }
}

/// Otherwise porf might not be compared at all.
#[test]
fn a_fault_of_the_enumerator_is_seen() {
    for change in Change::ALL {
        let differs = |program: &Program| {
            !compare::<Porf>(program, &executions_with(program, Some(*change))).0.is_none()
        };
        assert!(SHAPES.iter().any(|shape| differs(&shape.program())), "{change:?}");
    }
}

/// loom misses outcomes of C11, and has others that C11 forbids.
#[test]
fn differences_of_loom_are_found() {
    // An exchange that fails may read an old value.
    let text = "x=1.rlx y=1.rlx | y.rlx x?7:8.rlx/rlx";
    let program: Program = text.parse().expect("it is correct");
    let (difference, _) = compare::<Loom>(&program, &executions(&program));
    assert!(!difference.missing_outcomes.is_empty(), "{difference}");
    let program: Program = "x=1.sc y.sc | y=1.sc x.sc".parse().expect("it is correct");
    let (difference, _) = compare::<Loom>(&program, &executions(&program));
    assert!(!difference.extra_outcomes.is_empty(), "{difference}");
}

#[test]
fn a_difference_is_reduced() {
    let text = "z.acq x=1.sc y.sc [0]z=1.sc | y=1.sc F.ar x.sc z.rlx";
    let program: Program = text.parse().expect("it is correct");
    let (tally, failure) = examine::<Loom>(0, &program);
    assert_eq!(tally, Tally { failing: 1, ..tally });
    let smallest = failure.expect("loom treats SeqCst as AcqRel").smallest;
    assert_eq!(smallest.to_string(), "x=1.sc y.sc | y=1.sc x.sc");
}
