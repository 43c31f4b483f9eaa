//! The comparison, with a checker that runs everything one after the other, twice.

use core::cell::RefCell;
use core::sync::atomic::{AtomicU64, Ordering};

use rc11_reference::{
    Checker, Difference, Program, Reported, SeenEvent, SeenGraph, SeenKind, compare, executions,
};

thread_local! {
    static GRAPH: RefCell<SeenGraph> = RefCell::default();
}

/// Threads run to their end when they are started. The graph is made up by the test.
enum Sequential {}

impl Checker for Sequential {
    type Atomic = AtomicU64;
    type Thread = Vec<Option<u64>>;

    fn atomic() -> AtomicU64 {
        AtomicU64::new(0)
    }
    fn load(atomic: &AtomicU64, order: Ordering) -> u64 {
        atomic.load(order)
    }
    fn store(atomic: &AtomicU64, value: u64, order: Ordering) {
        atomic.store(value, order);
    }
    fn fetch_add(atomic: &AtomicU64, value: u64, order: Ordering) -> u64 {
        atomic.fetch_add(value, order)
    }
    fn swap(atomic: &AtomicU64, value: u64, order: Ordering) -> u64 {
        atomic.swap(value, order)
    }
    fn compare_exchange(
        atomic: &AtomicU64,
        old: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> u64 {
        match atomic.compare_exchange(old, new, success, failure) {
            Ok(found) | Err(found) => found,
        }
    }
    fn fence(_: Ordering) {}
    fn spawn(body: impl FnOnce() -> Vec<Option<u64>> + Send + 'static) -> Self::Thread {
        body()
    }
    fn join(thread: Self::Thread) -> Vec<Option<u64>> {
        thread
    }
    fn graph() -> Option<SeenGraph> {
        let graph = GRAPH.with_borrow(Clone::clone);
        (graph != SeenGraph::default()).then_some(graph)
    }
    fn explore(model: impl Fn() + Send + Sync + 'static) -> Reported {
        model();
        model();
        Reported { executions: Some(2), blocked: Some(0) }
    }
}

fn difference(program: &str, graph: SeenGraph) -> Difference {
    GRAPH.set(graph);
    let program: Program = program.parse().expect("the text is correct");
    compare::<Sequential>(&program, &executions(&program)).0
}

fn event(kind: SeenKind, source: Option<(usize, usize)>) -> SeenEvent {
    SeenEvent { kind, source }
}

/// The graph of `x=1.rlx | x.rlx` in which the reader reads `source`.
fn one_writer(source: (usize, usize)) -> SeenGraph {
    let main = vec![event(SeenKind::Init, None), event(SeenKind::Other, None)];
    let writer = vec![event(SeenKind::Other, None), event(SeenKind::Write, None)];
    let reader = vec![event(SeenKind::Read, Some(source))];
    SeenGraph { threads: vec![main, writer, reader], modifications: vec![vec![(0, 0), (1, 1)]] }
}

#[test]
fn outcomes_and_executions_are_compared() {
    let found = difference("x=1.rlx | x.rlx", SeenGraph::default());
    assert_eq!(found.to_string(), "missing outcome:  | 0 => 1");
    let found = difference("x=1.rlx x.rlx", SeenGraph::default());
    assert_eq!(found.to_string(), "2 executions instead of 1");
}

#[test]
fn graphs_are_compared() {
    let found = difference("x=1.rlx | x.rlx", one_writer((1, 1)));
    let expected = [
        "missing outcome:  | 0 => 1",
        "missing graph: reads 1.0<-init; writes 0.0",
        "2 times: reads 1.0<-0.0; writes 0.0",
    ];
    assert_eq!(found.to_string(), expected.join("\n"));
    let mut reversed = one_writer((1, 1));
    reversed.modifications = vec![Vec::new()];
    let found = difference("x=1.rlx | x.rlx", reversed);
    assert!(found.to_string().contains("extra graph: reads 1.0<-0.0; writes \n"), "{found}");
}

#[test]
fn a_graph_of_another_program_is_a_failure() {
    for program in ["x.rlx | x.rlx", "x=1.rlx | x.rlx x.rlx", "x=1.rlx | x+0.rlx"] {
        let found = difference(program, one_writer((1, 1)));
        assert!(found.failure.is_some(), "{program}: {found}");
    }
    assert!(difference("x=1.rlx | x.rlx", one_writer((1, 0))).failure.is_some());
}
