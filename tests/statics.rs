//! Pools of every kind in statics.

mod common;

use core::alloc::Layout;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::panic::catch_unwind;
use std::sync::Barrier;
use std::thread;

use stampool::{BuildError, LazyPool, NoConstructor, ObjectPool, Pool, StampedPool, TaggedWide};

#[test]
fn a_static_pool_serves_threads_and_their_destructors() {
    stampool::static_pool! {
        /// Blocks of 64 bytes.
        static LINES: ThreadLocalPool = Pool::builder(Layout::new::<[u64; 8]>()).batch(4);
    }
    let threads: Vec<_> = (0..8)
        .map(|_| {
            thread::spawn(|| {
                for _ in 0..common::often(1000, 10) {
                    let block = LINES.allocate().unwrap();
                    // SAFETY: just allocated; freed once.
                    unsafe { LINES.deallocate(block) };
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(LINES.stats().batch_blocks, 4);
    assert!(LINES.stats().carved_blocks <= 8 + (3 * 9 + 1) * 4);
}

/// Runs `f` on several threads at one time.
fn at_once(f: impl Fn() + Sync) {
    let start = Barrier::new(4);
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                start.wait();
                f();
            });
        }
    });
}

#[test]
fn there_is_a_static_for_every_kind_of_pool() {
    stampool::static_pool! {
        static BUFFERS: ObjectPool<Vec<u8>> = ObjectPool::builder().keep(Vec::new, Vec::clear);
        static VALUES: ObjectPool<u32, TaggedWide, NoConstructor> = ObjectPool::builder();
        static PAGES: Pool = Pool::builder(Layout::new::<[u8; 64]>()).batch(2);
        static FOUR: ExactPool = Pool::builder(Layout::new::<u64>()).max_carved_blocks(4);
        static NAMES: StampedPool<AtomicU64> =
            StampedPool::<AtomicU64>::builder().batch(2), || AtomicU64::new(7);
    }
    assert!(format!("{BUFFERS:?} {FOUR:?}").contains("not built yet"));
    at_once(|| {
        BUFFERS.get().unwrap().push(1);
        assert_eq!(VALUES.create(7).ok().as_deref(), Some(&7));
        let pages = PAGES.local().unwrap();
        let (page, one) = (pages.allocate().unwrap(), FOUR.allocate().unwrap());
        // SAFETY: ours, and freed once.
        unsafe { pages.deallocate(page) };
        // SAFETY: as above.
        unsafe { FOUR.deallocate(one) };
        let name = NAMES.local().unwrap().allocate().unwrap();
        assert_eq!(NAMES.read(name, |value| value.load(Ordering::Relaxed)), Some(7));
    });
    assert!(format!("{BUFFERS:?}").contains("ObjectPool"));
    // By this thread: the scope does not wait until the caches of the others come back.
    BUFFERS.get().unwrap().push(1);
    assert!(BUFFERS.get().unwrap().capacity() > 0, "it was used before, and emptied");
    assert_eq!((PAGES.stats().batch_blocks, FOUR.stats().carved_blocks <= 4), (2, true));
}

#[test]
fn the_first_use_builds_a_pool_once() {
    static BUILT: AtomicUsize = AtomicUsize::new(0);
    static LAZY: LazyPool<Pool> = LazyPool::new(|| {
        BUILT.fetch_add(1, Ordering::Relaxed);
        Pool::builder(Layout::new::<u64>()).build()
    });
    assert_eq!(BUILT.load(Ordering::Relaxed), 0);
    at_once(|| _ = LAZY.stats());
    assert_eq!(BUILT.load(Ordering::Relaxed), 1);
}

#[test]
fn a_pool_that_cannot_be_built_names_its_declaration_at_each_use() {
    const DECLARED: u32 = line!() + 1;
    stampool::static_pool! { static NONE: ExactPool = Pool::builder(Layout::new::<()>()); }
    for _ in 0..2 {
        let said = catch_unwind(|| _ = NONE.allocate()).unwrap_err();
        let said = said.downcast_ref::<String>().unwrap();
        let declared = format!("the static pool of {}:{DECLARED}:", file!());
        assert!(said.contains(&declared), "{said}");
        assert!(said.contains(&BuildError::ZeroSize.to_string()), "{said}");
    }
}
