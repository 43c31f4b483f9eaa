//! Larson and Krishnan's server: each thread renews random blocks of its array, then ends and
//! leaves the array to a successor, so that blocks are freed by a thread that did not allocate
//! them.
//!
//! Parameters, as far as blocks of one size have them: 1,000 blocks in each array, and 10,000
//! renewals in the life of a thread. Beginning and ending a thread is part of the figure, and of
//! the floor's.

use stampool::Block;

use crate::Sample;
use crate::loops::larson::{BLOCKS, RENEWALS};
use crate::loops::random::Random;
use crate::sample::{Gate, Span, on_threads_alike};
use crate::subjects::AnySubject;

/// Times about `operations` renewals in each of `arrays`.
pub(super) fn sample(subject: &dyn AnySubject, arrays: usize, operations: u64) -> Sample {
    let lives = operations.div_ceil(RENEWALS);
    let gate = &Gate::new(arrays);
    let spans = on_threads_alike(arrays, |nth| {
        let mut random = Random::of(nth);
        let mut blocks: Vec<_> =
            subject.with_handle(|handle| (0..BLOCKS).map(|_| handle.take_one()).collect());
        live(subject, &mut blocks, &mut random, 1);
        let span = Span::of(gate, || live(subject, &mut blocks, &mut random, lives));
        subject.with_handle(|handle| {
            for block in blocks {
                // SAFETY: live, and freed once.
                unsafe { handle.give_back(block) };
            }
        });
        span
    });
    let sample = Span::together(&spans, lives * RENEWALS);
    // What a crowd lost is reckoned from what its threads ran, and those that worked are gone.
    Sample { waited: sample.waited.filter(|_| !sample.crowded), ..sample }
}

/// One thread after the other. They inherit the core that the caller is pinned to.
fn live(subject: &dyn AnySubject, blocks: &mut [Block], random: &mut Random, lives: u64) {
    for _ in 0..lives {
        std::thread::scope(|threads| {
            let one =
                threads.spawn(|| subject.with_handle(|handle| handle.renew_array(blocks, random)));
            // Not left to the scope, which does not wait for what a thread keeps until its end.
            one.join().expect("no part panics");
        });
    }
}
