//! What a run found, as JSON and as a table.

use core::fmt;

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Serialize;

use crate::bars::{self, Bar};
use crate::rounds::Contender;
use crate::statistics::Summary;
use crate::workload::{Workload, names};

/// All that one run found. Its JSON is what `cargo xtask compare` reads.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Cores that the run could use.
    pub cores: usize,
    /// Rounds.
    pub rounds: usize,
    /// Length of one turn of one subject, about.
    pub turn_ms: u64,
    /// One row per workload and subject.
    pub rows: Vec<Row>,
    /// The promised ratios.
    pub bars: Vec<Bar>,
}

/// One subject in one workload.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The workload.
    pub workload: Workload,
    /// What the figures count.
    pub unit: &'static str,
    /// A strategy, or one of [`names`].
    pub subject: String,
    /// The pool's batch, for strategies.
    pub batch: Option<usize>,
    /// The figures.
    #[serde(flatten)]
    pub summary: Summary,
    /// Rounds that the figures are from.
    pub rounds: usize,
    /// How many of them count though other work was in the way.
    pub disturbed_rounds: usize,
}

impl Row {
    /// What a contender did.
    pub fn new(workload: Workload, contender: &Contender, rounds: usize) -> Self {
        Self {
            workload,
            unit: workload.unit(),
            subject: contender.name.clone(),
            batch: contender.batch,
            summary: contender.summary(),
            rounds,
            disturbed_rounds: contender.disturbed(),
        }
    }

    fn title(&self) -> String {
        match self.batch {
            Some(batch) => format!("{}, B = {batch}", self.subject),
            None => self.subject.clone(),
        }
    }
}

impl Report {
    /// The report of a run with these rows.
    pub fn new(rounds: usize, turn_ms: u64, rows: Vec<Row>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let bars = bars::judge(&rows);
        Self { cores, rounds, turn_ms, rows, bars }
    }

    /// The rows of one workload.
    fn of(&self, workload: Workload) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.workload == workload)
    }

    /// What the others of a workload are compared with.
    fn reference(&self, workload: Workload) -> Option<&Row> {
        let name = match workload {
            Workload::Hit => names::ARRAY_STACK,
            Workload::ProducerConsumer | Workload::SharedBucket => names::ARRAY_QUEUE,
        };
        self.of(workload).find(|row| row.subject == name)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for workload in Workload::ALL {
            if self.of(workload).next().is_none() {
                continue;
            }
            let reference = self.reference(workload);
            writeln!(f, "{}", table_of(workload, reference, self.of(workload)))?;
            writeln!(f)?;
        }
        for bar in &self.bars {
            let Bar { subject, batch, against, ratio, limit, met, .. } = bar;
            let word = if *met { "met" } else { "MISSED" };
            let threads =
                if bar.workload.threads() > self.cores { ", on too few cores" } else { "" };
            writeln!(
                f,
                "{word}: {subject}, B = {batch}, at {ratio:.2} of {against} (promised: {limit}{threads})"
            )?;
        }
        let disturbed =
            self.rows.iter().filter(|row| 2 * row.disturbed_rounds > row.rounds).count();
        if disturbed > 0 {
            writeln!(
                f,
                "{disturbed} of {} rows were disturbed in most rounds: repeat on a quiet machine",
                self.rows.len()
            )?;
        }
        Ok(())
    }
}

fn table_of<'r>(
    workload: Workload,
    reference: Option<&Row>,
    rows: impl Iterator<Item = &'r Row>,
) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let ratio = reference.map_or("ratio".into(), |row| format!("/ {}", row.subject));
    table.set_header([workload.unit(), "median", "quartiles", "min .. max", &ratio, "disturbed"]);
    for row in rows {
        let Summary { min_ns, lower_quartile_ns, median_ns, upper_quartile_ns, max_ns } =
            row.summary;
        let ratio = reference.map_or("-".into(), |reference| {
            format!("{:.2}", median_ns / reference.summary.median_ns)
        });
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        table.add_row([
            Cell::new(row.title()),
            right(format!("{median_ns:.2}")),
            right(format!("{lower_quartile_ns:.2} .. {upper_quartile_ns:.2}")),
            right(format!("{min_ns:.2} .. {max_ns:.2}")),
            right(ratio),
            right(format!("{}/{}", row.disturbed_rounds, row.rounds)),
        ]);
    }
    table
}
