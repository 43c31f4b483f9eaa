//! What a library in whose hands a program's memory lies does at a fork: it takes all locks, in one
//! order, and both processes give them up.

use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use core::time::Duration;
use std::sync::{Once, OnceLock};
use std::thread;

use stampool::Strategy;
use stampool::raw::block::Block;
use stampool::raw::free_list::Immediate;
use stampool::raw::sync::lock;

use crate::client::InPlace;
use crate::common::forks::{Raises, outcome};
use crate::common::no_heap::without_heap;
use crate::statics::each_in_place;

trait Locks: Sync {
    fn keep(&self);
    fn give_up(&self);
}

impl<S: Strategy<Reclaimer = Immediate>> Locks for InPlace<S> {
    fn keep(&self) {
        // SAFETY: `give_up` follows, on this thread; the pool is a static.
        unsafe { self.growth.keep() };
        // SAFETY: as above.
        unsafe { self.mediator.keep_locks() };
    }

    fn give_up(&self) {
        // SAFETY: kept by the thread that forks.
        unsafe { self.mediator.give_up_locks() };
        // SAFETY: as above.
        unsafe { self.growth.give_up() };
    }
}

/// The pools whose locks are kept over every fork.
static POOLS: [OnceLock<&'static dyn Locks>; 4] = [const { OnceLock::new() }; 4];

extern "C" fn prepare() {
    POOLS.iter().filter_map(OnceLock::get).for_each(|pool| pool.keep());
}

extern "C" fn give_up() {
    POOLS.iter().filter_map(OnceLock::get).for_each(|pool| pool.give_up());
}

#[test]
#[cfg_attr(miri, ignore = "it forks")]
fn a_child_finds_no_lock_of_a_pool_in_a_static_taken() {
    static HANDLERS: Once = Once::new();
    HANDLERS.call_once(|| {
        // SAFETY: handlers that take and give up locks of statics.
        let failed = unsafe { libc::pthread_atfork(Some(prepare), Some(give_up), Some(give_up)) };
        assert_eq!(failed, 0);
    });
    each_in_place!(fork_among_threads);
}

fn fork_among_threads<S: Strategy<Reclaimer = Immediate>>(pool: &'static InPlace<S>) {
    let place = POOLS.iter().find(|place| place.get().is_none()).expect("four strategies");
    assert!(place.set(pool).is_ok(), "one test");
    let over = AtomicBool::new(false);
    thread::scope(|threads| {
        let _raises = Raises(&over);
        for _ in 0..4 {
            threads.spawn(|| {
                without_heap("a thread beside forks", || {
                    while !over.load(Relaxed) {
                        take_and_give(pool, 50);
                        // The growth lock, which is seldom taken once the pool has grown.
                        for _ in 0..100 {
                            assert!(lock(&pool.growth).carver.carved() >= 50);
                        }
                    }
                });
            });
        }
        for _ in 0..40 {
            // SAFETY: the child runs the closure below, and then ends without destructors.
            let fork = || unsafe { libc::fork() };
            let child = || {
                without_heap("a child", || {
                    let carved = lock(&pool.growth).carver.carved();
                    take_and_give(pool, carved + 1);
                    assert!(lock(&pool.growth).carver.carved() > carved, "it has not grown");
                });
            };
            let ended = outcome(Duration::from_secs(10), fork, child);
            assert_eq!(ended, Ok(()), "{}", S::NAME);
        }
    });
}

/// Takes so many blocks, which are linked through their bytes, and gives them back.
fn take_and_give<S: Strategy<Reclaimer = Immediate>>(pool: &'static InPlace<S>, blocks: usize) {
    let handle = pool.attach().unwrap();
    let mut last = null_mut::<u8>();
    for _ in 0..blocks {
        let block = handle.allocate().unwrap().as_non_null();
        // SAFETY: this thread's, and large enough.
        unsafe { block.cast().write(last) };
        last = block.as_ptr();
    }
    let mut found = 0;
    while let Some(block) = NonNull::new(last) {
        // SAFETY: written above.
        last = unsafe { block.cast().read() };
        // SAFETY: this thread's, and not used any more.
        unsafe { handle.free(Block::from(block)) };
        found += 1;
    }
    assert_eq!(found, blocks, "a block was handed out twice");
}
