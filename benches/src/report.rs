//! What a run found, as JSON and as a table.

use core::fmt;

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::{Deserialize, Serialize};

use crate::bars::{self, Bar};
use crate::memory::{self, Held};
use crate::row::Row;
use crate::sample::cores;
use crate::statistics::Summary;
use crate::title::Role;

/// All that one run found. Its JSON is what `cargo xtask compare` reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// What the subjects held, where that was measured.
    #[serde(default)]
    pub memory: Vec<Held>,
}

impl Report {
    /// The report of a run with these rows.
    pub fn new(rounds: usize, turn_ms: u64, rows: Vec<Row>, memory: Vec<Held>) -> Self {
        let bars = bars::judge(&rows, &memory);
        Self { cores: cores(), rounds, turn_ms, rows, bars, memory }
    }

    /// The names of the workloads, in the order in which they were run.
    pub fn workloads(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.rows.iter().map(|row| &*row.workload).collect();
        names.dedup();
        names
    }

    /// The rows of one workload.
    pub fn of(&self, workload: &str) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.workload == workload)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for workload in self.workloads() {
            // What the others of a workload are compared with.
            let reference = bars::best(&self.rows, workload, Role::is_peer);
            writeln!(f, "{workload}")?;
            writeln!(f, "{}", table_of(reference, &self.of(workload).collect::<Vec<_>>()))?;
            writeln!(f)?;
        }
        if !self.memory.is_empty() {
            writeln!(f, "{}\n", memory::table_of(&self.memory))?;
        }
        for bar in &self.bars {
            let Bar { workload, against, ratio, worst, limit, .. } = bar;
            let word = if bar.met { "met" } else { "MISSED" };
            let (title, remark) = (bar.title(), bar.remark(self.cores));
            // A crowd, and what was carved, have one figure and no interval.
            let most = if worst > ratio { format!(", at most {worst:.2}") } else { String::new() };
            writeln!(
                f,
                "{word}: {workload}: {title} at {ratio:.2} of {against}{most} \
                 (promised: {limit}{remark})"
            )?;
        }
        if !self.bars.is_empty() {
            let met = self.bars.iter().filter(|bar| bar.met).count();
            writeln!(f, "{met} of {} promises are met", self.bars.len())?;
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

fn table_of(reference: Option<&Row>, rows: &[&Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let ratio = reference.map_or("ratio".into(), |row| format!("/ {}", row.title()));
    let unit = rows.first().map_or("", |row| &row.unit);
    table.set_header([unit, "median", "quartiles", "min .. max", &ratio, "disturbed"]);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Batch;
    use crate::row::tests::row;

    #[test]
    fn others_are_compared_with_the_best_peer() {
        let rows = vec![
            row("hit/1/64", "TaggedWide", Role::Ours, Some(Batch::SMALL), 5.0),
            row("hit/1/64", "slow", Role::Malloc, None, 20.0),
            row("hit/1/64", "fast", Role::Pool, None, 10.0),
        ];
        let text = Report::new(1, 1, rows, Vec::new()).to_string();
        assert!(
            text.contains("/ fast") && text.contains("0.50") && text.contains("2.00"),
            "{text}"
        );
    }
}
