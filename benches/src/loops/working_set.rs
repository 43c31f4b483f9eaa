//! Renewals of an eighth of a set of live blocks.

use core::hint::black_box;

use stampool::Block;

use super::random::Random;
use crate::{Handle, Take};

/// Live blocks of a thread.
pub(crate) const LIVE: usize = 1024;

/// How many are freed before as many are allocated.
pub(crate) const RENEWED: usize = LIVE / 8;

#[inline(never)]
pub(super) fn renew(
    handle: &mut impl Handle,
    live: &mut [Block],
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
