//! The whole heap, looked at after each call.

use core::alloc::Layout;
use core::ptr::NonNull;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::index::Ranges;
use super::range::{FreeRange, GRANULE, WORD};
use super::{BestFit, FreeRanges, GoodFit, Index};
use crate::source::{LimitedSource, Source, SystemSource};

/// Where blocks begin, and their layouts.
type Live = BTreeMap<NonNull<u8>, Layout>;

/// Holds the invariants I1 to I3 against the heap, and says what is wrong.
fn look<S: Source, I: Index>(heap: &FreeRanges<S, I>, live: &Live) -> Result<(), String> {
    let mut pieces: BTreeMap<usize, (usize, bool)> = BTreeMap::new();
    let mut enter = |start: NonNull<u8>, bytes, is_free| match pieces
        .insert(start.addr().get(), (bytes, is_free))
    {
        None => Ok(()),
        Some(_) => Err(format!("two pieces begin at {start:p}")),
    };
    for (start, layout) in live {
        enter(*start, layout.size().next_multiple_of(GRANULE), false)?;
    }
    let mut free = Vec::new();
    heap.index.visit(|range| free.push(range));
    for range in &free {
        enter(range.start, range.bytes, true)?;
        // SAFETY: the range has so many bytes.
        let end = unsafe { range.start.add(range.bytes) };
        // SAFETY: the range is in the index.
        let ends = unsafe { FreeRange::ending_at(end) };
        // SAFETY: as above.
        if ends != *range || unsafe { FreeRange::beginning_at(range.start) } != *range {
            return Err(format!("the ends of {range:?} say something else"));
        }
    }
    if !heap.index.is_sound() {
        return Err("the index's own records are wrong".into());
    }
    let mut seen = 0;
    for region in heap.regions.borrow().iter() {
        let (mut at, end) = (region.start(), region.end());
        let mut was_free = false;
        while at < end {
            let Some((bytes, is_free)) = pieces.get(&at.addr().get()).copied() else {
                return Err(format!("nothing begins at {at:p}"));
            };
            if was_free && is_free {
                return Err(format!("two free ranges touch at {at:p}"));
            }
            let first = region.granule(at);
            if region.is_border(first) != (was_free != is_free) {
                return Err(format!("the border at {at:p} is wrong"));
            }
            if (first + 1..first + bytes / GRANULE).any(|granule| region.is_border(granule)) {
                return Err(format!("there is a border inside of the piece at {at:p}"));
            }
            was_free = is_free;
            seen += 1;
            at = at.map_addr(|at| at.saturating_add(bytes));
        }
        if at != end || region.is_border(region.granule(end)) != was_free {
            return Err("the end of a region is wrong".into());
        }
    }
    if seen == pieces.len() { Ok(()) } else { Err("a piece lies in no region".into()) }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Allocate(usize, u32),
    Free(usize),
    Resize(usize, usize),
    Reset,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let size = prop_oneof![4 => 1..64_usize, 4 => 1..600_usize, 1 => 1..20_000_usize];
    let step = prop_oneof![
        20 => (size.clone(), 0..9_u32).prop_map(|(size, align)| Step::Allocate(size, align)),
        14 => any::<usize>().prop_map(Step::Free),
        6 => (any::<usize>(), size).prop_map(|(which, size)| Step::Resize(which, size)),
        1 => Just(Step::Reset),
    ];
    proptest::collection::vec(step, 1..if cfg!(miri) { 12 } else { 120 })
}

