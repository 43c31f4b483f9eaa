//! porf with a thread that is stopped, against the enumerator: the graphs in which a thread is
//! stopped are those of the programs that end early.

use porf::model::{Builder, Stops, Verdict};
use rc11_reference::{
    Program, Reported, SHAPES, Size, StepId, checker, count_executions, executions, random_program,
    random_ring,
};

/// porf, which counts the executions in which one of the program's threads is stopped.
enum Stopped {}

checker!(Stopped, porf, explore_stopped, || None);

fn explore_stopped(model: impl Fn() + Send + Sync + 'static) -> Reported {
    let mut builder = Builder::new();
    builder.check_duplicates = true;
    builder.stops = Stops::Threads(vec![1, 2, 3, 4]);
    let report = builder.explore(model);
    assert!(matches!(report.verdict, Verdict::Exhausted), "porf did not finish");
    Reported { executions: Some(report.stopped), blocked: None }
}

/// The number of graphs of the programs in which one thread ends before its first step, or directly
/// behind a step that wrote. Behind any other step porf has no stop of its own.
fn stopped_in(program: &Program) -> u64 {
    let mut sum = 0;
    for thread in 0..program.threads.len() {
        for steps in 0..=program.threads[thread].len() {
            let mut shorter = program.clone();
            shorter.threads[thread].truncate(steps);
            let wrote = |last: StepId| {
                move |graph: &&rc11_reference::Graph| {
                    graph.modifications.iter().flatten().any(|write| *write == last)
                }
            };
            let graphs = executions(&shorter).graphs;
            sum += match steps.checked_sub(1) {
                None => graphs.len(),
                Some(step) => graphs.iter().filter(wrote(StepId { thread, step })).count(),
            } as u64;
        }
    }
    sum
}

/// Compares the two, and returns how many graphs there are.
fn compare(name: &str, program: &Program) -> u64 {
    let expected = stopped_in(program);
    assert_eq!(count_executions::<Stopped>(program), Some(expected), "{name}: {program}");
    expected
}

#[test]
fn litmus_tests_have_the_same_graphs_with_a_stopped_thread() {
    for shape in SHAPES.iter() {
        compare(shape.name, &shape.program());
    }
}

fn compare_random(programs: u64) {
    let mut graphs = 0;
    for threads in [2, 3] {
        for number in 0..programs {
            graphs += compare("random", &random_program(&Size::of(threads), 2, number));
            graphs += compare("ring", &random_ring(threads, 2, number));
        }
    }
    println!("{} programs, {graphs} graphs with a stopped thread", 4 * programs);
    assert!(graphs > 40 * programs, "the programs are too small");
}

#[test]
fn random_programs_have_the_same_graphs_with_a_stopped_thread() {
    compare_random(50);
}

#[test]
#[ignore = "takes minutes"]
fn many_random_programs_have_the_same_graphs_with_a_stopped_thread() {
    compare_random(2_500);
}
