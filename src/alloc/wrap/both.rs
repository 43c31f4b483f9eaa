//! What the allocators that are made of two have in common.

use crate::alloc::{Reset, Usage};
use crate::error::AllocError;

/// The usage of two allocators together. What one of them does not count or limit, the sum does not
/// either.
pub(super) fn sum(one: Usage, other: Usage) -> Usage {
    let both = |a: Option<usize>, b: Option<usize>| Some(a?.saturating_add(b?));
    Usage {
        used_bytes: one.used_bytes + other.used_bytes,
        live_blocks: both(one.live_blocks, other.live_blocks),
        obtained_bytes: one.obtained_bytes + other.obtained_bytes,
        overhead_bytes: one.overhead_bytes + other.overhead_bytes,
        capacity_bytes: both(one.capacity_bytes, other.capacity_bytes),
    }
}

/// Resets both, the second one also if the first one's source panics.
pub(super) fn reset(one: &mut impl Reset, other: &mut impl Reset) {
    reset_then(one, || other.reset());
}

/// Resets one, and then does the rest, also if the one's source panics.
pub(super) fn reset_then(one: &mut impl Reset, rest: impl FnOnce()) {
    struct Later<F: FnOnce()>(Option<F>);
    impl<F: FnOnce()> Drop for Later<F> {
        fn drop(&mut self) {
            if let Some(rest) = self.0.take() {
                rest();
            }
        }
    }
    let _later = Later(Some(rest));
    one.reset();
}

/// Why two allocators, asked one after the other, both refused a layout (A7). It is
/// [`Unsupported`](AllocError::Unsupported) only if neither ever serves it, and
/// [`Capacity`](AllocError::Capacity) only if neither gives a reason but these two. If both give
/// another one, it is that of the second.
pub(super) const fn reason(first: AllocError, second: AllocError) -> AllocError {
    match (first, second) {
        (first, AllocError::Unsupported) => first,
        (AllocError::Unsupported | AllocError::Capacity, second) => second,
        (first, AllocError::Capacity) => first,
        (_, second) => second,
    }
}

#[cfg(test)]
mod tests {
    use AllocError::{Capacity, OutOfMemory, Unsupported};

    use super::*;

    #[test]
    fn the_reason_is_the_one_that_passes_soonest() {
        for (first, second, both) in [
            (Unsupported, Unsupported, Unsupported),
            (Unsupported, Capacity, Capacity),
            (Capacity, Unsupported, Capacity),
            (OutOfMemory, Capacity, OutOfMemory),
            (Capacity, OutOfMemory, OutOfMemory),
            (OutOfMemory, Unsupported, OutOfMemory),
        ] {
            assert_eq!(reason(first, second), both, "{first:?}, {second:?}");
        }
    }

    #[test]
    fn a_limit_of_one_is_no_limit_of_both() {
        let limited = Usage { capacity_bytes: Some(10), live_blocks: Some(1), ..Usage::default() };
        let unlimited = Usage { live_blocks: Some(2), ..Usage::default() };
        let both = sum(limited, unlimited);
        assert_eq!((both.capacity_bytes, both.live_blocks), (None, Some(3)));
        assert_eq!(sum(limited, limited).capacity_bytes, Some(20));
    }
}
