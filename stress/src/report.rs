//! The results: as JSON for other tools, as a table for people.
//!
//! The fields are described in `stress/README.md`. They stay as they are within one
//! [`FORMAT`]; new ones may be added.

use std::io::{self, Write as _};
use std::path::Path;

use comfy_table::{Cell, CellAlignment, Color, Table, presets};
use serde::{Deserialize, Serialize};

use crate::environment::About;
use crate::memory::Sample;
use crate::place::replace;
use crate::replay::ClassBooks;

/// Version of the JSON's shape.
pub const FORMAT: u32 = 1;

/// Everything that one command found out.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// `run` or `replay`.
    pub command: &'static str,
    /// Where it ran, and by what command line.
    #[serde(flatten)]
    pub about: About,
    /// Seed of the random choices; `null` for a replay, which makes none.
    pub seed: Option<u64>,
    /// One line per run.
    pub results: Vec<Row>,
    /// One line per subject and size class of a replay.
    pub classes: Vec<ClassRow>,
    /// One line per violation.
    pub violations: Vec<ViolationRow>,
    /// The run that hung, which is the last one; `null` where none did.
    pub hang: Option<HangRow>,
}

/// A run that hung. It is not among the results.
#[derive(Clone, Debug, Serialize)]
pub struct HangRow {
    /// The subject.
    pub strategy: String,
    /// The scenario.
    pub scenario: String,
    /// Threads at work at once.
    pub threads: usize,
    /// Why it counts as hung, and which thread is where, a line for each.
    pub what: String,
    /// The command that runs the same again.
    pub again: String,
}

/// The result of one run, or of the rounds of one replay.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The strategy asked for, or the general allocator.
    pub strategy: String,
    /// The strategy that the pool really used; `null` for the general allocator.
    pub mechanism: Option<&'static str>,
    /// Whether its exchanges are lock-free on this machine; `null` for the general allocator.
    pub lock_free: Option<bool>,
    /// Width of its tag; `null` for the general allocator.
    pub tag_bits: Option<u32>,
    /// The scenario, or `replay:` and the name of the trace.
    pub scenario: String,
    /// How the pool looks for misuse; `null` for a replay, as are the next three.
    pub checking: Option<&'static str>,
    /// Whether each thread was to stay on one core.
    pub pinned: Option<bool>,
    /// Blocks that the pool may have, where the scenario sets a limit; else `null`.
    pub max_carved_blocks: Option<usize>,
    /// Allocations refused at that limit.
    pub refusals: Option<u64>,
    /// What each of several consumers got, where they compete; else `null`.
    pub shares: Option<Vec<u64>>,
    /// The largest of those over the smallest: 1 is fair. `null` where one got nothing, too.
    pub fairness: Option<f64>,
    /// Threads at work at once.
    pub threads: usize,
    /// Size of a block, in bytes; `null` for a replay.
    pub block_bytes: Option<usize>,
    /// Blocks per batch, the least where batches grow.
    pub batch_blocks: usize,
    /// Blocks of the largest batch.
    pub most_batch_blocks: usize,
    /// Allocations and deallocations.
    pub ops: u64,
    /// Wall-clock seconds; the median of a replay's timed rounds.
    pub seconds: f64,
    /// `seconds` per operation, in nanoseconds.
    pub ns_per_op: f64,
    /// Whether each block was checked while that time was taken.
    pub checked_while_timed: bool,
    /// Blocks ever cut from chunks; `null` for the general allocator. A replay adds up its classes
    /// here and in the next two.
    pub carved_blocks: Option<usize>,
    /// Most blocks live at once, never too low; `null` for the general allocator.
    pub peak_live_blocks: Option<usize>,
    /// The memory bound for that peak; `null` for the general allocator.
    pub bound_blocks: Option<usize>,
    /// Refills and flushes in a replay's checked round; `null` for a general allocator, and a run.
    pub exchanges: Option<u64>,
    /// How one more thread was held up, `forever` or for how long at a time; `null` where none was.
    pub stall: Option<String>,
    /// Most emptied magazines seen waiting at once; `null` for a replay, as are the next four.
    pub peak_limbo_magazines: Option<usize>,
    /// The most that may wait.
    pub limbo_limit: Option<usize>,
    /// How often an exchange had to go through a lock.
    pub overflows: Option<u64>,
    /// How often a CAS of a list's head came too late and was tried again; `null` for `system`.
    pub cas_failures: Option<u64>,
    /// Magazines made.
    pub magazines: Option<usize>,
    /// The most that carving and handles may have brought.
    pub most_magazines: Option<usize>,
    /// Memory over the time of the run; empty for a replay.
    pub memory: Vec<Sample>,
    /// The command that does this one again.
    pub again: String,
    /// Number of violations.
    pub violations: usize,
    /// `ok` or `violation`, or `nothing done` for a run without an operation.
    pub verdict: &'static str,
}

