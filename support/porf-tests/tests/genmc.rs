//! porf against the numbers of executions that GenMC keeps with its tests.

use porf::model::{Builder, Verdict};
use porf_tests::Porf;
use porf_tests::genmc::{Case, cases};
use rc11_reference::{COUNTS, count_executions};

/// Whether porf was built for so many threads: its feature `many-threads`.
fn is_possible(case: &Case) -> bool {
    case.threads <= porf::MAX_THREADS
}

/// Whether a test should run it: few executions of few events.
fn is_quick(case: &Case) -> bool {
    is_possible(case) && case.executions <= 3_000 && case.name != "par_length"
}

fn check(which: impl Fn(&Case) -> bool) {
    let (mut wrong, mut counted) = (Vec::new(), 0);
    for case in cases().into_iter().filter(which) {
        let Case { body, size, .. } = case;
        let report = Builder::new().explore(move || body(size));
        println!("{case}: {} executions, {} given up", report.executions, report.blocked);
        assert_eq!(report.verdict, Verdict::Exhausted, "{case}");
        counted += 1;
        if report.executions != case.executions {
            wrong.push(format!("{case}: {} instead of {}", report.executions, case.executions));
        }
    }
    println!("{counted} programs and sizes");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn programs_have_genmcs_executions() {
    check(is_quick);
    let mut names: Vec<_> =
        cases().iter().filter(|case| is_quick(case)).map(|case| case.name).collect();
    names.dedup();
    assert!(names.len() >= 25, "only {} programs", names.len());
}

#[test]
#[ignore = "takes minutes"]
fn large_programs_have_genmcs_executions() {
    check(|case| is_possible(case) && !is_quick(case));
}

/// The enumerator takes minutes for some of these, and is not needed for the number.
#[test]
fn litmus_tests_have_the_published_executions() {
    let mut wrong = Vec::new();
    for count in COUNTS {
        let found = count_executions::<Porf>(&count.program());
        if found != Some(count.graphs as u64) {
            wrong.push(format!("{}: {found:?} instead of {}", count.name, count.graphs));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
