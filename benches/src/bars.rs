//! The ratios that the project promises, judged on the rows of one run.

use serde::Serialize;
use stampool::{Strategy, TaggedPacked, TaggedWide};

use crate::report::Row;
use crate::workload::{Workload, names};

/// A promise: `subject` takes at most `limit` times as long as `against`.
#[derive(Clone, Copy, Debug)]
struct Promise {
    workload: Workload,
    batch: usize,
    against: &'static str,
    limit: f64,
}

const PROMISES: [Promise; 3] = [
    Promise { workload: Workload::Hit, batch: 64, against: names::ARRAY_STACK, limit: 1.15 },
    Promise {
        workload: Workload::ProducerConsumer,
        batch: 64,
        against: names::ARRAY_QUEUE,
        limit: 0.65,
    },
    Promise {
        workload: Workload::ProducerConsumer,
        batch: 256,
        against: names::ARRAY_QUEUE,
        limit: 0.45,
    },
];

/// What a hit may cost where the pool does more: subject, batch of its row, times as long.
const DEARER: [(&str, Option<usize>, f64); 4] = [
    (names::CHECKED, Some(64), 2.0),
    (names::HARDENED, Some(64), 4.0),
    (names::PER_THREAD, None, 1.6),
    (names::STATIC, None, 1.6),
];

/// A promise, measured.
#[derive(Clone, Debug, Serialize)]
pub struct Bar {
    /// The workload.
    pub workload: Workload,
    /// The pool's strategy.
    pub subject: String,
    /// The pool's batch.
    pub batch: usize,
    /// What it is measured against.
    pub against: String,
    /// Median over median.
    pub ratio: f64,
    /// The most that was promised.
    pub limit: f64,
    /// Whether it was kept.
    pub met: bool,
}

/// Judges all promises whose two rows are there, for each lock-free strategy.
pub fn judge(rows: &[Row]) -> Vec<Bar> {
    let find = |workload, subject: &str, batch| {
        rows.iter()
            .find(|row| row.workload == workload && row.subject == subject && row.batch == batch)
    };
    let judged = |promise: Promise, subject: &str| {
        let Promise { workload, batch, against, limit } = promise;
        let ours = find(workload, subject, Some(batch))?.summary.median_ns;
        let theirs = find(workload, against, None)?.summary.median_ns;
        let ratio = ours / theirs;
        let (subject, against) = (subject.into(), against.into());
        Some(Bar { workload, subject, batch, against, ratio, limit, met: ratio <= limit })
    };
    let strategies = [TaggedWide::<64>::NAME, TaggedPacked::<32>::NAME];
    // What a level costs, or that no handle is carried, over the same strategy, at the same batch.
    let dearer = |(subject, row_batch, limit): (&str, Option<usize>, f64)| {
        let (workload, batch, against) = (Workload::Hit, 64, strategies[0]);
        let ours = find(workload, subject, row_batch)?.summary.median_ns;
        let theirs = find(workload, against, Some(batch))?.summary.median_ns;
        let ratio = ours / theirs;
        let (subject, against) = (subject.into(), against.into());
        Some(Bar { workload, subject, batch, against, ratio, limit, met: ratio <= limit })
    };
    PROMISES
        .iter()
        .flat_map(|&promise| strategies.map(|strategy| judged(promise, strategy)))
        .chain(DEARER.map(dearer))
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Summary;

    fn row(subject: &str, batch: Option<usize>, ns: f64) -> Row {
        Row {
            workload: Workload::Hit,
            unit: Workload::Hit.unit(),
            subject: subject.into(),
            batch,
            summary: Summary::of(&[ns]),
            rounds: 1,
            disturbed_rounds: 0,
        }
    }

    #[test]
    fn a_bar_is_met_or_missed_or_not_there() {
        let mut rows = vec![row(names::ARRAY_STACK, None, 2.0), row("TaggedWide", Some(64), 2.2)];
        let bars = judge(&rows);
        assert_eq!(bars.len(), 1);
        assert!(bars[0].met && (bars[0].ratio - 1.1).abs() < 1e-9);
        rows[1].summary = Summary::of(&[2.4]);
        assert!(!judge(&rows)[0].met);
        rows.remove(0);
        assert!(judge(&rows).is_empty());
    }
}
