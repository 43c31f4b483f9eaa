//! The page: the table, the bars, and each heap's map.

use page::{Axis, Bar, BarChart, Cell, MapChart, Page, Section, Table, Verdict};

use crate::measure::Measured;
use crate::report::{COLUMNS, Report, Row, is_number};

/// Draws it.
pub(crate) fn page(report: &Report, is_fine: bool, maps: &[Measured]) -> Page {
    let source = format!("cargo run --release -p fragment -- {}", report.command.join(" "));
    let sign = if is_fine { Verdict::Good } else { Verdict::Bad };
    let mut verdicts = Section::new("Verdict").verdict(sign, &report.verdict);
    for bar in &report.bars {
        let sign = if bar.kept { Verdict::Good } else { Verdict::Bad };
        verdicts = verdicts.verdict(sign, &bar.words);
    }
    let by = report.counted_by.unwrap_or("nothing: not measured");
    let words = format!(
        "The smallest heap in which the trace replays, over the most bytes that are live at once. \
         Bytes beside the heap are the allocator's value and what it obtains elsewhere. Times are \
         CPU time, the median of the rounds, the loop included; instructions, counted by {by}, are \
         without the loop. Both are measured in a heap {} times the smallest.",
        report.measured_in
    );
    let figures = Section::new("Figures").text(words).table(table(&report.rows));
    let mut page = Page::new("Heaps of real programs").subtitle(&source);
    page = page.section(verdicts).section(figures);
    let mut traces: Vec<&str> = Vec::new();
    for row in &report.rows {
        if !traces.contains(&row.trace.as_str()) {
            traces.push(&row.trace);
        }
    }
    for trace in traces {
        page = page.section(maps_of(trace, maps, &source));
    }
    page
}

fn table(rows: &[Row]) -> Table {
    rows.iter().fold(Table::new(COLUMNS), |table, row| {
        table.row(row.cells().into_iter().enumerate().map(|(column, text)| {
            if is_number(column) { Cell::number(text) } else { Cell::text(text) }
        }))
    })
}

fn maps_of(trace: &str, maps: &[Measured], source: &str) -> Section {
    let own = || maps.iter().filter(|measured| measured.row.trace == trace);
    let mut chart = BarChart::new(
        format!("Smallest heaps, {trace}"),
        source,
        Axis::new("heap over the most live bytes"),
    )
    .line("what is live", 1.0);
    for (number, row) in own().map(|measured| &measured.row).enumerate() {
        if let Some(heap) = row.heap {
            chart = chart.bar(Bar::new(&row.subject, heap).style(number));
        }
    }
    let mut section = Section::new(format!("The trace {trace}")).chart(chart);
    for Measured { row, map } in own() {
        let (Some(map), Some(heap)) = (map, row.heap) else { continue };
        let chart = MapChart::new(format!("{}, {trace}", row.subject), source)
            .says(format!("The smallest heap, {heap:.3} of the peak: darker is more of it live."))
            .axes("from the first event to the last", "addresses")
            .columns(map.columns().to_vec());
        section = section.chart(chart);
    }
    section
}
