//! The report as a page: verdicts on top, then the table, then a chart for each workload.

use page::{Axis, Bar, BarChart, Cell, Page, Section, Table, Verdict};

use super::figures::{Found, Measure};
use super::table::{self, COLUMNS, NUMBERS};

pub(super) fn page(found: &Found) -> Page {
    let made = &found.made;
    let page = Page::new("The allocator family of stampool")
        .subtitle(format!("{}, commit {}, {}", made.date, made.commit, made.processor))
        .section(verdicts(found))
        .section(Section::new("Members and their best peers").text(
            "One row for each figure of a member. The ratio is that of the member's figure to its best \
             peer's; less is better. A bar is what a member promises.",
        ).table(rows(found)));
    let page = Measure::ALL
        .into_iter()
        .filter(|measure| !found.workloads(*measure).is_empty())
        .fold(page, |page, measure| page.section(charts(found, measure)));
    let source = Section::new("Where this comes from").code(&made.command);
    let lines = found.ran.iter().chain(&found.left);
    page.section(lines.fold(source, |section, line| section.text(line)))
}

fn verdicts(found: &Found) -> Section {
    let all = if found.failures().is_empty() { Verdict::Good } else { Verdict::Bad };
    let section = Section::new("Verdicts").verdict(all, found.verdict());
    let faults = found.faults.iter();
    let section = faults.fold(section, |section, fault| section.verdict(Verdict::Bad, fault));
    let missed = found.bars.iter().filter(|bar| !bar.is_kept());
    missed.fold(section, |section, bar| {
        // A bar that is known to be missed does not fail the command.
        let verdict = if bar.fails() { Verdict::Bad } else { Verdict::Open };
        section.verdict(verdict, bar.words())
    })
}

fn rows(found: &Found) -> Table {
    table::rows(found).into_iter().fold(Table::new(COLUMNS), |drawn, row| {
        let verdict = match row.verdict {
            table::Verdict::Kept => Some(Verdict::Good),
            table::Verdict::Missed => Some(Verdict::Bad),
            table::Verdict::Unbarred => None,
        };
        drawn.row(row.cells.into_iter().enumerate().map(|(column, text)| match verdict {
            Some(verdict) if column == COLUMNS.len() - 1 => Cell::verdict(verdict, text),
            _ if NUMBERS.contains(&column) => Cell::number(text),
            _ => Cell::text(text),
        }))
    })
}

/// Members have one colour, and peers another.
fn charts(found: &Found, measure: Measure) -> Section {
    let section = Section::new(format!("Figures: {}", measure.title()))
        .text("Members in the first colour, peers in the second. Less is better.");
    found.workloads(measure).into_iter().fold(section, |section, workload| {
        let axis = Axis::new(measure.unit());
        let chart = BarChart::new(workload, &found.made.command, axis);
        let bars = found.of(measure, workload);
        section.chart(bars.fold(chart, |chart, figure| {
            chart.bar(Bar::new(&figure.subject, figure.value).style(usize::from(!figure.is_member)))
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::super::figures::{self, Figure};
    use super::*;
    use crate::common::made::Made;

    #[test]
    fn the_page_has_every_figure_its_bar_and_its_command() {
        let made = Made { command: "cargo xtask family --full".into(), ..Made::default() };
        let mut found = Found::new(made);
        for (subject, value) in [("GoodFit", 1.25), ("talc", 1.5)] {
            found.figures.push(Figure::new(Measure::Heap, "an event of t", subject, value));
        }
        found.bars.push(figures::Bar {
            measure: Measure::Heap,
            workload: "an event of t".into(),
            member: "GoodFit".into(),
            peer: None,
            ratio: 1.25,
            most: 1.125,
            fails_above: Some(1.125),
        });
        found.left.push("threads: only with --full".into());
        let html = page(&found).html();
        for word in [
            "GoodFit: 1.25",
            "talc: 1.5",
            "smallest heap / peak",
            "at most 1.125: missed",
            "0 of 1 bars kept",
            "cargo xtask family --full",
            "threads: only with --full",
        ] {
            assert!(html.contains(word), "{word}");
        }
        assert!(html.contains("verdict bad"));
    }
}
