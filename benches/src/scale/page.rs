//! A run as a page: for each work a plot over threads, and the model beside what was measured.

use page::{Axis, Bar, BarChart, Cell, LineChart, Page, Section, Series, Table, Verdict};

use super::grid::{self, DRAWN, Grid};
use super::model::{Form, Model};
use super::powers_and_last;
use super::report::{Report, Row};
use super::sweep::Point;
use super::work::Work;
use crate::batch::Batch;
use crate::html;
use crate::title::names;
use stampool::raw::STRATEGIES;

/// Colours of the style sheet: one more, and the same comes again with dashes.
const COLOURS: usize = 8;

/// The page. `command` made the report.
pub fn page(report: &Report, command: &str) -> Page {
    let subtitle = format!(
        "{}. Medians of {} interleaved rounds of about {} ms, all subjects and all numbers of threads \
         by turns. Ratios within one run count.",
        report.machine, report.rounds, report.turn_ms
    );
    let mut page = Page::new("stampool: throughput over threads").subtitle(subtitle);
    for work in report.works() {
        page = page.section(over_threads(report, work, command));
    }
    if !report.models.is_empty() {
        page = page.section(model(report, command));
    }
    if !report.left_out.is_empty() {
        let section = Section::new("Left out");
        let all = report.left_out.iter();
        page = page.section(all.fold(section, |section, what| section.text(what)));
    }
    page
}

fn table(grid: &Grid) -> Table {
    let mut table = Table::new(grid.columns.clone());
    for row in &grid.rows {
        table = table.row(row.iter().enumerate().map(|(column, text)| match column {
            0 => Cell::text(text),
            _ => Cell::number(text),
        }));
    }
    table
}

fn over_threads(report: &Report, work: Work, command: &str) -> Section {
    let rows: Vec<&Row> = report.of(work).collect();
    let mut section = Section::new(work.name());
    if rows.iter().any(|row| row.crowded) {
        section = section.verdict(Verdict::Open, "partly more threads than cores");
    }
    let disturbed = rows.iter().filter(|row| grid::is_disturbed(row, report)).count();
    if disturbed > 0 {
        let text = format!("{disturbed} of {} figures disturbed in most rounds", rows.len());
        section = section.verdict(Verdict::Open, text);
    }
    section = section.text(grid::operation(work));
    let is_one_place = rows.iter().all(|row| row.threads == rows[0].threads);
    section = if is_one_place {
        section.chart(bars(&rows, work, command))
    } else {
        let [speed, share] = lines(&rows, report.machine.cores, work, command);
        section.chart(speed).chart(share)
    };
    let grid = grid::throughput(report, work);
    let folded = Section::new("Figures, with quartiles").table(table(&grid));
    section.folded(grid.notes.iter().fold(folded, |section, note| section.text(note)))
}

/// Bars are coloured as on the page of the benchmarks.
const SAYS: &str = "The longer the better; marks are quartiles. Blue: stampool. Red: mallocs. Green: \
                    other lists. Olive: the harness alone.";

/// Where there is one number of threads, lines would be points.
fn bars(rows: &[&Row], work: Work, command: &str) -> BarChart {
    let threads = rows.first().map_or(1, |row| row.threads);
    let title = format!("{}: throughput on {threads} threads", work.name());
    let axis = Axis::new("million operations per second").log();
    let mut rows = rows.to_vec();
    rows.sort_by(|a, b| b.throughput.median_mops.total_cmp(&a.throughput.median_mops));
    rows.iter().fold(BarChart::new(title, command, axis).says(SAYS), |chart, row| {
        let speed = row.throughput;
        let bar = Bar::new(row.title(), speed.median_mops);
        chart.bar(bar.range(speed.lower_mops, speed.upper_mops).style(html::style(row.role)))
    })
}

