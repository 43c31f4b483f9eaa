//! The comparison as a page: the recommendation on top, then charts, then the tables.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use page::{Axis, Bar, BarChart, Cell, Page, Section, Table, Verdict};

use super::data::{Comparison, Strategy, measures};
use super::{stalled, table};

/// The subject that does nothing.
const FLOOR: &str = "harness alone";

/// Writes the page beside the JSON, and says where.
///
/// # Errors
/// Where it cannot be written.
pub(super) fn write(comparison: &Comparison, json: &Path) -> Result<PathBuf> {
    let out = json.with_extension("html");
    fs::write(&out, page(comparison).html())
        .with_context(|| format!("cannot write {}", out.display()))?;
    Ok(out)
}

fn page(comparison: &Comparison) -> Page {
    let made = &comparison.made;
    let page = Page::new("Strategies of stampool")
        .subtitle(format!("{}, commit {}, {}", made.date, made.commit, made.processor))
        .section(verdicts(comparison))
        .section(times(comparison))
        .section(asleep(comparison));
    let figures = table::sections(comparison)
        .into_iter()
        .fold(Section::new("Figures"), |section, (title, table)| {
            section.text(title).table(drawn(&table))
        });
    let ran = comparison.ran.iter().chain(&comparison.left).fold(
        Section::new("Where this comes from")
            .code(&made.command)
            .text(format!("{}, cores: {}", made.processor, comparison.cores)),
        |section, line| section.text(line),
    );
    page.section(figures).section(ran)
}

fn verdicts(comparison: &Comparison) -> Section {
    let section = Section::new("Verdicts").text(&comparison.recommendation);
    let section = comparison.without_tag.iter().fold(section, |section, text| section.text(text));
    comparison.strategies.iter().fold(section, |section, one| {
        let checks = || one.models.values().chain([&one.checks]);
        let broken: usize = checks().map(|checks| checks.broken.len()).sum();
        let run: usize = checks().map(|checks| checks.run).sum();
        let (runs, violations) = (one.stress.run, one.stress.violations);
        let verdict = match (broken + violations, run.min(runs)) {
            (0, 0) => Verdict::Open,
            (0, _) => Verdict::Good,
            _ => Verdict::Bad,
        };
        let words = format!(
            "{}: {broken} of {run} model checks broken, {violations} violations in {runs} stress runs",
            one.name
        );
        section.verdict(verdict, words)
    })
}

/// A chart for each measure, with what one would use instead.
fn times(comparison: &Comparison) -> Section {
    let section = Section::new("Times").text(
        "Medians; less is better. A range is that of the middle half of the rounds, where they were \
         interleaved. Ratios count, not nanoseconds. The dashed line is the harness alone.",
    );
    let traces = comparison.strategies.first().into_iter().flat_map(|one| one.memory.keys());
    let all = measures::BENCHES.map(String::from).into_iter();
    all.chain(traces.map(|trace| measures::replay(trace)))
        .fold(section, |section, measure| section.chart(time(comparison, &measure)))
}

fn time(comparison: &Comparison, measure: &str) -> BarChart {
    let axis = Axis::new("nanoseconds per operation");
    let mut chart = BarChart::new(measure, &comparison.made.command, axis);
    for (number, one) in comparison.strategies.iter().enumerate() {
        let Some(time) = one.times.get(measure) else { continue };
        let mut bar = Bar::new(&one.name, *time).style(number);
        if let Some([low, high]) = one.quartiles.get(measure) {
            bar = bar.range(*low, *high);
        }
        chart = chart.bar(bar);
    }
    // All others look the same: there are more of them than colours.
    let style = comparison.strategies.len();
    for (name, times) in &comparison.others {
        match times.get(measure) {
            Some(time) if name == FLOOR => chart = chart.line(name, *time),
            Some(time) => chart = chart.bar(Bar::new(name, *time).style(style)),
            None => {}
        }
    }
    chart
}

/// What is left of the throughput.
fn asleep(comparison: &Comparison) -> Section {
    let section = Section::new("Beside a thread that sleeps in the middle of an exchange").text(
        "Throughput in relation to that without the sleeper; more is better. A range is that of all \
         rounds. Under Locked the sleeper of the harness holds no lock; one that does stops everybody.",
    );
    stalled::BATCHES.map(stalled::measure).into_iter().fold(section, |section, measure| {
        let axis = Axis::new("throughput, without the sleeper = 1");
        let chart = BarChart::new(&measure, &comparison.made.command, axis)
            .line("without the sleeper", 1.0);
        let bar = |(number, one): (usize, &Strategy)| {
            let ratio = one.stalled.throughput.get(&measure)?;
            Some(Bar::new(&one.name, ratio.median).range(ratio.min, ratio.max).style(number))
        };
        let bars = comparison.strategies.iter().enumerate().filter_map(bar);
        section.chart(bars.fold(chart, BarChart::bar))
    })
}

/// A table for the terminal, on a page.
fn drawn(table: &comfy_table::Table) -> Table {
    let words = |row: &comfy_table::Row| -> Vec<String> {
        row.cell_iter().map(comfy_table::Cell::content).collect()
    };
    let header = table.header().map(words).unwrap_or_default();
    table.row_iter().map(words).fold(Table::new(header), |table, row| {
        let cells = row.into_iter().enumerate();
        table.row(cells.map(|(n, text)| if n == 0 { Cell::text(text) } else { Cell::number(text) }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::made::Made;
    use crate::compare::data::{FORMAT, Ratio, Times};

    #[test]
    fn the_page_has_every_figure_and_its_command() {
        let times = |time| Times::from([(measures::HIT.to_owned(), time)]);
        let mut strategy = Strategy {
            name: "Locked".into(),
            mechanism: "Locked".into(),
            lock_free: false,
            tag_bits: 0,
            wrap_seconds: None,
            progress: ["a lock"; 3].map(String::from),
            stops_all: true,
            checks: Default::default(),
            models: Default::default(),
            stress: Default::default(),
            times: times(1.25),
            quartiles: [(measures::HIT.to_owned(), [1.0, 1.5])].into(),
            stalled: Default::default(),
            memory: Default::default(),
        };
        let measure = stalled::measure(stalled::BATCHES[0]);
        strategy.stalled.throughput.insert(measure, Ratio { median: 0.875, min: 0.5, max: 1.0 });
        strategy.stress = super::super::data::Stress { run: 3, operations: 9, violations: 1 };
        let comparison = Comparison {
            format: FORMAT,
            made: Made { command: "cargo xtask compare --quick".into(), ..Made::default() },
            cores: 2,
            ran: vec!["seed 77".into()],
            busy: false,
            left: vec!["left to --full: all".into()],
            strategies: vec![strategy],
            others: [("malloc".to_owned(), times(9.5)), (FLOOR.to_owned(), times(0.25))].into(),
            recommendation: "Use what you like.".into(),
            without_tag: None,
        };
        let html = page(&comparison).html();
        for word in [
            "Use what you like.",
            "1 violations in 3 stress runs",
            "Locked: 1.25",
            "Locked: 1 to 1.5",
            "malloc: 9.5",
            "harness alone: 0.25",
            "Locked: 0.875",
            "cargo xtask compare --quick",
            "seed 77",
            "left to --full: all",
            "nanoseconds per operation",
        ] {
            assert!(html.contains(word), "{word}");
        }
        assert!(html.contains("verdict bad") && !html.contains("verdict good"));
    }
}
