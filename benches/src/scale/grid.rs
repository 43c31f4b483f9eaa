//! The tables of a report, before anybody says how they are set: for the terminal, as Markdown, and
//! on the page.

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::model::{Curve, Form, Model};
use super::report::{Report, Row};
use super::work::Work;

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// What it shows, in which unit.
    pub title: String,
    /// Names of the columns, the first of them a subject's.
    pub columns: Vec<String>,
    /// Cells, row by row.
    pub rows: Vec<Vec<String>>,
    /// What else is to be said.
    pub notes: Vec<String>,
}

impl Grid {
    fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), columns: Vec::new(), rows: Vec::new(), notes: Vec::new() }
    }

    /// For the terminal.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}", self.title, self.table(presets::NOTHING), self.notes("\n"))
    }

    /// To be pasted into a text.
    pub fn markdown(&self) -> String {
        let table = self.table(presets::ASCII_MARKDOWN);
        format!("### {}\n\n{table}\n\n{}", self.title, self.notes("\n\n").trim_end())
    }

    fn notes(&self, end: &str) -> String {
        self.notes.iter().flat_map(|note| [note, end]).collect()
    }

    fn table(&self, style: comfy_table::TableStyle) -> Table {
        let mut table = Table::new();
        table.load_style(style).set_header(&self.columns);
        for row in &self.rows {
            table.add_row(row.iter().enumerate().map(|(column, text)| {
                let side = if column == 0 { CellAlignment::Left } else { CellAlignment::Right };
                Cell::new(text).set_alignment(side)
            }));
        }
        table
    }
}

/// All of them, in the order in which they are read.
pub fn grids(report: &Report) -> Vec<Grid> {
    let works = report.works();
    let works = works.iter().map(|&work| throughput(report, work));
    works.chain(model(report)).collect()
}

/// One work: throughput and what is left of it per thread.
pub(super) fn throughput(report: &Report, work: Work) -> Grid {
    let rows: Vec<&Row> = report.of(work).collect();
    let mut threads: Vec<(usize, bool)> =
        rows.iter().map(|row| (row.threads, row.crowded)).collect();
    threads.sort_unstable();
    threads.dedup();
    let mut titles: Vec<String> = Vec::new();
    for row in &rows {
        if !titles.contains(&row.title()) {
            titles.push(row.title());
        }
    }
    let name = |(threads, crowded): (usize, bool)| {
        let remark = if crowded { ", crowded" } else { "" };
        format!("{threads}{remark}")
    };
    let mut grid = Grid::new(format!(
        "{}: million operations per second over threads, medians and quartiles",
        work.name()
    ));
    grid.columns = vec!["subject".into()];
    grid.columns.extend(threads.iter().map(|&one| name(one)));
    let fewest = threads.first().map_or(1, |first| first.0);
    grid.columns
        .extend(threads.iter().skip(1).map(|&one| format!("share per thread, {}", name(one))));
    for title in titles {
        let of =
            |threads: usize| rows.iter().find(|row| row.threads == threads && row.title() == title);
        let speeds =
            threads.iter().map(|one| of(one.0).map_or("-".into(), |row| speed(row, report)));
        let shares = threads
            .iter()
            .skip(1)
            .map(|one| of(one.0).map_or("-".into(), |row| format!("{:.2}", row.efficiency)));
        let cells = speeds.chain(shares).collect::<Vec<_>>();
        grid.rows.push([vec![title.clone()], cells].concat());
    }
    grid.notes.push(operation(work).into());
    if threads.len() > 1 {
        grid.notes.push(format!("Share per thread: throughput per thread over that on {fewest}."));
    }
    if threads.iter().any(|one| one.1) {
        grid.notes.push("Crowded: more threads than cores.".into());
    }
    if rows.iter().any(|row| is_disturbed(row, report)) {
        grid.notes.push("*: disturbed in most rounds.".into());
    }
    grid
}

/// What is counted.
pub(super) const fn operation(work: Work) -> &'static str {
    match work {
        Work::Hit | Work::BurstShuffled => "An operation: a block allocated and freed.",
        Work::BurstSmallBatches => {
            "An operation: a block allocated and freed; pools have batches of 8, so nearly all blocks \
             go through the shared lists."
        }
        Work::SharedBucket => {
            "An operation: a block allocated, swapped for another one, that one freed."
        }
        Work::Pairs => {
            "An operation: a block allocated by one thread, sent, and freed by another one. Half of the \
             threads are producers."
        }
    }
}

/// The median, and where the quartiles are.
fn speed(row: &Row, report: &Report) -> String {
    let speed = &row.throughput;
    let star = if is_disturbed(row, report) { "*" } else { "" };
    let [lower, median, upper] =
        [speed.lower_mops, speed.median_mops, speed.upper_mops].map(figure);
    format!("{median} ({lower} .. {upper}){star}")
}

pub(super) fn is_disturbed(row: &Row, report: &Report) -> bool {
    2 * row.disturbed_rounds > report.rounds
}

/// Three or four digits.
fn figure(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$}")
}