/// What became of one size class in a replay's checked round.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ClassRow {
    /// The subject.
    pub strategy: String,
    /// `replay:` and the name of the trace.
    pub scenario: String,
    /// Size of a block, in bytes.
    pub block_bytes: usize,
    /// Objects of the trace in this class.
    pub objects: usize,
    /// Most live at once in the recording.
    pub recorded_peak_blocks: usize,
    /// Most live at once in the replay, never too low.
    pub peak_live_blocks: usize,
    /// Blocks ever cut from chunks.
    pub carved_blocks: usize,
    /// The memory bound for that peak.
    pub bound_blocks: usize,
    /// Refills and flushes.
    pub exchanges: Option<u64>,
}

/// One thing that was found wrong.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ViolationRow {
    /// The subject.
    pub strategy: String,
    /// The scenario.
    pub scenario: String,
    /// Threads at work at once.
    pub threads: usize,
    /// What was found.
    pub what: String,
    /// The command that runs the same again.
    pub again: String,
}

/// The word for so many violations.
pub fn verdict(violations: usize) -> &'static str {
    if violations == 0 { "ok" } else { "violation" }
}

/// The verdict on a run without an operation. Nothing was found, and nothing could be found.
pub const NOTHING_DONE: &str = "nothing done";

/// The verdict on a run of so many operations.
pub fn verdict_on_run(ops: u64, violations: usize) -> &'static str {
    if ops == 0 && violations == 0 { NOTHING_DONE } else { verdict(violations) }
}

impl ClassRow {
    /// The line for one class; `None` for the books of a round that was only timed.
    pub fn new(strategy: &str, scenario: &str, books: &ClassBooks) -> Option<Self> {
        let limit = books.limit?;
        Some(Self {
            strategy: strategy.to_owned(),
            scenario: scenario.to_owned(),
            block_bytes: books.block_bytes,
            objects: books.objects,
            recorded_peak_blocks: books.recorded_peak,
            peak_live_blocks: limit.peak_live_blocks,
            carved_blocks: books.carved_blocks,
            bound_blocks: limit.bound_blocks,
            exchanges: books.exchanges,
        })
    }
}

/// What a command found out, as it is printed and saved.
pub trait Findings {
    /// All of it as JSON.
    fn json(&self) -> String;

    /// The tables for people.
    fn text(&self) -> String;

    /// Whether there is anything for the tables.
    fn has_results(&self) -> bool;

    /// What was found wrong.
    fn violations(&self) -> &[ViolationRow];

    /// How many runs did no operation.
    fn idle_runs(&self) -> usize {
        0
    }

    /// Writes the JSON.
    ///
    /// What lay there is replaced as a whole, or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    fn save(&self, path: &Path) -> io::Result<()> {
        replace(path, &self.json())
    }
}

impl Findings for Report {
    fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain structs serialise") + "\n"
    }

    fn text(&self) -> String {
        let mut text = self.results_table().to_string();
        if !self.classes.is_empty() {
            text += &format!("\n\nper size class, in the checked round\n{}", self.class_table());
        }
        text + "\n"
    }

    fn has_results(&self) -> bool {
        !self.results.is_empty()
    }

    fn violations(&self) -> &[ViolationRow] {
        &self.violations
    }

    fn idle_runs(&self) -> usize {
        self.results.iter().filter(|row| row.verdict == NOTHING_DONE).count()
    }
}

