//! A client of the raw layers without a heap: mediator, registry, carver and regions lie in statics,
//! and are made in constants. This file is a program of its own, because it chooses the program's
//! allocator.

mod client;
#[path = "../common/mod.rs"]
mod common;
#[cfg(unix)]
mod forks;
mod statics;

use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicPtr, Ordering::AcqRel};
use std::sync::Barrier;
use std::thread;

use client::InPlace;
use common::no_heap::{Noticing, without_heap};
use common::often;
use stampool::Strategy;
use stampool::raw::block::Block;
use stampool::raw::free_list::Immediate;
use stampool::raw::sync::lock;
use statics::each_in_place;

#[global_allocator]
static ALLOCATOR: Noticing = Noticing;

#[test]
fn threads_exchange_blocks_of_a_pool_in_a_static() {
    each_in_place!(exchange);
}

/// Two threads swap their blocks for each other's. Each writes to the blocks that it has, and finds
/// there what the one before has written.
fn exchange<S: Strategy<Reclaimer = Immediate>>(pool: &'static InPlace<S>) {
    const ROUNDS: u64 = often(200_000, 200) as u64;
    let places: [AtomicPtr<u64>; 32] = [const { AtomicPtr::new(null_mut()) }; 32];
    let start = Barrier::new(2);
    thread::scope(|threads| {
        for thread in 1..=2 {
            let (places, start) = (&places, &start);
            threads.spawn(move || {
                start.wait();
                without_heap("a thread from attach to leave", || {
                    let handle = pool.attach().unwrap();
                    for round in 0..ROUNDS {
                        let block = handle.allocate().unwrap();
                        let word = block.as_non_null().cast::<u64>();
                        // SAFETY: this thread's, and large enough.
                        unsafe { word.write(thread << 32 | round) };
                        let nth = usize::try_from(round * (thread + 2)).unwrap() % places.len();
                        let Some(given) = NonNull::new(places[nth].swap(word.as_ptr(), AcqRel))
                        else {
                            continue;
                        };
                        // SAFETY: the thread that left it there has written to it.
                        let written = unsafe { given.read() };
                        assert!((1..=2).contains(&(written >> 32)), "{written:#x}");
                        // SAFETY: this thread's since the swap.
                        unsafe { given.write(u64::MAX) };
                        // SAFETY: this thread's since the swap, and not used any more.
                        unsafe { handle.free(Block::from(given.cast())) };
                    }
                });
            });
        }
    });
    let handle = pool.attach().unwrap();
    for place in places {
        if let Some(left) = NonNull::new(place.into_inner()) {
            // SAFETY: allocated, and used by nobody.
            unsafe { handle.free(Block::from(left.cast())) };
        }
    }
    drop(handle);
    let carved = lock(&pool.growth).carver.carved();
    // SAFETY: the threads have ended.
    let (full, partial, _) = unsafe { pool.mediator.census_alone() };
    assert_eq!(full + partial, carved, "{} blocks: none is lost, and none is there twice", S::NAME);
    assert!(carved < 150, "{carved} blocks carved, for 34 in use and two caches of 16");
}