/// The bursts, and what was fitted to them; nothing, where they were not run.
pub(super) fn model(report: &Report) -> Vec<Grid> {
    if report.sweep.is_empty() {
        return Vec::new();
    }
    let against = against(report);
    let last = (!against.rows.is_empty()).then_some(against);
    [bursts(report), costs(&report.models), curves(report)].into_iter().chain(last).collect()
}

fn bursts(report: &Report) -> Grid {
    let mut threads: Vec<usize> = report.sweep.iter().map(|point| point.threads).collect();
    threads.sort_unstable();
    threads.dedup();
    let mut grid = Grid::new(
        "batches: bursts of 8,192 blocks, ns per block allocated and freed, on each thread, over \
         threads",
    );
    grid.columns = vec!["strategy".into(), "B".into()];
    grid.columns.extend(threads.iter().map(usize::to_string));
    grid.columns.extend(threads.iter().map(|threads| format!("late CAS, {threads}")));
    let first = threads.first().copied().unwrap_or(1);
    for one in report.sweep.iter().filter(|point| point.threads == first) {
        let here = |threads: usize| {
            let same = |point: &&super::sweep::Point| {
                point.strategy == one.strategy
                    && point.batch == one.batch
                    && point.threads == threads
            };
            report.sweep.iter().find(same)
        };
        let times = threads.iter().map(|&threads| {
            here(threads).map_or("-".into(), |point| {
                let summary = &point.summary;
                let all = [summary.median_ns, summary.lower_quartile_ns, summary.upper_quartile_ns];
                let [median, lower, upper] = all.map(figure);
                let is_disturbed = 2 * point.disturbed_rounds > report.rounds;
                let star = if is_disturbed { "*" } else { "" };
                format!("{median} ({lower} .. {upper}){star}")
            })
        });
        let late = threads.iter().map(|&threads| {
            here(threads).map_or("-".into(), |point| format!("{:.3}", point.late_cas))
        });
        let cells: Vec<String> = times.chain(late).collect();
        grid.rows.push([vec![one.strategy.clone(), one.batch.to_string()], cells].concat());
    }
    grid.notes
        .push("Late CAS: those of a list's head that had to be tried again, per exchange.".into());
    if grid.rows.iter().flatten().any(|cell| cell.ends_with('*')) {
        grid.notes.push("*: disturbed in most rounds.".into());
    }
    grid
}

fn costs(models: &[Model]) -> Grid {
    let mut grid = Grid::new("t(B) = hit + e / B, least squares for each number of cores");
    grid.columns =
        ["strategy", "cores", "hit, ns", "e, ns", "residual", "points"].map(Into::into).to_vec();
    for model in models {
        grid.rows.extend(model.costs.iter().map(|cost| {
            vec![
                model.strategy.clone(),
                cost.cores.to_string(),
                figure(cost.hit_ns()),
                figure(cost.exchange_ns()),
                percent(cost.fit.residual),
                cost.fit.points.to_string(),
            ]
        }));
    }
    grid.notes.push(
        "e: what a batch costs on its way out and back, one refill and one flush. hit: what a block \
         costs beside that, the copies and the harness with it. Residual: root of the mean square, as \
         a share of the time."
            .into(),
    );
    grid
}

fn curves(report: &Report) -> Grid {
    let mut grid = Grid::new("Model of e over cores: e(n) = e1 + c (n - 1) + k n (n - 1)");
    let up_to = report.model_up_to;
    grid.columns = [
        "strategy",
        "fitted",
        "to cores",
        "e1, ns",
        "c, ns",
        "k, ns",
        "residual",
        "points left over",
    ]
    .map(Into::into)
    .to_vec();
    grid.columns.push(format!("model on {up_to}, B = 64, Mop/s"));
    for model in &report.models {
        grid.rows.extend(model.curves.iter().map(|curve| {
            let cores: Vec<String> = curve.cores.iter().map(usize::to_string).collect();
            vec![
                model.strategy.clone(),
                curve.form.words().trim_start_matches("model, ").into(),
                cores.join(" "),
                figure(curve.first_ns),
                figure(curve.per_core_ns),
                if curve.form == Form::Law { figure(curve.per_pair_ns) } else { "-".into() },
                if curve.freedom == 0 { "none left".into() } else { percent(curve.residual) },
                curve.freedom.to_string(),
                figure(curve.throughput(up_to, 64)),
            ]
        }));
    }
    grid.notes = warnings(report);
    grid
}

