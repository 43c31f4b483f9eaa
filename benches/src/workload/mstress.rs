//! mimalloc-bench's mstress: threads come and go; each allocates, keeps a third of it to its end,
//! frees random ones of the rest, and swaps some with those of other threads.
//!
//! Source: Leijen's mstress in mimalloc-bench (`P 50 25`). Taken from there: 100 allocations times
//! the scale on the first thread, twice as many on the second, up to eight times; half as many
//! again that are retained; after each, a chance of 66 % to free one of the thread's own, which
//! leaves a gap, and of 25 % to swap one with one of 1,000 places that all threads share; threads
//! begin anew in each iteration, and half of the places are emptied in between. Blocks are written
//! when allocated and read when freed.
//!
//! What differs: all blocks are of one size (there: powers of two, one in a hundred far larger);
//! the scale is 10 in place of 50, and a turn has as many iterations as it has time for in place
//! of 25; of each line of a block one word is written and read. Beginning a thread is not part of
//! the figure, attaching to the subject and leaving it is.

use core::hint::black_box;
use core::mem;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use super::random::Random;
use super::touch::{read, write};
use crate::sample::{Gate, Span, on_threads_alike};
use crate::subjects::AnySubject;
use crate::{Handle, Sample, Take};

/// Places that all threads share.
const TRANSFERS: usize = 1000;
const SCALE: usize = 10;
/// Chances in a hundred.
const FREE: usize = 66;
const SWAP: usize = 25;
const KEEP_PLACE: usize = 50;

pub(super) type Transfers = [AtomicPtr<u8>; TRANSFERS];

/// What thread `nth` allocates in an iteration and does not retain.
const fn allocations(nth: usize) -> usize {
    100 * SCALE * (nth % 8 + 1)
}

/// And what it retains.
const fn retained(nth: usize) -> usize {
    allocations(nth) / 2
}

/// Allocations of all of `threads` in an iteration.
const fn per_iteration(threads: usize) -> usize {
    let (mut all, mut nth) = (0, 0);
    while nth < threads {
        all += allocations(nth) + retained(nth);
        nth += 1;
    }
    all
}

/// More blocks are never live: all that an iteration allocates, and what the places had from the
/// one before. So many are not reached, since two of three are freed meanwhile.
pub(super) const fn live_blocks(threads: usize) -> usize {
    per_iteration(threads) + TRANSFERS
}

/// Times about `operations` allocations, of all of `threads` together.
pub(super) fn sample(
    subject: &dyn AnySubject,
    threads: usize,
    touched_bytes: usize,
    operations: u64,
) -> Sample {
    let transfers = &[const { AtomicPtr::new(ptr::null_mut()) }; TRANSFERS];
    let per_iteration = per_iteration(threads) as u64;
    let iterations = operations.div_ceil(per_iteration).max(1);
    let mut random = Random::of(threads);
    let mut whole: Option<Sample> = None;
    for iteration in 1..=iterations {
        let gate = &Gate::new(threads);
        let spans = on_threads_alike(threads, |nth| {
            let mut own = Own::new(nth);
            let mut work = || {
                subject.with_handle(|handle| handle.stress(&mut own, transfers, touched_bytes));
            };
            Span::of(gate, &mut work)
        });
        let between = Span::of(&Gate::new(1), || {
            let chance = if iteration == iterations { 100 } else { KEEP_PLACE };
            subject.with_handle(|handle| {
                handle.clear(transfers, &mut random, chance, touched_bytes);
            });
        });
        let stress = Span::together(&spans, per_iteration);
        let both = stress.then(Span::together(&[between], 0));
        whole = Some(whole.map_or(both, |sample| sample.then(both)));
    }
    whole.expect("an iteration")
}

/// Empties places, each with this chance in a hundred.
#[inline(never)]
pub(super) fn clear(
    handle: &mut impl Handle,
    transfers: &Transfers,
    random: &mut Random,
    chance: usize,
    touched_bytes: usize,
) {
    for place in transfers {
        if random.chance(chance) {
            let block = place.swap(ptr::null_mut(), Ordering::Acquire);
            put_back(handle, block, touched_bytes);
        }
    }
}

/// A thread's own blocks.
pub(crate) struct Own {
    random: Random,
    allocations: usize,
    retained: Vec<NonNull<u8>>,
    /// With gaps, where blocks were freed or swapped for nothing.
    data: Vec<*mut u8>,
}

impl Own {
    fn new(nth: usize) -> Self {
        Self {
            random: Random::of(nth),
            allocations: allocations(nth),
            retained: Vec::with_capacity(retained(nth)),
            data: Vec::with_capacity(allocations(nth)),
        }
    }

    #[inline(never)]
    pub(super) fn stress(
        &mut self,
        handle: &mut impl Handle,
        transfers: &Transfers,
        touched_bytes: usize,
    ) {
        let Self { random, data, retained, .. } = self;
        let (mut to_allocate, mut to_retain) = (self.allocations, self.allocations / 2);
        while to_allocate + to_retain > 0 {
            let block = black_box(handle.take());
            write(block, touched_bytes);
            if to_retain == 0 || (to_allocate > 0 && random.chance(50)) {
                data.push(block.as_ptr());
                to_allocate -= 1;
            } else {
                retained.push(block);
                to_retain -= 1;
            }
            if random.chance(FREE) && !data.is_empty() {
                let place = random.next() % data.len();
                put_back(handle, mem::replace(&mut data[place], ptr::null_mut()), touched_bytes);
            }
            if random.chance(SWAP) && !data.is_empty() {
                let place = random.next() % data.len();
                let transfer = &transfers[random.next() % TRANSFERS];
                // AcqRel: hands one block over, with its bytes, and takes over another one.
                data[place] = transfer.swap(data[place], Ordering::AcqRel);
            }
        }
        for block in retained.drain(..) {
            put_back(handle, block.as_ptr(), touched_bytes);
        }
        for block in data.drain(..) {
            put_back(handle, block, touched_bytes);
        }
    }
}

/// Reads a block and frees it, where there is one.
#[inline]
fn put_back(handle: &mut impl Handle, block: *mut u8, touched_bytes: usize) {
    if let Some(block) = NonNull::new(block) {
        read(block, touched_bytes);
        // SAFETY: allocated from the same subject, and taken out of its one place.
        unsafe { handle.deallocate(block) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_threads_do_more_up_to_eight_times() {
        assert_eq!(per_iteration(1), 1500);
        assert_eq!(per_iteration(2), 3 * 1500);
        assert_eq!(per_iteration(9), (36 + 1) * 1500);
    }
}
