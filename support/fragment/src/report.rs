//! Results: rows for machines, and the table for people.

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    /// The smallest heap over the peak.
    Heap,
    /// Instructions of an event, without those of the loop.
    Instructions,
    /// Nanoseconds of CPU time of an event.
    Time,
}

/// What was measured of one subject on one trace.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// The member or peer.
    pub(crate) subject: String,
    pub(crate) trace: String,
    /// Most live bytes of the trace.
    pub(crate) peak_bytes: usize,
    /// Whether the search was given up, because a replay took too long.
    pub(crate) gave_up: bool,
    /// The smallest heap, if one that was tried is large enough.
    pub(crate) heap_bytes: Option<usize>,
    /// The smallest heap over the peak.
    pub(crate) heap: Option<f64>,
    /// Bytes kept outside of the heap.
    pub(crate) beside_bytes: usize,
    /// The heaps in which every byte was checked, as multiples of the peak.
    pub(crate) checked_at: Vec<f64>,
    /// Those of them that were too small, though they are not smaller than the smallest.
    pub(crate) refused_at: Vec<f64>,
    /// CPU time of an event, the median of the rounds, with that of the loop.
    pub(crate) ns_per_event: Option<f64>,
    /// CPU time of an event in each round.
    pub(crate) rounds_ns: Vec<f64>,
    /// Instructions of an event, without those of the loop.
    pub(crate) instructions_per_event: Option<f64>,
    /// What the heap did that it may not do.
    pub(crate) violation: Option<String>,
}

impl Row {
    /// A row without figures.
    pub(crate) fn new(subject: &str, trace: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            trace: trace.to_owned(),
            peak_bytes: 0,
            gave_up: false,
            heap_bytes: None,
            heap: None,
            beside_bytes: 0,
            checked_at: Vec::new(),
            refused_at: Vec::new(),
            ns_per_event: None,
            rounds_ns: Vec::new(),
            instructions_per_event: None,
            violation: None,
        }
    }

    /// A figure, if it was measured.
    pub(crate) const fn figure(&self, figure: Figure) -> Option<f64> {
        match figure {
            Figure::Heap => self.heap,
            Figure::Instructions => self.instructions_per_event,
            Figure::Time => self.ns_per_event,
        }
    }

    /// The figures in words, in the order of [`COLUMNS`].
    pub(crate) fn cells(&self) -> [String; 7] {
        let or = |value: Option<f64>, digits: usize, otherwise: &str| {
            value.map_or(otherwise.to_owned(), |value| format!("{value:.digits$}"))
        };
        let checked = match (&self.violation, &self.refused_at[..]) {
            (Some(violation), _) => violation.clone(),
            (None, []) if self.checked_at.is_empty() => "-".to_owned(),
            (None, []) => format!("intact at {}", multiples(&self.checked_at)),
            (None, refused) => format!("refused at {}", multiples(refused)),
        };
        let no_heap = match self.gave_up {
            true => "too slow".to_owned(),
            false => format!("more than {}", crate::search::MOST),
        };
        [
            self.subject.clone(),
            self.trace.clone(),
            or(self.heap, 3, &no_heap),
            self.beside_bytes.to_string(),
            or(self.ns_per_event, 1, "not measured"),
            or(self.instructions_per_event, 1, "not measured"),
            checked,
        ]
    }
}

/// Multiples of the peak, in words.
fn multiples(all: &[f64]) -> String {
    let words: Vec<_> = all.iter().map(|times| format!("{times:.2}")).collect();
    words.join(", ")
}

/// What the columns are called.
pub(crate) const COLUMNS: [&str; 7] = [
    "allocator",
    "trace",
    "smallest heap / peak",
    "bytes beside the heap",
    "ns per event",
    "instructions per event",
    "contents",
];

/// Whether a column has numbers.
pub(crate) const fn is_number(column: usize) -> bool {
    column >= 2 && column <= 5
}

/// Everything, for machines.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The words behind the program's name.
    pub(crate) command: Vec<String>,
    /// How instructions were counted.
    pub(crate) counted_by: Option<&'static str>,
    /// The heap in which times and instructions were measured, over the subject's smallest.
    pub(crate) measured_in: f64,
    pub(crate) rows: Vec<Row>,
    pub(crate) bars: Vec<Bar>,
    /// One line.
    pub(crate) verdict: String,
}

/// A bar, in words.
#[derive(Debug, Serialize)]
pub(crate) struct Bar {
    pub(crate) kept: bool,
    pub(crate) words: String,
    /// The same for machines, where the bar is one of a replay.
    #[serde(flatten)]
    pub(crate) compared: Option<Compared>,
}

/// What a bar of a replay compares.
#[derive(Debug, Serialize)]
pub(crate) struct Compared {
    pub(crate) member: String,
    pub(crate) trace: String,
    /// The name of the [`Figure`], in lower case.
    pub(crate) figure: String,
    /// Whose figure is one; none if the figure itself is compared.
    pub(crate) peer: Option<&'static str>,
    pub(crate) ratio: f64,
    pub(crate) most: f64,
}

/// The rows as a table.
pub(crate) fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(COLUMNS);
    for row in rows {
        table.add_row(row.cells());
    }
    for (number, column) in table.column_iter_mut().enumerate() {
        if is_number(number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// The verdict in one line, and whether nothing is wrong.
pub(crate) fn verdict(rows: &[Row], bars: &[Bar]) -> (bool, String) {
    let broken = rows.iter().filter(|row| row.violation.is_some()).count();
    let refused = rows.iter().filter(|row| !row.refused_at.is_empty()).count();
    let missed = bars.iter().filter(|bar| !bar.kept).count();
    let contents = match broken {
        0 => "all contents as they were written".to_owned(),
        broken => format!("{broken} broke the contract"),
    };
    let refused = match refused {
        0 => String::new(),
        refused => format!(", {refused} refused a heap above their smallest"),
    };
    let bars = format!("{} bars kept, {missed} missed", bars.len() - missed);
    let words = format!("{} replays measured: {contents}{refused}; {bars}", rows.len());
    (broken == 0 && missed == 0, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_heap_and_a_missed_bar_are_no_success() {
        let fine = Row::new("A", "t");
        let broken = Row { violation: Some("x".to_owned()), ..fine.clone() };
        let bar = |kept| Bar { kept, words: String::new(), compared: None };
        assert!(verdict(core::slice::from_ref(&fine), &[bar(true)]).0);
        assert!(!verdict(core::slice::from_ref(&fine), &[bar(false)]).0);
        let (is_fine, words) = verdict(&[fine, broken], &[]);
        assert!(!is_fine);
        assert!(words.contains("1 broke the contract"), "{words}");
    }
}