fn run<S: Source, I: Index>(mut heap: FreeRanges<S, I>, steps: &[Step]) -> Result<(), String> {
    let mut live = Live::new();
    for step in steps {
        let chosen = |which: usize| {
            let nth = which.checked_rem(live.len())?;
            live.iter().nth(nth).map(|(start, layout)| (*start, *layout))
        };
        match *step {
            Step::Allocate(size, align) => {
                let layout = Layout::from_size_align(size, 1 << align).expect("a layout");
                if let Ok(block) = heap.allocate(layout) {
                    // SAFETY: the block is live.
                    unsafe { block.cast::<u8>().write_bytes(0xEE, block.len()) };
                    live.insert(block.cast(), layout);
                }
            }
            Step::Free(which) => {
                let Some((start, layout)) = chosen(which) else { continue };
                live.remove(&start);
                // SAFETY: the block is live.
                unsafe { heap.deallocate(start, layout) };
            }
            Step::Resize(which, size) => {
                let Some((start, old)) = chosen(which) else { continue };
                let new = Layout::from_size_align(size, old.align()).expect("a layout");
                let resized = if size >= old.size() {
                    // SAFETY: the block is live, and the size is not smaller.
                    unsafe { heap.grow_in_place(start, old, new) }
                } else {
                    // SAFETY: the block is live, and the size is not larger.
                    unsafe { heap.shrink_in_place(start, old, new) }
                };
                if resized.is_ok() {
                    live.insert(start, new);
                }
            }
            Step::Reset => {
                heap.reset();
                live.clear();
            }
        }
        look(&heap, &live)?;
        let used: usize = live.values().map(|layout| layout.size().next_multiple_of(GRANULE)).sum();
        if heap.usage().used_bytes != used {
            return Err("another number of bytes in use".into());
        }
    }
    Ok(())
}

/// A source that gives 64 KiB in all.
fn small() -> LimitedSource<SystemSource> {
    LimitedSource::new(SystemSource, 64 << 10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 40 }))]

    #[test]
    fn good_fit_keeps_its_invariants(steps in steps()) {
        prop_assert_eq!(run(GoodFit::with_first_chunk(small(), 600), &steps), Ok(()));
    }

    #[test]
    fn best_fit_keeps_its_invariants(steps in steps()) {
        prop_assert_eq!(run(BestFit::with_first_chunk(small(), 600), &steps), Ok(()));
    }
}

/// A heap with some blocks and some free ranges.
fn heap() -> (GoodFit<SystemSource>, Live) {
    let heap = FreeRanges::new(SystemSource);
    let layout = Layout::new::<[u64; 6]>();
    let blocks: [_; 9] = core::array::from_fn(|_| heap.allocate(layout).expect("memory").cast());
    for block in blocks.iter().step_by(3) {
        // SAFETY: the block is live.
        unsafe { heap.deallocate(*block, layout) };
    }
    let live = blocks.iter().enumerate().filter(|(nth, _)| nth % 3 != 0);
    (heap, live.map(|(_, block)| (*block, layout)).collect())
}

type Fault = fn(&GoodFit<SystemSource>, &mut Live);

/// Each fault that is made in the heap must be seen, or a look at it means nothing.
#[test]
fn the_look_at_the_heap_sees_faults() {
    let (sound, live) = heap();
    assert_eq!(look(&sound, &live), Ok(()));
    let faults: [(&str, Fault); 5] = [
        ("the border", |heap, live| {
            let (start, region) = (*live.keys().next().expect("a block"), heap.region.get());
            region.toggle(region.granule(start));
        }),
        ("there is a border inside", |heap, live| {
            let (start, region) = (*live.keys().next().expect("a block"), heap.region.get());
            region.toggle(region.granule(start) + 1);
        }),
        ("nothing begins", |_, live| {
            live.pop_first();
        }),
        ("say something else", |heap, _| {
            let mut last = None;
            heap.index.visit(|range| last = Some(range));
            let range = last.expect("a free range");
            // SAFETY: the last word of a free range.
            let word = unsafe { range.start.add(range.bytes - WORD) };
            // SAFETY: as above.
            unsafe { word.cast::<usize>().write(GRANULE * 2) };
        }),
        ("nothing begins", |heap, _| heap.index.clear()),
    ];
    for (words, fault) in faults {
        let (broken, mut live) = heap();
        fault(&broken, &mut live);
        let said = look(&broken, &live).expect_err("the fault is seen");
        assert!(said.contains(words), "{said}");
    }
}