/// What is to be known before the model is believed.
pub(super) fn warnings(report: &Report) -> Vec<String> {
    let curves = || report.models.iter().flat_map(|model| &model.curves);
    let mut all = Vec::new();
    if curves().any(|curve| curve.freedom == 0) {
        all.push(
            "A model, not a measurement. Two numbers of cores give a straight line through two points, \
             with nothing left over to contradict it. Whatever it says of more cores is an \
             extrapolation."
                .into(),
        );
    }
    if report.machine.first_two_are_one == Some(true) {
        all.push(
            "The first two logical cores are one physical core: what they share does not cross over, \
             and a line from 1 and 2 says little of cores that stand apart."
                .into(),
        );
    }
    for model in &report.models {
        let poor = model.costs.iter().filter(|cost| cost.fit.residual > POOR);
        all.extend(poor.map(|cost| {
            format!(
                "{} on {}: a poor fit, {} off. Its shape does not hold there, or the machine changed \
                 meanwhile.",
                model.strategy,
                if cost.cores == 1 { "1 core".into() } else { format!("{} cores", cost.cores) },
                percent(cost.fit.residual)
            )
        }));
        all.extend(model.missing.iter().map(|what| format!("{}: no fit: {what}.", model.strategy)));
    }
    all
}

/// The line from 1 and 2 cores against what more cores did.
fn against(report: &Report) -> Grid {
    let mut grid = Grid::new("The line from 1 and 2 cores, against what was measured on more");
    grid.columns =
        ["strategy", "cores", "B", "measured, Mop/s", "model, Mop/s", "model / measured"]
            .map(Into::into)
            .to_vec();
    for model in &report.models {
        let is_line = |curve: &&Curve| curve.form == Form::TwoCores;
        let Some(line) = model.curves.iter().find(is_line) else { continue };
        let points = report.sweep.iter().filter(|point| point.strategy == model.strategy);
        for point in points.filter(|point| point.threads > 2 && DRAWN.contains(&point.batch)) {
            let measured = point.threads as f64 * 1e3 / point.summary.median_ns;
            let told = line.throughput(point.threads, point.batch);
            grid.rows.push(vec![
                model.strategy.clone(),
                point.threads.to_string(),
                point.batch.to_string(),
                figure(measured),
                figure(told),
                format!("{:.2}", told / measured),
            ]);
        }
    }
    grid
}

/// A residual, as a share, that is worth a word.
const POOR: f64 = 0.1;

/// Batches that the model is drawn for.
pub(super) const DRAWN: [usize; 2] = [8, 64];

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scale::report::tests::report;

    fn named<'a>(all: &'a [Grid], word: &str) -> &'a Grid {
        all.iter().find(|grid| grid.title.contains(word)).expect("a grid of this name")
    }

    #[test]
    fn all_columns_have_cells_in_every_row() {
        for cores in [&[1][..], &[1, 2], &[1, 2, 4, 8, 16]] {
            for grid in grids(&report(cores)) {
                // One number of cores has no curve, and a note that says so.
                let is_curve = grid.title.contains("Model of e");
                assert_eq!(grid.rows.is_empty(), is_curve && cores == [1], "{}", grid.title);
                assert!(!grid.rows.is_empty() || !grid.notes.is_empty());
                for row in &grid.rows {
                    assert_eq!(row.len(), grid.columns.len(), "{grid:?}");
                }
                let text = format!("{}{}", grid.text(), grid.markdown());
                assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
            }
        }
    }

    #[test]
    fn a_crowd_is_called_one() {
        let all = grids(&report(&[1, 2]));
        let hit = named(&all, "hit:");
        assert!(hit.columns.contains(&"128, crowded".to_owned()), "{:?}", hit.columns);
        assert!(hit.notes.iter().any(|note| note.contains("more threads than cores")));
    }

    #[test]
    fn two_cores_are_warned_of_and_more_are_compared() {
        let two = grids(&report(&[1, 2]));
        let warned = |all: &[Grid]| {
            named(all, "Model of e").notes.iter().any(|note| note.contains("extrapolation"))
        };
        assert!(warned(&two));
        assert!(!two.iter().any(|grid| grid.title.contains("against")));
        let many = grids(&report(&[1, 2, 4, 8]));
        assert!(warned(&many), "its line from two cores still is one");
        // 4 and 8 cores, at both batches.
        assert_eq!(named(&many, "against").rows.len(), 4);
    }

    #[test]
    fn a_poor_fit_is_said() {
        let mut poor = report(&[1, 2]);
        assert!(!warnings(&poor).iter().any(|warning| warning.contains("poor")));
        // As if the machine had become another one for half of the batches.
        poor.sweep.iter_mut().step_by(2).for_each(|point| point.summary.median_ns *= 3.0);
        poor.models = crate::scale::model::models(&poor.sweep);
        let said: Vec<String> = warnings(&poor);
        assert_eq!(said.iter().filter(|warning| warning.contains("poor fit")).count(), 2);
        assert!(said.iter().any(|warning| warning.contains("TaggedWide on 1 core:")), "{said:?}");
    }

    #[test]
    fn markdown_has_a_line_between_header_and_rows() {
        let all = grids(&report(&[1, 2]));
        let text = named(&all, "least squares").markdown();
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert!(lines[1].chars().all(|c| "|-: ".contains(c)), "{text}");
        assert!(lines[2].contains("TaggedWide"), "{text}");
    }

    #[test]
    fn figures_have_three_or_four_digits() {
        assert_eq!([1234.5, 55.55, 1.234].map(figure), ["1234", "55.5", "1.23"]);
    }
}
