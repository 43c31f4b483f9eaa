//! One replay of a trace on one heap, or one fill of it.

use core::alloc::Layout;
use core::ptr::NonNull;

use cpu_time::ThreadTime;

use crate::counting::Watch;
use crate::fill::{self, Fill};
use crate::heap::{Buffer, Heap};
use crate::map::Map;
use crate::steps::{Step, Steps, index};

/// What is looked at during a replay.
#[derive(Debug)]
pub(crate) enum Look<'a> {
    /// Only whether the trace fits, and the time.
    Nothing,
    /// Every byte of every block, and where blocks lie.
    Contents,
    /// Where blocks lie, over time.
    Places(&'a mut Map),
}

/// What is done with a heap.
#[derive(Debug)]
pub(crate) enum Work<'a> {
    /// A trace is replayed.
    Replay(&'a Steps, Look<'a>),
    /// The heap is filled.
    Fill(&'a mut Fill),
}

/// Work to be done on a heap in a buffer.
#[derive(Debug)]
pub(crate) struct Task<'a> {
    pub(crate) buffer: Buffer,
    pub(crate) work: Work<'a>,
}

/// Why a replay ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The heap had no block for this step.
    Full(usize),
    /// The heap broke the contract at this step.
    Broken(usize, &'static str),
}

/// What a replay gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Played {
    pub(crate) end: Result<(), Stop>,
    /// The thread's CPU time in the replay's loop.
    pub(crate) nanos: u128,
    /// Bytes that the heap keeps outside of its buffer: its value, and what it obtains from the
    /// program's allocator, at most at once.
    pub(crate) beside_bytes: usize,
}

/// A live block, and what frees it.
type Block<H> = Option<(NonNull<u8>, <H as Heap>::Handle)>;

impl Task<'_> {
    /// The most blocks that are live at once.
    pub(crate) const fn peak_blocks(&self) -> usize {
        match &self.work {
            Work::Replay(steps, _) => steps.peak_blocks,
            Work::Fill(_) => self.buffer.len / fill::LEAST_BYTES,
        }
    }

    /// Works on the heap that `make` makes in the buffer; it makes none if the buffer is too small
    /// for its records.
    pub(crate) fn on<H: Heap>(self, make: impl FnOnce(Buffer) -> Option<H>) -> Played {
        let objects = match &self.work {
            Work::Replay(steps, _) => steps.objects,
            Work::Fill(_) => 0,
        };
        let mut blocks: Vec<Block<H>> = vec![None; objects];
        let watch = Watch::start();
        let Some(mut heap) = make(self.buffer) else {
            return Played { end: Err(Stop::Full(0)), nanos: 0, beside_bytes: size_of::<H>() };
        };
        let start = ThreadTime::now();
        let end = match self.work {
            Work::Replay(Steps { list, .. }, Look::Nothing) => {
                counted(&mut heap, list, &mut blocks)
            }
            Work::Replay(Steps { list, .. }, Look::Contents) => {
                checked(&mut heap, list, &mut blocks, self.buffer)
            }
            Work::Replay(Steps { list, .. }, Look::Places(map)) => {
                mapped(&mut heap, list, &mut blocks, self.buffer, map)
            }
            Work::Fill(fill) => {
                fill.run(&mut heap, self.buffer.len);
                Ok(())
            }
        };
        let nanos = start.elapsed().as_nanos();
        let beside_bytes = size_of::<H>() + watch.peak();
        Played { end, nanos, beside_bytes }
    }
}

/// The replay alone. callgrind counts within this function, by its name.
#[inline(never)]
fn counted<H: Heap>(heap: &mut H, steps: &[Step], blocks: &mut [Block<H>]) -> Result<(), Stop> {
    for (number, step) in steps.iter().enumerate() {
        one(heap, number, step, &mut blocks[index(step.object)])?;
    }
    Ok(())
}

#[inline(always)]
fn one<H: Heap>(
    heap: &mut H,
    number: usize,
    step: &Step,
    block: &mut Block<H>,
) -> Result<(), Stop> {
    if step.allocates {
        *block = Some(heap.allocate(step.layout).ok_or(Stop::Full(number))?);
    } else if let Some((start, handle)) = block.take() {
        // SAFETY: the block is live, and a trace has the same layout at both.
        unsafe { heap.deallocate(start, step.layout, handle) };
    }
    Ok(())
}

fn mapped<H: Heap>(
    heap: &mut H,
    steps: &[Step],
    blocks: &mut [Block<H>],
    buffer: Buffer,
    map: &mut Map,
) -> Result<(), Stop> {
    for (number, step) in steps.iter().enumerate() {
        let block = &mut blocks[index(step.object)];
        let before = *block;
        one(heap, number, step, block)?;
        if let Some((start, _)) = block.or(before) {
            let offset = start.addr().get().saturating_sub(buffer.start.addr().get());
            map.note(offset, step.layout.size(), step.allocates);
        }
        map.tick(number + 1);
    }
    Ok(())
}

