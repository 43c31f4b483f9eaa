//! What a run found, as JSON.

use serde::{Deserialize, Serialize};

use super::machine::Machine;
use super::model::{Model, models};
use super::sweep::Point;
use super::work::Work;
use crate::batch::{self, Batch};
use crate::rounds::Contender;
use crate::statistics::Summary;
use crate::title::Role;

/// All that one run found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Where it ran.
    pub machine: Machine,
    /// Rounds.
    pub rounds: usize,
    /// Length of one turn of one subject, about.
    pub turn_ms: u64,
    /// How many cores the model is drawn up to.
    pub model_up_to: usize,
    /// One row per work, number of threads and subject.
    pub rows: Vec<Row>,
    /// The bursts that the model is fitted to.
    pub sweep: Vec<Point>,
    /// The model of each strategy.
    pub models: Vec<Model>,
    /// What was asked for and could not be.
    pub left_out: Vec<String>,
}

/// One subject on so many threads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What was done.
    pub work: Work,
    /// Threads.
    pub threads: usize,
    /// Whether there were more threads than cores.
    pub crowded: bool,
    /// A strategy, or what a peer is called.
    pub subject: String,
    /// What it is.
    pub role: Role,
    /// The pool's batch, for pools.
    #[serde(flatten)]
    pub batch: Option<Batch>,
    /// Nanoseconds per operation, in the workload's unit.
    #[serde(flatten)]
    pub summary: Summary,
    /// Million operations per second, all threads together: the median and its quartiles.
    pub throughput: Throughput,
    /// Of the throughput per thread on the fewest threads of this subject, the share that is left.
    pub efficiency: f64,
    /// Rounds that count though other work was in the way.
    pub disturbed_rounds: usize,
}

/// Million operations per second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Throughput {
    /// A quarter of the rounds were slower.
    pub lower_mops: f64,
    /// Half of the rounds were slower.
    pub median_mops: f64,
    /// A quarter of the rounds were faster.
    pub upper_mops: f64,
}

impl Row {
    /// What a contender did. Its efficiency is told once all rows are there.
    pub(super) fn new(work: Work, threads: usize, crowded: bool, contender: &Contender) -> Self {
        let (title, summary) = (contender.title, contender.summary());
        Self {
            work,
            threads,
            crowded,
            subject: title.name.into(),
            role: contender.role,
            batch: title.batch,
            summary,
            throughput: Throughput::of(work, threads, &summary),
            efficiency: 1.0,
            disturbed_rounds: contender.disturbed(),
        }
    }

    /// Name and batch.
    pub fn title(&self) -> String {
        batch::title(&self.subject, self.batch)
    }

    fn is_same_subject(&self, other: &Self) -> bool {
        self.work == other.work && self.subject == other.subject && self.batch == other.batch
    }
}

impl Throughput {
    pub(super) fn of(work: Work, threads: usize, summary: &Summary) -> Self {
        let mops = |ns| work.throughput(threads, ns);
        Self {
            lower_mops: mops(summary.upper_quartile_ns),
            median_mops: mops(summary.median_ns),
            upper_mops: mops(summary.lower_quartile_ns),
        }
    }
}

impl Report {
    /// The report of a run with these rows and this sweep.
    pub fn new(
        (rounds, turn_ms): (usize, u64),
        model_up_to: usize,
        rows: Vec<Row>,
        sweep: Vec<Point>,
        left_out: Vec<String>,
    ) -> Self {
        let (rows, models) = (with_efficiency(rows), models(&sweep));
        let machine = Machine::this();
        Self { machine, rounds, turn_ms, model_up_to, rows, sweep, models, left_out }
    }

    /// What was done, in the order in which it was.
    pub fn works(&self) -> Vec<Work> {
        let mut works: Vec<Work> = self.rows.iter().map(|row| row.work).collect();
        works.dedup();
        works
    }

    /// The rows of one work.
    pub fn of(&self, work: Work) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.work == work)
    }
}

