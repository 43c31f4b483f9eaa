//! How much of a heap can be used. Blocks of random sizes come, are resized and go until the heap has
//! no room for one; then the bytes of the live blocks are a share of the heap. The sizes, alignments
//! and chances are those of talc's benchmark `heap_efficiency`.

use core::alloc::Layout;
use core::ptr::NonNull;

use anyhow::{Context as _, Result};
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use stress::rng::Rng;

use crate::heap::{Heap, Memory};
use crate::play::{Task, Work};
use crate::report::Bar;
use crate::subjects::Subject;

/// The heap's bytes.
const HEAP_BYTES: usize = 128 << 20;
/// No new block has so many bytes.
const SIZES: usize = 10_000;
/// No resized block has so many bytes.
const RESIZED_SIZES: usize = 10 * SIZES;
/// The least size of a new block.
pub(crate) const LEAST_BYTES: usize = 4;
/// The same blocks come to every heap.
const SEED: u64 = 1;

/// What must be used at least, in percent.
const BARS: [(&str, f64); 2] = [("GoodFit", 97.7), ("BestFit", 97.7)];

/// One round of filling one heap: the random numbers, and what came of it.
#[derive(Debug)]
pub(crate) struct Fill {
    rng: Rng,
    percent: f64,
}

/// A live block, its layout, and what frees it.
type Block<H> = (NonNull<u8>, Layout, <H as Heap>::Handle);

impl Fill {
    const fn new(rng: Rng) -> Self {
        Self { rng, percent: 0.0 }
    }

    /// Fills the heap of `bytes`.
    pub(crate) fn run<H: Heap>(&mut self, heap: &mut H, bytes: usize) {
        let mut live: Vec<Block<H>> = Vec::new();
        while self.step(heap, &mut live).is_some() {}
        let used: usize = live.iter().map(|(_, layout, _)| layout.size()).sum();
        self.percent = used as f64 / bytes as f64 * 100.0;
    }

    /// One step: half of all steps allocate, a tenth free, and the others resize. None if the heap has
    /// no room.
    fn step<H: Heap>(&mut self, heap: &mut H, live: &mut Vec<Block<H>>) -> Option<()> {
        let chance = self.rng.below(10);
        if chance < 5 {
            let layout = self.layout();
            let (block, handle) = heap.allocate(layout)?;
            live.push((block, layout, handle));
        } else if !live.is_empty() {
            let at = self.rng.below(live.len());
            if chance == 5 {
                let (block, layout, handle) = live.swap_remove(at);
                // SAFETY: the block is live, and this is its layout.
                unsafe { heap.deallocate(block, layout, handle) };
            } else {
                let size = self.rng.up_to(RESIZED_SIZES - 1);
                let (block, old, handle) = live[at];
                let new = Layout::from_size_align(size, old.align()).expect("a small layout");
                // SAFETY: as above; the alignment stays.
                let (block, handle) = unsafe { heap.resize(block, old, new, handle) }?;
                live[at] = (block, new, handle);
            }
        }
        Some(())
    }

    /// Small sizes are more frequent than large ones; every second doubling of the alignment is a
    /// quarter as frequent as the one before.
    fn layout(&mut self) -> Layout {
        let limit = 16 + self.rng.below(SIZES - 16);
        let size = LEAST_BYTES + self.rng.below(limit - LEAST_BYTES);
        let zeros = (self.rng.below(1 << 16) | 1 << 16).trailing_zeros();
        let align = align_of::<usize>() << (zeros / 2);
        Layout::from_size_align(size, align).expect("a small layout")
    }
}

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
    rounds: usize,
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
        let rounds = u16::try_from(rounds).unwrap_or(u16::MAX);
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
        Some(Bar { kept, words })
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
    use crate::heap::Buffer;

    /// Half of the heap stays unused, and blocks never come back.
    struct Half(Buffer, usize);

    impl Heap for Half {
        type Handle = ();

        fn allocate(&mut self, layout: Layout) -> Option<(NonNull<u8>, ())> {
            let end = self.1 + layout.size();
            (end <= self.0.len / 2).then(|| {
                self.1 = end;
                (self.0.start, ())
            })
        }

        unsafe fn deallocate(&mut self, _: NonNull<u8>, _: Layout, (): ()) {}

        unsafe fn resize(
            &mut self,
            block: NonNull<u8>,
            old: Layout,
            new: Layout,
            (): (),
        ) -> Option<(NonNull<u8>, ())> {
            let end = self.1 - old.size() + new.size();
            (end <= self.0.len / 2).then(|| {
                self.1 = end;
                (block, ())
            })
        }
    }

    #[test]
    fn a_heap_that_leaves_half_of_its_bytes_has_less_than_half() {
        let memory = Memory::new(HEAP_BYTES).expect("memory");
        let mut fill = Fill::new(Rng::new(SEED, 0));
        let buffer = memory.first(HEAP_BYTES);
        fill.run(&mut Half(buffer, 0), buffer.len);
        assert!((30.0..50.0).contains(&fill.percent), "{}", fill.percent);
    }

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
