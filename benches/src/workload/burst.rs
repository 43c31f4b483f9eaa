//! Bursts: a thread allocates 1,000 blocks, then frees them, in a certain order.

use core::ptr::NonNull;

use stampool::Block;

use crate::Sample;
use crate::loops::random::Random;
use crate::sample::{Gate, Span, on_threads_alike};
use crate::subjects::AnySubject;

/// Blocks of a burst.
pub(super) const BLOCKS: usize = 1000;
const WARM_UP: u64 = 4;

/// In which order the blocks of a burst are freed.
#[derive(Clone, Copy)]
pub(super) enum Order {
    /// The last one first.
    Lifo,
    /// As they were allocated.
    Fifo,
    /// In no order, the same in each burst of a sample.
    Shuffled,
}

impl Order {
    fn of_blocks(self, random: &mut Random) -> Vec<u32> {
        let mut order: Vec<u32> = (0..).take(BLOCKS).collect();
        match self {
            Self::Lifo => order.reverse(),
            Self::Fifo => {}
            Self::Shuffled => random.shuffle(&mut order),
        }
        order
    }
}

/// Times about `operations` pairs of allocate and free on each of `threads`.
pub(super) fn sample(
    subject: &dyn AnySubject,
    order: Order,
    threads: usize,
    operations: u64,
) -> Sample {
    let bursts = operations.div_ceil(BLOCKS as u64);
    let gate = &Gate::new(threads);
    let spans = on_threads_alike(threads, |nth| {
        let order = order.of_blocks(&mut Random::of(nth));
        let mut blocks = vec![Block(NonNull::dangling()); BLOCKS];
        subject.with_handle(|handle| {
            Span::warmed(gate, WARM_UP, bursts, |bursts| {
                handle.burst(&order, &mut blocks, bursts);
            })
        })
    });
    Span::together(&spans, bursts * BLOCKS as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_block_comes_once() {
        for order in [Order::Lifo, Order::Fifo, Order::Shuffled] {
            let mut places = order.of_blocks(&mut Random::of(1));
            assert_eq!(places.is_sorted(), matches!(order, Order::Fifo));
            places.sort_unstable();
            assert!(places.into_iter().eq((0..).take(BLOCKS)));
        }
    }
}