/// Compares each row with that of its subject on the fewest threads.
fn with_efficiency(mut rows: Vec<Row>) -> Vec<Row> {
    let per_thread = |row: &Row| row.throughput.median_mops / row.threads as f64;
    let shares: Vec<f64> = rows
        .iter()
        .map(|row| {
            let same = rows.iter().filter(|other| other.is_same_subject(row));
            let fewest = same.min_by_key(|other| other.threads).unwrap_or(row);
            per_thread(row) / per_thread(fewest)
        })
        .collect();
    rows.iter_mut().zip(shares).for_each(|(row, share)| row.efficiency = share);
    rows
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::scale::model;

    /// A row for tests.
    pub(crate) fn row(work: Work, threads: usize, subject: &str, role: Role, ns: f64) -> Row {
        let summary = Summary::of(&[ns, ns * 1.25, ns * 0.75]);
        Row {
            work,
            threads,
            crowded: false,
            subject: subject.into(),
            role,
            batch: (role == Role::Ours).then_some(Batch::SMALL),
            summary,
            throughput: Throughput::of(work, threads, &summary),
            efficiency: 1.0,
            disturbed_rounds: 0,
        }
    }

    /// A run on a machine with these numbers of cores, the last of them being all.
    pub(crate) fn report(cores: &[usize]) -> Report {
        let ours = |&threads| row(Work::Hit, threads, "TaggedWide", Role::Ours, 2.0);
        let theirs = |&threads| row(Work::Hit, threads, "jemalloc", Role::Malloc, 4.0);
        let mut rows: Vec<Row> =
            cores.iter().flat_map(|cores| [ours(cores), theirs(cores)]).collect();
        rows.push(Row { crowded: true, ..ours(&128) });
        let law = |cores: f64| 64.0 + 32.0 * (cores - 1.0) + 0.5 * cores * (cores - 1.0);
        let mut report = Report::new((3, 2), 64, rows, model::tests::points(cores, law), vec![]);
        report.machine = Machine {
            cores: cores.last().copied().unwrap_or(1),
            processor: Some("Test <CPU>".into()),
            first_two_are_one: Some(false),
        };
        report
    }

    #[test]
    fn efficiency_is_against_the_fewest_threads_of_the_same_subject() {
        let rows = vec![
            row(Work::Hit, 1, "a", Role::Ours, 2.0),
            row(Work::Hit, 1, "b", Role::Ours, 4.0),
            row(Work::Hit, 4, "a", Role::Ours, 4.0),
            row(Work::Hit, 4, "b", Role::Ours, 4.0),
            row(Work::Pairs, 2, "a", Role::Ours, 10.0),
            row(Work::Pairs, 4, "a", Role::Ours, 10.0),
        ];
        let shares: Vec<f64> = with_efficiency(rows).iter().map(|row| row.efficiency).collect();
        // Two pairs that are as fast as one are half as good.
        assert_eq!(shares, [1.0, 1.0, 0.5, 1.0, 1.0, 0.5]);
    }

    #[test]
    fn a_slow_quartile_is_a_low_throughput() {
        let row = row(Work::Hit, 2, "a", Role::Ours, 2.0);
        let Throughput { lower_mops, median_mops, upper_mops } = row.throughput;
        assert!(lower_mops < median_mops && median_mops < upper_mops);
        assert_eq!(median_mops, 1000.0);
    }

    #[test]
    fn a_report_survives_json() {
        let report = report(&[1, 2, 4, 8]);
        let json = serde_json::to_string(&report).expect("JSON");
        let back: Report = serde_json::from_str(&json).expect("the same");
        assert_eq!((&back.machine, &back.rows), (&report.machine, &report.rows));
        assert_eq!(back.sweep, report.sweep);
        // The last digit of a figure that no binary fraction has may differ.
        let costs = |report: &Report| -> Vec<f64> {
            report.models.iter().flat_map(|model| &model.curves).map(|one| one.first_ns).collect()
        };
        let both = costs(&back).into_iter().zip(costs(&report));
        assert!(both.clone().count() == 3 && both.into_iter().all(|(a, b)| (a - b).abs() < 1e-9));
        let forms = |report: &Report| report.models[0].curves.iter().map(|one| one.form).collect();
        let (now, before): (Vec<_>, Vec<_>) = (forms(&back), forms(&report));
        assert_eq!(now, before);
    }
}
