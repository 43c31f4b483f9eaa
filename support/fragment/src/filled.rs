//! Rounds of filling heaps, and what came of them.

use anyhow::{Context as _, Result};
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use stress::rng::Rng;

use crate::fill::Fill;
use crate::heap::Memory;
use crate::play::{Task, Work};
use crate::report::Bar;
use crate::subjects::Subject;

/// The heap's bytes.
const HEAP_BYTES: usize = 128 << 20;
/// The same blocks come to every heap.
const SEED: u64 = 1;

/// What must be used at least, in percent.
const BARS: [(&str, f64); 2] = [("GoodFit", 97.7), ("BestFit", 97.7)];

/// What rounds of filling gave.
#[derive(Debug, Serialize)]
pub(crate) struct Filled {
    /// The member or peer.
    pub(crate) subject: &'static str,
    pub(crate) heap_bytes: usize,
    /// Bytes of live blocks at the first refusal, in percent of the heap: the mean of all rounds.
    pub(crate) mean_percent: f64,
    /// That of each round.
    pub(crate) rounds_percent: Vec<f64>,
}

/// Fills a heap of each subject in so many rounds.
///
/// # Errors
///
/// There is no memory for the heap.
pub(crate) fn all(
    subjects: &[&'static Subject],
    rounds: u16,
    say: impl Fn(&str),
) -> Result<Vec<Filled>> {
    let memory = Memory::new(HEAP_BYTES).context("no memory for a heap")?;
    let one = |subject: &&'static Subject| {
        say(&format!("fill: {}, {rounds} rounds", subject.name));
        let round = |round| {
            let mut fill = Fill::new(Rng::new(SEED, round));
            (subject.play)(Task { buffer: memory.first(HEAP_BYTES), work: Work::Fill(&mut fill) });
            fill.percent
        };
        let rounds_percent: Vec<f64> = (0..rounds).map(round).collect();
        let mean_percent = rounds_percent.iter().sum::<f64>() / rounds_percent.len() as f64;
        Filled { subject: subject.name, heap_bytes: HEAP_BYTES, mean_percent, rounds_percent }
    };
    Ok(subjects.iter().map(one).collect())
}

/// What members promise, and whether they keep it.
pub(crate) fn judge(rows: &[Filled]) -> Vec<Bar> {
    let judge = |(member, least): &(&str, f64)| {
        let row = rows.iter().find(|row| row.subject == *member)?;
        let kept = row.mean_percent >= *least;
        let verdict = if kept { "kept" } else { "missed" };
        let mean = row.mean_percent;
        let words = format!("{member}: {mean:.2}% of the heap, at least {least:.1}%: {verdict}");
        Some(Bar { kept, words, compared: None })
    };
    BARS.iter().filter_map(judge).collect()
}

/// The table for people.
pub(crate) fn table(rows: &[Filled]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["allocator", "mean %", "least %", "most %"]);
    for row in rows {
        let (mut least, mut most) = (f64::MAX, f64::MIN);
        for percent in &row.rounds_percent {
            (least, most) = (least.min(*percent), most.max(*percent));
        }
        let cells = [row.mean_percent, least, most].map(|percent| format!("{percent:.2}"));
        table.add_row([row.subject.to_owned()].into_iter().chain(cells));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// The verdict in one line, and whether nothing is wrong.
pub(crate) fn verdict(rows: &[Filled], bars: &[Bar]) -> (bool, String) {
    let missed = bars.iter().filter(|bar| !bar.kept).count();
    let kept = bars.len() - missed;
    (missed == 0, format!("{} allocators filled; {kept} bars kept, {missed} missed", rows.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_kept_or_missed() {
        let row = |subject, mean_percent| Filled {
            subject,
            heap_bytes: 1,
            mean_percent,
            rounds_percent: vec![mean_percent],
        };
        let kept = |rows: &[Filled]| judge(rows).iter().map(|bar| bar.kept).collect::<Vec<_>>();
        assert_eq!(kept(&[row("GoodFit", 97.7), row("BestFit", 97.6)]), [true, false]);
        assert!(kept(&[row("talc", 1.0)]).is_empty());
        let rows = [row("BestFit", 97.6)];
        assert!(!verdict(&rows, &judge(&rows)).0);
    }
}
