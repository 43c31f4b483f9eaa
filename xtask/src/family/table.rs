//! The table: one row for each figure of a member, with that of its best peer.

use super::figures::{Bar, Figure, Found, Measure};
use crate::common::terminal;

pub(super) const COLUMNS: [&str; 8] =
    ["measure", "of", "member", "value", "best peer", "its value", "ratio", "bars"];

/// The columns that hold numbers.
pub(super) const NUMBERS: [usize; 3] = [3, 5, 6];

/// What a row comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All bars are kept.
    Kept,
    /// One is missed.
    Missed,
    /// There is none.
    Unbarred,
}

/// The cells of a row, in the order of [`COLUMNS`].
pub(super) struct Row {
    pub(super) cells: [String; 8],
    pub(super) verdict: Verdict,
}

/// All rows, by measure and by what was measured.
pub(super) fn rows(found: &Found) -> Vec<Row> {
    let mut rows = Vec::new();
    for measure in Measure::ALL {
        for workload in found.workloads(measure) {
            let members = found.of(measure, workload).filter(|figure| figure.is_member);
            rows.extend(members.map(|figure| row(found, figure)));
        }
    }
    rows
}

fn row(found: &Found, figure: &Figure) -> Row {
    let Figure { measure, workload, subject, value, .. } = figure;
    let peer = found.best_peer(*measure, workload);
    let digits = if *measure == Measure::Heap { 3 } else { 1 };
    let number = |value: f64| format!("{value:.digits$}");
    let bars: Vec<&Bar> = found.bars_of(figure).collect();
    let verdict = match &bars[..] {
        [] => Verdict::Unbarred,
        bars if bars.iter().all(|bar| bar.is_kept()) => Verdict::Kept,
        _ => Verdict::Missed,
    };
    let words: Vec<String> = bars.iter().map(|bar| short(bar)).collect();
    let cells = [
        measure.title().into(),
        workload.clone(),
        subject.clone(),
        number(*value),
        peer.map_or("-".into(), |peer| peer.subject.clone()),
        peer.map_or("-".into(), |peer| number(peer.value)),
        peer.map_or("-".into(), |peer| format!("{:.2}", value / peer.value)),
        words.join("; "),
    ];
    Row { cells, verdict }
}

fn short(bar: &Bar) -> String {
    let Bar { peer, ratio, most, .. } = bar;
    let of = peer.as_ref().map_or(String::new(), |peer| format!(" of {peer}"));
    let verdict = if bar.is_kept() { "kept" } else { "missed" };
    format!("{verdict}: {ratio:.2}{of}, at most {most}")
}

/// The table for the terminal.
pub(super) fn table(found: &Found) -> comfy_table::Table {
    let mut table = terminal::table(COLUMNS, NUMBERS);
    for row in rows(found) {
        table.add_row(row.cells);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::made::Made;

    #[test]
    fn a_row_has_the_best_peer_and_all_bars() {
        let mut found = Found::new(Made::default());
        for (subject, value) in [("Linear", 12.0), ("bumpalo", 20.0), ("bump-scope", 10.0)] {
            found.figures.push(Figure::new(Measure::Instructions, "allocate", subject, value));
        }
        let bar = |peer: &str, ratio| Bar {
            measure: Measure::Instructions,
            workload: "allocate".into(),
            member: "Linear".into(),
            peer: Some(peer.into()),
            ratio,
            most: 1.0,
            fails_above: Some(1.5),
        };
        found.bars = vec![bar("bumpalo", 0.6), bar("bump-scope", 1.2)];
        let rows = rows(&found);
        assert_eq!(rows.len(), 1, "peers have no rows");
        assert_eq!(rows[0].cells[3..7], ["12.0", "bump-scope", "10.0", "1.20"]);
        assert!(rows[0].cells[7].contains("kept: 0.60 of bumpalo"), "{}", rows[0].cells[7]);
        assert_eq!(rows[0].verdict, Verdict::Missed);
        assert!(found.failures().is_empty(), "it is known");
    }
}