/// Throughput, and what is left of it per thread.
fn lines(rows: &[&Row], cores: usize, work: Work, command: &str) -> [LineChart; 2] {
    let chart = |what: &str, says: &str, axis: Axis| {
        let title = format!("{}: {what}", work.name());
        LineChart::new(title, command).says(says).x(Axis::new("threads").steps()).y(axis)
    };
    let mut speed = chart(
        "throughput",
        "Up is more. Solid: stampool, and the harness alone. Dashed: what one would use instead.",
        Axis::new("million operations per second").log(),
    );
    let mut share = chart(
        "what is left per thread",
        "Throughput per thread, as a share of that on the fewest threads.",
        Axis::new("share"),
    );
    let mut titles: Vec<String> = rows.iter().map(|row| row.title()).collect();
    titles.sort_by_key(|title| rows.iter().find(|row| row.title() == *title).map(|row| style(row)));
    titles.dedup();
    for title in titles {
        let same: Vec<&&Row> = rows.iter().filter(|row| row.title() == title).collect();
        let Some(first) = same.first() else { continue };
        let points = |figure: fn(&Row) -> f64| {
            same.iter().map(|row| (row.threads as f64, figure(row))).collect::<Vec<_>>()
        };
        let series = |points| Series::new(&title, points).style(style(first));
        speed = speed.series(series(points(|row| row.throughput.median_mops)));
        share = share.series(series(points(|row| row.efficiency)));
    }
    // A crowd cannot do more than all cores.
    let ideal = |fewest: usize, at_fewest: f64, per_thread: bool| {
        let points = rows.iter().map(|row| {
            let times = row.threads.min(cores.max(fewest)) as f64 / fewest as f64;
            let shared = if per_thread { row.threads as f64 / fewest as f64 } else { 1.0 };
            (row.threads as f64, at_fewest * times / shared)
        });
        ascending(points)
    };
    if let Some(first) = rows.iter().find(|row| row.subject == STRATEGIES[0]) {
        let name = format!("ideal: {}, times threads, up to all cores", first.title());
        let points = ideal(first.threads, first.throughput.median_mops, false);
        speed = speed.series(Series::new(name, points).limit());
    }
    if let Some(fewest) = rows.iter().map(|row| row.threads).min() {
        share = share.series(Series::new("ideal", ideal(fewest, 1.0, true)).limit());
    }
    [speed, share]
}

/// By the first of the pair, each once.
fn ascending(points: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut points: Vec<_> = points.collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points.dedup();
    points
}

/// The same look for a subject in all plots: our own colours without dashes, peers dashed.
fn style(row: &Row) -> usize {
    let is_growing = row.batch.is_some_and(|batch: Batch| batch.min < batch.max);
    let place = |names: &[&str]| names.iter().position(|name| *name == row.subject);
    // The first strategy has two looks: of fixed batches, and of those that grow.
    match place(STRATEGIES) {
        Some(0) => usize::from(is_growing),
        Some(at) => at + 1,
        None => STRATEGIES.len() + 1 + place(&OTHERS).unwrap_or(OTHERS.len()),
    }
}

/// In the order of their looks, behind the strategies: the pool without caches, the harness, and
/// peers, which have dashes since the strategies take the first turn of the colours.
const OTHERS: [&str; 6] =
    [names::EXACT, names::FLOOR, "mimalloc", "jemalloc", names::SYSTEM, names::ARRAY_QUEUE];

fn model(report: &Report, command: &str) -> Section {
    let up_to = report.model_up_to;
    let warnings = grid::warnings(report);
    let mut section = Section::new("Model: exchanges over cores").text(
        "Bursts that are much longer than a cache, with batches of 1 to 128 blocks. For each number of \
         cores t(B) = hit + e / B is fitted by least squares; e is what a batch costs on its way out \
         and back. Then e is fitted over cores. Solid lines are measured, dashed lines are the model.",
    );
    for warning in warnings {
        section = section.verdict(Verdict::Open, warning);
    }
    for model in &report.models {
        let points: Vec<&Point> =
            report.sweep.iter().filter(|point| point.strategy == model.strategy).collect();
        section = section.chart(over_batches(model, &points, command));
        section = section.chart(over_cores(model, &points, up_to, command));
    }
    for grid in grid::model(report) {
        let folded = Section::new(&grid.title).table(table(&grid));
        section = section.folded(grid.notes.iter().fold(folded, |part, note| part.text(note)));
    }
    section
}

