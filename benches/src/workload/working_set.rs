//! A working set: each thread has 1,024 live blocks of its own and renews an eighth of them at a
//! time, from all over the set.

use core::hint::black_box;
use core::ptr::NonNull;

use super::random::Random;
use crate::sample::{Gate, Span, on_threads_alike};
use crate::subjects::AnySubject;
use crate::{Handle, Sample, Take};

/// Live blocks of a thread.
pub(super) const LIVE: usize = 1024;
/// How many are freed before as many are allocated.
const RENEWED: usize = LIVE / 8;
const WARM_UP: u64 = 64;

/// Times about `operations` pairs of free and allocate on each of `threads`.
pub(super) fn sample(subject: &dyn AnySubject, threads: usize, operations: u64) -> Sample {
    let renewals = operations.div_ceil(RENEWED as u64);
    let gate = &Gate::new(threads);
    let spans = on_threads_alike(threads, |nth| {
        subject.with_handle(|handle| {
            let mut random = Random::of(nth);
            let mut live: Vec<_> = (0..LIVE).map(|_| handle.take_one()).collect();
            handle.renew_set(&mut live, &mut random, WARM_UP);
            let span = Span::of(gate, || handle.renew_set(&mut live, &mut random, renewals));
            for block in live {
                // SAFETY: live, and freed once.
                unsafe { handle.give_back(block) };
            }
            span
        })
    });
    Span::together(&spans, renewals * RENEWED as u64)
}

#[inline(never)]
pub(super) fn renew(
    handle: &mut impl Handle,
    live: &mut [NonNull<u8>],
    random: &mut Random,
    renewals: u64,
) {
    for _ in 0..renewals {
        // An odd stride meets as many different places as there are steps.
        let (first, stride) = (random.next(), random.next() | 1);
        let places = |nth: usize| first.wrapping_add(nth.wrapping_mul(stride)) % LIVE;
        for nth in 0..RENEWED {
            // SAFETY: live; its place is filled anew before anybody looks there.
            unsafe { handle.deallocate(live[places(nth)]) };
        }
        for nth in 0..RENEWED {
            live[places(nth)] = black_box(handle.take());
        }
    }
}
