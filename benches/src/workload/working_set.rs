//! A working set: each thread has 1,024 live blocks of its own and renews an eighth of them at a
//! time, from all over the set.

use crate::Sample;
use crate::loops::random::Random;
use crate::loops::working_set::{LIVE, RENEWED};
use crate::sample::{Gate, Span, on_threads_alike};
use crate::subjects::AnySubject;

const WARM_UP: u64 = 64;

/// Times about `operations` pairs of free and allocate on each of `threads`.
pub(super) fn sample(subject: &dyn AnySubject, threads: usize, operations: u64) -> Sample {
    let renewals = operations.div_ceil(RENEWED as u64);
    let gate = &Gate::new(threads);
    let spans = on_threads_alike(threads, |nth| {
        subject.with_handle(|handle| {
            let mut random = Random::of(nth);
            let mut live: Vec<_> = (0..LIVE).map(|_| handle.take_one()).collect();
            let span = Span::warmed(gate, WARM_UP, renewals, |renewals| {
                handle.renew_set(&mut live, &mut random, renewals);
            });
            for block in live {
                // SAFETY: live, and freed once.
                unsafe { handle.give_back(block) };
            }
            span
        })
    });
    Span::together(&spans, renewals * RENEWED as u64)
}
