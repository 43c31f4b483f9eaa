//! The checkers that are compared with the enumerator.

use rc11_reference::{Reported, SeenEvent, SeenGraph, SeenKind, checker};

/// Our checker.
pub enum Porf {}

checker!(Porf, porf, explore_porf, porf_graph);

/// loom as it is published. It neither reports its number of executions nor shows its graphs, and
/// it deviates from the memory model, so its differences show that the comparison finds some.
pub enum Loom {}

checker!(Loom, loom, explore_loom, || None);

fn explore_porf(model: impl Fn() + Send + Sync + 'static) -> Reported {
    let report = porf::model::Builder::new().explore(model);
    assert!(matches!(report.verdict, porf::model::Verdict::Exhausted), "porf did not finish");
    Reported { executions: Some(report.executions), blocked: Some(report.blocked) }
}

fn explore_loom(model: impl Fn() + Send + Sync + 'static) -> Reported {
    loom::model::Builder::new().check(model);
    Reported::default()
}

fn porf_graph() -> Option<SeenGraph> {
    use porf::model::EventKind;
    let graph = porf::model::graph();
    let event = |event: &porf::model::EventView| SeenEvent {
        kind: match event.kind {
            EventKind::Init => SeenKind::Init,
            EventKind::Read => SeenKind::Read,
            EventKind::Write => SeenKind::Write,
            EventKind::Fence | EventKind::Other => SeenKind::Other,
        },
        source: event.source,
    };
    let threads = graph.threads.iter().map(|thread| thread.iter().map(event).collect());
    Some(SeenGraph { threads: threads.collect(), modifications: graph.coherence })
}
