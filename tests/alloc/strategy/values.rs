//! Values that are placed by their type.

use core::cell::Cell;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use stampool::alloc::{AllocError, PlacedBox, Placement, StrategyPool};
use stampool::source::FailingSource;

use super::pool;
use crate::tracked::{Deed, Tracks};

#[test]
fn a_type_is_placed_by_its_size_and_its_drop_glue() {
    let pool = pool();
    assert_eq!(pool.placement_of::<[u64; 5]>(), Placement::Fixed, "it fills the fixed block");
    assert_eq!(pool.placement_of::<[u64; 2]>(), Placement::BestFit, "it fills less than half");
    assert_eq!(pool.placement_of::<Box<u8>>(), Placement::Pooled, "it has drop glue");
    assert_eq!(pool.placement_of::<[String; 40]>(), Placement::Pooled);
    assert_eq!(pool.placement_of::<[String; 60]>(), Placement::BestFit, "no class is so large");
    assert_eq!(pool.placement_of::<[u64; 40]>(), Placement::BestFit, "it has no drop glue");
    assert_eq!(pool.open().placement_of::<Box<u8>>(), Placement::Pooled);
}

#[test]
fn a_box_drops_its_value_once_and_frees_its_block() {
    let (pool, tracks) = (pool(), Tracks::new());
    let mut first = pool.alloc_value(tracks.make()).expect("memory");
    first.word = 7;
    assert_eq!((first.word, format!("{first:?}").as_str()), (7, "value 0: 7"));
    let second = pool.alloc_value(tracks.make()).expect("memory");
    drop(first);
    assert_eq!(tracks.alive(), 1);
    let out = PlacedBox::into_inner(second);
    assert_eq!((tracks.alive(), pool.usage().used_bytes), (1, 0), "moved out, not dropped");
    drop(out);
    // A leaked one is a reference as long as the pool is borrowed, and is not dropped.
    let leaked = PlacedBox::leak(pool.alloc_value(tracks.make()).expect("memory"));
    leaked.word = 8;
    assert_eq!((leaked.word, tracks.alive()), (8, 1));
    // A value without bytes has a destructor all the same.
    struct Empty<'a>(&'a Cell<u32>);
    impl Drop for Empty<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let drops = Cell::new(0);
    drop(pool.alloc_value(Empty(&drops)).expect("memory"));
    assert_eq!(drops.get(), 1);
}

#[test]
fn a_destructor_that_panics_leaves_no_block_behind() {
    let (pool, tracks) = (pool(), Tracks::new());
    let value = pool.alloc_value(tracks.make()).expect("memory");
    tracks.fail(Deed::Drop, 0);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(value))).is_err());
    assert_eq!((tracks.alive(), pool.usage().used_bytes), (0, 0), "the block was freed");
}

#[test]
fn a_value_comes_back_if_there_is_no_block() {
    let source = FailingSource::default();
    source.faults().refuse_from(0);
    let pool = StrategyPool::new(source);
    let full = pool.alloc_value(Box::new(7)).expect_err("no memory");
    assert_eq!((full.error, *full.value), (AllocError::OutOfMemory, 7));
}
