//! A run against an earlier one.
//!
//! Times of different runs are not comparable, so ratios are compared: a pool's time over that of
//! the peer that was fastest in the earlier run. A ratio spans from the smaller quartile over the
//! peer's larger one to the larger over the smaller. Only where the two spans lie apart is there a
//! change to speak of.

use serde::{Deserialize, Serialize};

use crate::bars::best;
use crate::report::Report;
use crate::row::Row;
use crate::title::Role;

/// A pool in a workload, then and now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Change {
    /// The workload.
    pub workload: String,
    /// The pool.
    pub subject: String,
    /// The peer that both are measured against.
    pub against: String,
    /// The ratio then: lower end, median, upper end.
    pub before: [f64; 3],
    /// The ratio now.
    pub now: [f64; 3],
}

/// Which way it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Beyond the spread.
    Slower,
    /// Beyond the spread.
    Faster,
    /// Within it.
    Same,
}

impl Change {
    /// Which way it went.
    pub fn direction(&self) -> Direction {
        if self.now[0] > self.before[2] {
            Direction::Slower
        } else if self.now[2] < self.before[0] {
            Direction::Faster
        } else {
            Direction::Same
        }
    }
}

/// Every pool of `now` that `before` has in the same workload beside the same peer.
pub fn compare(before: &Report, now: &Report) -> Vec<Change> {
    let mut changes = Vec::new();
    for workload in now.workloads() {
        let Some(peer_before) = best(&before.rows, workload, Role::is_peer) else { continue };
        let Some(peer_now) = same(now, peer_before) else { continue };
        for ours in now.of(workload).filter(|row| row.role == Role::Ours) {
            if let Some(earlier) = same(before, ours) {
                changes.push(Change {
                    workload: workload.into(),
                    subject: ours.title(),
                    against: peer_before.title(),
                    before: span(earlier, peer_before),
                    now: span(ours, peer_now),
                });
            }
        }
    }
    changes
}

fn same<'r>(report: &'r Report, row: &Row) -> Option<&'r Row> {
    let is_it = |other: &&Row| other.subject == row.subject && other.batch == row.batch;
    report.of(&row.workload).find(is_it)
}

fn span(ours: &Row, peer: &Row) -> [f64; 3] {
    let (ours, peer) = (ours.summary, peer.summary);
    [
        ours.lower_quartile_ns / peer.upper_quartile_ns,
        ours.median_ns / peer.median_ns,
        ours.upper_quartile_ns / peer.lower_quartile_ns,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Batch;
    use crate::row::tests::row;
    use crate::statistics::Summary;

    fn run(ours: &[f64], peer: &[f64]) -> Report {
        let mut rows = vec![
            row("hit/1/64", "pool", Role::Ours, Some(Batch::SMALL), 1.0),
            row("hit/1/64", "peer", Role::Malloc, None, 1.0),
        ];
        rows[0].summary = Summary::of(ours);
        rows[1].summary = Summary::of(peer);
        Report::new(1, 1, rows, Vec::new())
    }

    fn direction(before: &Report, now: &Report) -> Direction {
        let changes = compare(before, now);
        assert_eq!(changes.len(), 1);
        changes[0].direction()
    }

    #[test]
    fn a_slower_machine_is_no_regression_and_a_slower_pool_is() {
        let before = run(&[1.0, 1.1, 1.2], &[10.0, 10.0, 10.0]);
        assert_eq!(direction(&before, &run(&[2.0, 2.2, 2.4], &[20.0; 3])), Direction::Same);
        assert_eq!(direction(&before, &run(&[1.1, 1.2, 1.3], &[10.0; 3])), Direction::Same);
        assert_eq!(direction(&before, &run(&[1.3, 1.4, 1.5], &[10.0; 3])), Direction::Slower);
        assert_eq!(direction(&before, &run(&[0.5, 0.6, 0.7], &[10.0; 3])), Direction::Faster);
    }

    #[test]
    fn without_the_peer_nothing_is_said() {
        let mut now = run(&[1.0], &[1.0]);
        now.rows.pop();
        assert!(compare(&run(&[1.0], &[1.0]), &now).is_empty());
    }
}
