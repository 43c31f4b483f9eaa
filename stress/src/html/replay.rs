//! Charts of `replay`: the time of a recorded program's allocations, and the memory.

use page::{Axis, Bar, BarChart, Cell, Section, Table};

use super::read::{Input, Run};
use super::run::distinct;
use super::style::style;
use crate::report::ClassRow;

/// A chart of times for each trace, and the books of its size classes.
pub(super) fn replay(input: &Input, runs: &[Run], classes: &[ClassRow]) -> Section {
    let mut section = Section::new("Replays").text(
        "A recorded program's allocations and deallocations, without what the program did between \
         them. The median of the timed rounds; less is better.",
    );
    for scenario in distinct(runs.iter().map(|run| &run.scenario)) {
        let mut chart =
            BarChart::new(scenario, input.source(), Axis::new("nanoseconds per operation"));
        for run in runs.iter().filter(|run| &run.scenario == scenario && run.seconds > 0.0) {
            chart = chart.bar(Bar::new(run.subject(), run.ns_per_op).style(style(&run.strategy)));
        }
        section = section.chart(chart);
        let own = runs.iter().filter(|run| &run.scenario == scenario);
        match own.filter_map(|run| run.cas_failures).max() {
            // From before they were kept.
            None => continue,
            Some(0) => {
                let words = format!("No CAS failed in the checked round of {scenario}.");
                section = section.text(words);
                continue;
            }
            Some(_) => {}
        }
        let mut failures = BarChart::new(
            format!("{scenario}, CAS failures"),
            input.source(),
            Axis::new("failures per million operations"),
        )
        .says("Of the checked round.");
        let counted = runs.iter().filter(|run| &run.scenario == scenario && run.ops > 0);
        for (run, count) in counted.filter_map(|run| Some((run, run.cas_failures?))) {
            let value = count as f64 / run.ops as f64 * 1e6;
            failures = failures.bar(Bar::new(run.subject(), value).style(style(&run.strategy)));
        }
        section = section.chart(failures);
    }
    section.folded(Section::new("Memory by size class, in the checked round").table(table(classes)))
}

fn table(classes: &[ClassRow]) -> Table {
    let header = [
        "strategy",
        "trace",
        "block, bytes",
        "objects",
        "recorded peak",
        "peak live",
        "carved",
        "bound",
    ];
    classes.iter().fold(Table::new(header), |table, row| {
        table.row([
            Cell::text(&row.strategy),
            Cell::text(&row.scenario),
            Cell::number(row.block_bytes),
            Cell::number(row.objects),
            Cell::number(row.recorded_peak_blocks),
            Cell::number(row.peak_live_blocks),
            Cell::number(row.carved_blocks),
            Cell::number(row.bound_blocks),
        ])
    })
}
