//! The enumerator against published verdicts and counts, and faults of the model against both.

use rc11_reference::{COUNTS, Change, Count, SHAPES, effort, executions, executions_with};

#[test]
fn every_verdict_is_rc11s() {
    let wrong: Vec<_> = SHAPES
        .iter()
        .filter(|shape| shape.judge(&executions(&shape.program())) != shape.verdict)
        .map(|shape| format!("{}: not {:?}", shape.name, shape.verdict))
        .collect();
    println!("{} verdicts", SHAPES.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The counts of which the enumerator looks at more candidates than a test should.
const SLOW: u64 = 1_000_000;

fn check_counts(slow: bool) {
    let (mut wrong, mut counted) = (Vec::new(), 0);
    let is_slow = |count: &Count| effort(&count.program(), 100_000).is_none_or(|e| e > SLOW);
    for count in COUNTS.iter().filter(|count| is_slow(count) == slow) {
        counted += 1;
        let found = executions(&count.program()).graphs.len();
        let genmc = executions_with(&count.program(), Some(Change::ScAroundAny)).graphs.len();
        if (found, genmc) != (count.graphs, count.genmc) {
            wrong.push(format!("{}: {found}, GenMC's model {genmc}, for {count:?}", count.name));
        }
    }
    println!("{counted} counts");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn counts_are_genmcs_but_for_two() {
    check_counts(false);
    let differ = COUNTS.iter().filter(|count| count.graphs != count.genmc).map(|count| count.name);
    assert_eq!(differ.collect::<Vec<_>>(), ["WWmerge1", "Z6.U"]);
}

#[test]
#[ignore = "takes minutes"]
fn counts_of_slow_programs_are_genmcs() {
    check_counts(true);
}

/// A table that no wrong model fails would show nothing.
#[test]
fn every_fault_of_the_model_is_seen() {
    for change in Change::ALL {
        let red: Vec<_> = SHAPES
            .iter()
            .filter(|shape| {
                shape.judge(&executions_with(&shape.program(), Some(*change))) != shape.verdict
            })
            .map(|shape| shape.name)
            .collect();
        println!("{change:?}: {} verdicts wrong: {}", red.len(), red.join(", "));
        assert!(!red.is_empty(), "no verdict shows {change:?}");
    }
}
