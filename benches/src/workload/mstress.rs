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

use core::ptr;
use core::sync::atomic::AtomicPtr;

use crate::Sample;
use crate::loops::mstress::{Own, TRANSFERS};
use crate::loops::random::Random;
use crate::sample::{Gate, Span, on_threads_alike};
use crate::subjects::AnySubject;

const SCALE: usize = 10;
const KEEP_PLACE: usize = 50;

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
            let mut own = Own::new(nth, allocations(nth), retained(nth));
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
