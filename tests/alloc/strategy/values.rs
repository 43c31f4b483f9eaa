//! Values that are placed by their type.

use core::cell::Cell;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use stampool::alloc::{AllocError, PlacedBox, Placement, StrategyPool};
use stampool::source::FailingSource;

use super::{Dropped, pool};

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
    let (pool, drops) = (pool(), Cell::new(0));
    let make = |number| pool.alloc_value((Dropped(&drops), number)).expect("memory");
    let mut first = make(1);
    first.1 += 6;
    assert_eq!(first.1, 7);
    let second = make(2);
    drop(first);
    assert_eq!(drops.get(), 1);
    let (out, number) = PlacedBox::into_inner(second);
    assert_eq!((number, drops.get(), pool.usage().used_bytes), (2, 1, 0), "moved, not dropped");
    drop(out);
    // A leaked one is a reference as long as the pool is borrowed, and is not dropped.
    let leaked = PlacedBox::leak(make(3));
    leaked.1 += 5;
    assert_eq!((leaked.1, drops.get()), (8, 2));
    // A value without bytes has a destructor all the same.
    struct Empty;
    impl Drop for Empty {
        fn drop(&mut self) {
            panic!("the destructor of a value without bytes");
        }
    }
    let empty = pool.alloc_value(Empty).expect("a block without bytes");
    assert!(catch_unwind(AssertUnwindSafe(|| drop(empty))).is_err());
    assert_eq!(format!("{:?}", pool.alloc_value(7).expect("memory")), "7");
}

#[test]
fn a_destructor_that_panics_leaves_no_block_behind() {
    struct Panics<'c>(Dropped<'c>);
    impl Drop for Panics<'_> {
        fn drop(&mut self) {
            panic!("a destructor");
        }
    }
    let (pool, drops) = (pool(), Cell::new(0));
    let value = pool.alloc_value(Panics(Dropped(&drops))).expect("memory");
    assert_eq!(value.0.0.get(), 0);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(value))).is_err());
    assert_eq!(pool.usage().used_bytes, 0, "the block was freed");
    assert_eq!(drops.get(), 1, "and the value's fields were dropped");
}

#[test]
fn a_value_comes_back_if_there_is_no_block() {
    let source = FailingSource::default();
    source.faults().refuse_from(0);
    let pool = StrategyPool::new(source);
    let full = pool.alloc_value(Box::new(7)).expect_err("no memory");
    assert_eq!((full.error, *full.value), (AllocError::OutOfMemory, 7));
}
