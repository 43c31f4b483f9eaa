//! What several test programs use.

use porf::model::{Builder, Report, Verdict};

/// Runs a model to its end: it has no fault, and no execution comes twice.
pub(crate) fn explore(model: impl Fn() + Send + Sync + 'static) -> Report {
    let mut builder = Builder::new();
    builder.check_duplicates = true;
    let report = builder.explore(model);
    assert_eq!(report.verdict, Verdict::Exhausted);
    report
}