/// What a row says in a column of its own.
type Column = fn(&Row) -> Option<String>;

impl Row {
    /// How even the shares were.
    fn fairness_text(&self) -> Option<String> {
        let shares = self.shares.as_ref()?;
        let starved = shares.iter().filter(|share| **share == 0).count();
        let ratio = self.fairness.map(|fairness| format!("{fairness:.2}"));
        Some(ratio.unwrap_or_else(|| format!("{starved} got none")))
    }
}

impl Report {
    /// Whether anything ran.
    pub(crate) fn found_anything(&self) -> bool {
        !self.results.is_empty() || !self.violations.is_empty() || self.hang.is_some()
    }

    fn results_table(&self) -> Table {
        let mut header = vec!["strategy", "scenario", "ops", "ns/op", "carved", "bound"];
        let further = self.further_columns();
        header.extend(further.iter().map(|(title, _)| title));
        header.push("verdict");
        let mut table = table(&header);
        for row in &self.results {
            let color = match row.verdict {
                "ok" => Color::Green,
                NOTHING_DONE => Color::Yellow,
                _ => Color::Red,
            };
            let mut cells = vec![
                Cell::new(&row.strategy),
                Cell::new(format!("{} x{}", row.scenario, row.threads)),
                number(row.ops),
                number(known((row.ops > 0).then(|| format!("{:.1}", row.ns_per_op)))),
                number(known(row.carved_blocks)),
                number(known(row.bound_blocks)),
            ];
            cells.extend(further.iter().map(|(_, column)| number(known(column(row)))));
            cells.push(Cell::new(row.verdict).fg(color));
            table.add_row(cells);
        }
        table
    }

    /// The columns that only some runs have, where one of these did. The table leaves out most of
    /// the counts, so that it fits a terminal of 100 columns; the file and the page have them.
    fn further_columns(&self) -> Vec<(&'static str, Column)> {
        let checking: Column =
            |row| row.checking.filter(|checking| *checking != "off").map(str::to_owned);
        let all: [(_, Column); 5] = [
            ("overflows", |row| {
                row.overflows.filter(|overflows| *overflows > 0).map(|count| count.to_string())
            }),
            ("exchanges", |row| row.exchanges.map(|exchanges| exchanges.to_string())),
            ("checking", checking),
            ("max/min", Row::fairness_text),
            ("refused", |row| {
                row.max_carved_blocks.and(row.refusals).map(|refusals| refusals.to_string())
            }),
        ];
        let used = |column: Column| self.results.iter().any(|row| column(row).is_some());
        all.into_iter().filter(|(_, column)| used(*column)).collect()
    }

    fn class_table(&self) -> Table {
        let mut table = table(&[
            "strategy",
            "block",
            "objects",
            "recorded peak",
            "peak live",
            "carved",
            "bound",
            "exchanges",
        ]);
        for row in &self.classes {
            table.add_row(vec![
                Cell::new(&row.strategy),
                number(row.block_bytes),
                number(row.objects),
                number(row.recorded_peak_blocks),
                number(row.peak_live_blocks),
                number(row.carved_blocks),
                number(row.bound_blocks),
                number(known(row.exchanges)),
            ]);
        }
        table
    }
}

/// Says something on stderr. Where that is closed there is nobody to hear it.
pub(crate) fn note(line: &str) {
    _ = writeln!(io::stderr().lock(), "{line}");
}

/// Prints to stdout; a closed pipe is an error here, not a panic.
///
/// # Errors
/// stdout is gone.
pub fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// An empty table.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    table
}

/// A cell for a number.
pub(crate) fn number(value: impl ToString) -> Cell {
    Cell::new(value).set_alignment(CellAlignment::Right)
}

fn known(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