fn checked<H: Heap>(
    heap: &mut H,
    steps: &[Step],
    blocks: &mut [Block<H>],
    buffer: Buffer,
) -> Result<(), Stop> {
    let mut live = vec![None; blocks.len()];
    for (number, step) in steps.iter().enumerate() {
        let at = index(step.object);
        let broken = |what| Err(Stop::Broken(number, what));
        if !step.allocates
            && let Some((start, _)) = blocks[at]
            && !holds(start, step.layout, step.object)
        {
            return broken("a block's bytes have changed");
        }
        one(heap, number, step, &mut blocks[at])?;
        live[at] = blocks[at].is_some().then_some(*step);
        if let Some((start, _)) = blocks[at] {
            let (address, layout) = (start.addr().get(), step.layout);
            let is_inside = address >= buffer.start.addr().get()
                && address.checked_add(layout.size()).is_some_and(|end| end <= buffer.end());
            if !is_inside {
                return broken("a block lies outside of the heap");
            }
            if !address.is_multiple_of(layout.align()) {
                return broken("a block is not aligned");
            }
            write(start, layout, step.object);
        }
    }
    let mut left = live.iter().flatten();
    let lost = left.any(|step| {
        let (start, _) = blocks[index(step.object)].expect("a live block");
        !holds(start, step.layout, step.object)
    });
    if lost {
        return Err(Stop::Broken(steps.len(), "the bytes of a block that stays have changed"));
    }
    Ok(())
}

/// The byte of an object's block at this place.
fn byte(object: u32, at: usize) -> u8 {
    let word = (u64::from(object) << 32 | at as u64 >> 3).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word.to_be_bytes()[at % 8]
}

fn write(start: NonNull<u8>, layout: Layout, object: u32) {
    for at in 0..layout.size() {
        // SAFETY: within a block of so many bytes.
        let place = unsafe { start.add(at) };
        // SAFETY: as above; nobody else has the block, or the check finds it.
        unsafe { place.write(byte(object, at)) };
    }
}

fn holds(start: NonNull<u8>, layout: Layout, object: u32) -> bool {
    (0..layout.size()).all(|at| {
        // SAFETY: within a block of so many bytes.
        let place = unsafe { start.add(at) };
        // SAFETY: as above, and they were written when it was allocated.
        unsafe { place.read() == byte(object, at) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Memory;
    use crate::members::Nothing;

    fn step(object: u32, allocates: bool, size: usize, align: usize) -> Step {
        let layout = Layout::from_size_align(size, align).expect("a layout");
        Step { object, allocates, layout }
    }

    /// A heap that hands blocks out one behind the other, shifted by so many bytes.
    struct Skewed(Buffer, usize, usize);

    impl Heap for Skewed {
        type Handle = ();

        fn allocate(&mut self, layout: Layout) -> Option<(NonNull<u8>, ())> {
            let at = self.2;
            self.2 += layout.size();
            Some((self.0.start.map_addr(|start| start.saturating_add(at + self.1)), ()))
        }

        unsafe fn deallocate(&mut self, _: NonNull<u8>, _: Layout, (): ()) {}
    }

    #[test]
    fn faults_of_a_heap_are_found_and_named() {
        let memory = Memory::new(1 << 16).expect("memory");
        let two = [step(0, true, 64, 8), step(1, true, 64, 8), step(0, false, 64, 8)];
        let steps = Steps::new("two", two.to_vec());
        let play = |len, make: fn(Buffer) -> Skewed| {
            let work = Work::Replay(&steps, Look::Contents);
            let task = Task { buffer: memory.first(len), work };
            task.on(|buffer| Some(make(buffer))).end
        };
        assert_eq!(play(128, |buffer| Skewed(buffer, 0, 0)), Ok(()));
        let outside = Stop::Broken(1, "a block lies outside of the heap");
        assert_eq!(play(127, |buffer| Skewed(buffer, 0, 0)), Err(outside));
        let unaligned = Stop::Broken(0, "a block is not aligned");
        assert_eq!(play(256, |buffer| Skewed(buffer, 4, 0)), Err(unaligned));

        let work = Work::Replay(&steps, Look::Contents);
        let task = Task { buffer: memory.first(128), work };
        let overlaps = task.on(|buffer| Some(Nothing(buffer))).end;
        assert_eq!(overlaps, Err(Stop::Broken(2, "a block's bytes have changed")));

        let stays = Steps::new("stays", two[..2].to_vec());
        let work = Work::Replay(&stays, Look::Contents);
        let task = Task { buffer: memory.first(128), work };
        let overlaps = task.on(|buffer| Some(Nothing(buffer))).end;
        let words = "the bytes of a block that stays have changed";
        assert_eq!(overlaps, Err(Stop::Broken(2, words)));
    }
}