fn over_batches(model: &Model, points: &[&Point], command: &str) -> LineChart {
    let mut chart = LineChart::new(format!("{}: a block over batches", model.strategy), command)
        .says("Down is faster. Dashed: hit + e / B.")
        .x(Axis::new("blocks of a batch").steps())
        .y(Axis::new("ns per block, on each thread").log());
    let mut cores: Vec<usize> = points.iter().map(|point| point.threads).collect();
    cores.dedup();
    for (look, cores) in cores.into_iter().enumerate() {
        let here: Vec<&&Point> = points.iter().filter(|point| point.threads == cores).collect();
        let name = if cores == 1 { "1 core".into() } else { format!("{cores} cores") };
        let measured = here.iter().map(|point| (point.batch as f64, point.summary.median_ns));
        chart = chart.series(Series::new(&name, measured).style(look % COLOURS));
        if let Some(cost) = model.costs.iter().find(|cost| cost.cores == cores) {
            let told = here.iter().map(|point| (point.batch as f64, cost.block_ns(point.batch)));
            let name = format!("{name}, model");
            chart = chart.series(Series::new(name, told).style(look % COLOURS + COLOURS));
        }
    }
    chart
}

fn over_cores(model: &Model, points: &[&Point], up_to: usize, command: &str) -> LineChart {
    let mut cores: Vec<usize> = points.iter().map(|point| point.threads).collect();
    cores.extend(powers_and_last(up_to));
    cores.sort_unstable();
    cores.dedup();
    let mut chart = LineChart::new(format!("{}: throughput, and a model", model.strategy), command)
        .says("Up is more. Solid: measured. Dashed: a model, whatever it says.")
        .x(Axis::new("cores").steps())
        .y(Axis::new("million blocks per second").log());
    for (look, batch) in DRAWN.into_iter().enumerate() {
        for curve in &model.curves {
            let told = cores.iter().map(|&cores| (cores as f64, curve.throughput(cores, batch)));
            // The line from two cores and its rivals: other colours, dashed all of them.
            let rival = match curve.form {
                Form::TwoCores => 0,
                Form::Line => 2,
                Form::Law => 4,
            };
            let name = format!("B = {batch}, {}", curve.form.words());
            chart = chart.series(Series::new(name, told).style(COLOURS + look + rival));
        }
        // Last, and so on top.
        let here = points.iter().filter(|point| point.batch == batch);
        let measured = here.map(|point| {
            let cores = point.threads as f64;
            (cores, cores * 1e3 / point.summary.median_ns)
        });
        let name = format!("B = {batch}, measured");
        chart = chart.series(Series::new(name, measured).style(look));
    }
    chart
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scale::report::tests::report;

    fn text(cores: &[usize]) -> String {
        page(&report(cores), "cargo xtask scale").html()
    }

    #[test]
    fn a_page_has_two_plots_for_each_work_and_two_for_each_strategy() {
        let html = text(&[1, 2]);
        assert_eq!(html.matches("class=\"plot\"").count(), 4, "{html}");
        for word in ["ideal", "extrapolation", "Test &lt;CPU&gt;", "model, line from 1 and 2 cores"]
        {
            assert!(html.contains(word), "{word}");
        }
        assert!(!html.contains("NaN"));
        assert!(!html.contains("scalability law from"), "two cores give no law");
    }

    #[test]
    fn what_is_a_model_is_dashed_and_called_one() {
        // Names stand in the title of each line.
        let html = text(&[1, 2, 4, 8, 16]);
        let lines: Vec<&str> = html.split("<path class=\"line\"").skip(1).collect();
        let titled = lines.iter().filter(|line| line.contains("<title>"));
        let (mut models, mut measured) = (0, 0);
        for line in titled {
            let (path, rest) = line.split_once('>').expect("closed");
            let name = rest.split_once("</title>").expect("closed").0;
            let is_dashed = path.contains("stroke-dasharray=\"6 3\"");
            if name.contains("model") {
                assert!(is_dashed, "{name}: {path}");
                models += 1;
            } else if !name.contains("jemalloc") {
                assert!(!is_dashed, "{name}: {path}");
                measured += 1;
            }
        }
        // Batches: one for each of five numbers of cores. Cores: three curves for two batches.
        assert_eq!(models, 5 + 6);
        // The same five, two batches, and a pool in two plots.
        assert_eq!(measured, 5 + 2 + 2);
    }

    #[test]
    fn peers_have_the_dashes_and_pools_have_not() {
        let all = report(&[1, 2]);
        for row in &all.rows {
            assert_eq!(style(row) >= COLOURS, row.subject == "jemalloc", "{row:?}");
        }
    }
}
