//! What a scope and a reset end, and what they do not.

use core::cell::Cell;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use stampool::SystemSource;
use stampool::alloc::StrategyPool;
use stampool::source::CountingSource;

use super::{Dropped, NODE, PLACEMENTS, pool};

#[test]
fn what_a_scope_allocates_ends_with_it_and_nothing_else_does() {
    let pool = pool();
    let kept = pool.alloc_value(String::from("kept")).expect("memory");
    let before = pool.usage().used_bytes;
    pool.scope(|outer| {
        let own = outer.alloc_str("outer").expect("memory");
        let inside = outer.scope(|inner| {
            // All three may allocate while the innermost is open.
            inner.alloc_slice_copy(&[1; 3000]).expect("memory");
            inner.alloc(2).expect("memory");
            outer.alloc(3).expect("memory");
            drop(pool.alloc_value(4).expect("memory"));
            (inner.usage().used_bytes, outer.usage().used_bytes)
        });
        assert!(inside.0 >= 3000 * 4 && outer.usage().used_bytes == inside.1);
        assert_eq!(own, "outer", "the inner one has not touched it");
    });
    assert_eq!(pool.usage().used_bytes, before);
    assert_eq!(kept.as_str(), "kept");
}

#[test]
fn what_is_freed_early_in_a_scope_is_used_again() {
    let pool = pool();
    pool.scope(|scope| {
        for placement in PLACEMENTS {
            let [low, high] =
                [(); 2].map(|()| scope.allocate_with(NODE, placement).expect("memory"));
            // SAFETY: the block is live. It is not the last one.
            unsafe { scope.deallocate(low.cast(), NODE) };
            let again = scope.allocate_with(NODE, placement).expect("memory");
            assert_eq!(again, low, "{placement:?}");
            assert_ne!(again, high);
        }
        let obtained = scope.usage().obtained_bytes;
        for _ in 0..if cfg!(miri) { 10 } else { 10_000 } {
            drop(scope.alloc_value([1_u8; 700]).expect("memory"));
        }
        assert_eq!(scope.usage().obtained_bytes, obtained, "one block after the other");
    });
}

#[test]
fn a_scope_that_unwinds_is_closed() {
    let (pool, drops) = (pool(), Cell::new(0));
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        pool.scope(|outer| {
            outer.scope(|inner| {
                let _boxed = inner.alloc_value(Dropped(&drops)).expect("memory");
                assert!(inner.alloc(Dropped(&drops)).is_ok());
                inner.alloc([0_u8; 5000]).expect("memory");
                panic!("in a scope");
            })
        })
    }));
    assert!(unwound.is_err());
    assert_eq!(pool.usage().used_bytes, 0, "the scope was closed");
    assert_eq!(drops.get(), 1, "the boxed one was dropped, the one that was lent was not");
}

/// A scope that is forgotten keeps its memory, which nobody can reach any more, until the reset.
#[test]
fn a_scope_that_is_forgotten_stays_until_the_reset() {
    let mut pool = pool();
    let scope = pool.open();
    scope.alloc(7).expect("memory");
    core::mem::forget(scope);
    assert_ne!(pool.usage().used_bytes, 0);
    pool.reset();
    assert_eq!(pool.usage().used_bytes, 0);
}

#[test]
fn a_reset_ends_the_blocks_of_all_parts() {
    let source = CountingSource::new(SystemSource);
    let counts = source.counts();
    let mut pool = StrategyPool::new(source).with_fixed(NODE).expect("a fixed layout");
    for round in 0..3 {
        let mut blocks = Vec::new();
        for placement in PLACEMENTS {
            for _ in 0..100 {
                let block = pool.allocate_with(NODE, placement).expect("memory").cast::<[u64; 5]>();
                // SAFETY: the block is live, and so long.
                unsafe { block.write([blocks.len() as u64; 5]) };
                blocks.push(block);
            }
        }
        for (number, block) in blocks.iter().enumerate() {
            // SAFETY: the block is live, and was written.
            let kept = unsafe { block.read() };
            assert_eq!(kept, [number as u64; 5], "round {round}: no part has another one's memory");
        }
        pool.reset();
        assert_eq!(pool.usage().used_bytes, 0, "round {round}");
        assert_eq!(counts.live_regions(), 1, "round {round}: the largest region stays");
    }
}
