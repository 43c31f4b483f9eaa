//! A run as a page: the bars, what changed, a plot for each workload, and memory.

use page::{Axis, Bar, BarChart, Cell, Page, Section, Table, Verdict};

use crate::baseline::{Change, Direction};
use crate::memory::{self, Held};
use crate::report::Report;
use crate::row::Row;
use crate::title::Role;

/// The page. `command` made the report; `changes` are against an earlier one, if there is one.
pub fn page(report: &Report, changes: Option<&[Change]>, command: &str) -> Page {
    let subtitle = format!(
        "{} cores, medians of {} interleaved rounds of about {} ms. Ratios within one run count; \
         times of different runs are not comparable.",
        report.cores, report.rounds, report.turn_ms
    );
    let mut page = Page::new("stampool: times and memory").subtitle(subtitle);
    page = page.section(bars(report));
    if let Some(changes) = changes {
        page = page.section(compared(changes));
    }
    if !report.memory.is_empty() {
        page = page.section(memory(&report.memory));
    }
    for workload in report.workloads() {
        let rows: Vec<&Row> = report.of(workload).collect();
        let mut section = plot(workload, &rows, report.cores, command);
        let mut holders = report.memory.iter().filter(|held| held.workload == workload).peekable();
        if holders.peek().is_some() {
            section = section.table(held(holders));
        }
        page = page.section(section);
    }
    page
}

fn bars(report: &Report) -> Section {
    let mut table =
        Table::new(["", "ratio", "at most", "promised", "workload", "subject", "against", ""])
            .stacks();
    for bar in &report.bars {
        let (verdict, word) =
            if bar.met { (Verdict::Good, "met") } else { (Verdict::Bad, "missed") };
        table = table.row([
            Cell::verdict(verdict, word),
            Cell::number(format!("{:.2}", bar.ratio)),
            Cell::number(format!("{:.2}", bar.worst)),
            Cell::number(bar.limit.to_string()),
            Cell::code(&bar.workload),
            Cell::text(bar.title()),
            Cell::text(&bar.against),
            Cell::text(bar.remark(report.cores).trim_start_matches(", ")),
        ]);
    }
    let met = report.bars.iter().filter(|bar| bar.met).count();
    let all = report.bars.len();
    let verdict = match (met, all) {
        (_, 0) => Verdict::Open,
        (met, all) if met == all => Verdict::Good,
        _ => Verdict::Bad,
    };
    Section::new("Promises").verdict(verdict, format!("{met} of {all} met")).table(table)
}

fn compared(changes: &[Change]) -> Section {
    let mut table = Table::new(["", "workload", "subject", "over", "before", "now"]).stacks();
    let ratio = |[low, median, high]: [f64; 3]| format!("{median:.2} ({low:.2} .. {high:.2})");
    for change in changes {
        let (verdict, word) = match change.direction() {
            Direction::Slower => (Verdict::Bad, "slower"),
            Direction::Faster => (Verdict::Good, "faster"),
            Direction::Same => continue,
        };
        table = table.row([
            Cell::verdict(verdict, word),
            Cell::code(&change.workload),
            Cell::text(&change.subject),
            Cell::text(&change.against),
            Cell::number(ratio(change.before)),
            Cell::number(ratio(change.now)),
        ]);
    }
    let slower = changes.iter().filter(|one| one.direction() == Direction::Slower).count();
    let verdict = match (slower, changes.len()) {
        (_, 0) => Verdict::Open,
        (0, _) => Verdict::Good,
        _ => Verdict::Bad,
    };
    Section::new("Since the baseline")
        .verdict(verdict, format!("{slower} of {} slower beyond the spread", changes.len()))
        .text("A ratio is over the peer that was fastest in the baseline; its span reaches from quartile over quartile to quartile over quartile. Rows whose spans overlap are left out.")
        .table(table)
}

fn plot(workload: &str, rows: &[&Row], cores: usize, command: &str) -> Section {
    let unit = rows.first().map_or("ns", |row| &row.unit);
    let mut chart = BarChart::new(workload, command, Axis::new(unit).log())
        .says("The shorter the better; marks are quartiles. Blue: stampool. Red: mallocs. Green: other lists and pools. Olive: what cannot be shared. Teal: prototypes.");
    let mut sorted = rows.to_vec();
    sorted.sort_by(|a, b| a.summary.median_ns.total_cmp(&b.summary.median_ns));
    for row in sorted {
        let summary = row.summary;
        if row.role == Role::Floor {
            chart = chart.line(&row.subject, summary.median_ns);
            continue;
        }
        chart = chart.bar(
            Bar::new(row.title(), summary.median_ns)
                .range(summary.lower_quartile_ns, summary.upper_quartile_ns)
                .style(style(row.role)),
        );
    }
    let mut section = Section::new(workload);
    if rows.first().is_some_and(|row| row.threads > cores) {
        section = section.verdict(Verdict::Open, "more threads than cores");
    }
    let disturbed = rows.iter().filter(|row| 2 * row.disturbed_rounds > row.rounds).count();
    if disturbed > 0 {
        let text = format!("{disturbed} of {} rows disturbed in most rounds", rows.len());
        section = section.verdict(Verdict::Open, text);
    }
    section.chart(chart)
}

/// A colour for each role.
pub(crate) const fn style(role: Role) -> usize {
    match role {
        Role::Ours => 0,
        Role::Malloc => 1,
        Role::Pool => 2,
        Role::Adapted => 3,
        Role::Limit | Role::Floor => 4,
        Role::Prototype => 5,
    }
}

fn memory(all: &[Held]) -> Section {
    let (verdict, words) = match memory::check(all) {
        Ok(()) => (Verdict::Good, "all pools within their bound".to_owned()),
        Err(words) => (Verdict::Bad, words),
    };
    Section::new("Memory").verdict(verdict, words).text(
        "Below the plots. Each subject has a process of its own; live blocks are counted, and every \
         block is written. Blocks are those cut, or asked for where a list can tell. Resident is the \
         peak, less what was there before the subject, with the harness's own, which the first \
         row tells; kept is what of it was there when all blocks had been given back.",
    )
}

/// What the subjects of one workload held.
fn held<'h>(rows: impl Iterator<Item = &'h Held>) -> Table {
    let header = ["memory"].into_iter().chain(memory::COLUMNS);
    rows.fold(Table::new(header).stacks(), |table, held| {
        let figures = held.figures().map(Cell::number);
        table.row([Cell::text(held.title())].into_iter().chain(figures))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Batch;
    use crate::row::tests::row;

    #[test]
    fn a_page_has_a_plot_for_each_workload_and_the_floor_as_a_line() {
        let rows = vec![
            row("hit/1/64", "harness alone", Role::Floor, None, 0.5),
            row("hit/1/64", "TaggedWide", Role::Ours, Some(Batch::SMALL), 1.5),
            row("hit/2/64", "TaggedWide", Role::Ours, Some(Batch::SMALL), 1.5),
        ];
        let html = page(&Report::new(1, 1, rows, Vec::new()), None, "bench").html();
        assert_eq!(html.matches("class=\"plot\"").count(), 2, "{html}");
        assert!(html.contains("harness alone") && html.contains("TaggedWide, B = 64"));
    }
}
