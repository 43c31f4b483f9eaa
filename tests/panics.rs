//! Pools and handles are used after a panic, without `AssertUnwindSafe`.

use core::alloc::Layout;
use core::panic::UnwindSafe;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::panic::catch_unwind;
use std::sync::Arc;

use stampool::source::FailingSource;
use stampool::{ObjectPool, Pool, StampedPool, SystemSource};

/// Runs `f`, which must panic with these words.
fn falls(words: &str, f: impl FnOnce() + UnwindSafe) {
    let said = catch_unwind(f).expect_err("it must panic");
    let text = said.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| said.downcast_ref::<String>().cloned()).expect("a message");
    assert!(text.contains(words), "{text}");
}

#[test]
fn an_object_pool_goes_on_after_its_users_code_has_panicked() {
    for exact in [false, true] {
        let calls = Arc::new(AtomicU64::new(0));
        let made = Arc::clone(&calls);
        let make = move || {
            assert!(made.fetch_add(1, Relaxed) != 1, "the second one fails");
            7_u64
        };
        let reset = |value: &mut u64| assert!(core::mem::replace(value, 7) != 13, "bad luck");
        let builder = ObjectPool::builder().batch(2).keep(make, reset);
        let mut pool = if exact { builder.exact() } else { builder }.build().unwrap();
        let first = pool.get().unwrap();
        falls("the second one fails", || _ = pool.get());
        drop(first);
        let mut object = pool.get().unwrap();
        falls("bad luck", move || *object = 13);
        falls("in between", || {
            let _object = pool.get().unwrap();
            panic!("in between");
        });
        assert_eq!(pool.get().as_deref(), Ok(&7));
        let (free, carved) = (pool.census().free_blocks(), pool.stats().carved_blocks);
        assert_eq!(free, carved, "no block is lost");
    }
}

#[test]
fn pools_go_on_after_their_source_has_panicked() {
    let layout = Layout::new::<u64>();
    let source = || FailingSource::new(SystemSource).panic_at(2);
    // Call 1 is for the slot, call 2 for the chunk.
    let pool = Pool::builder(layout).source(source()).build().unwrap();
    let local = pool.local().unwrap();
    falls("told to panic", || _ = local.allocate());
    assert!(local.allocate().is_ok());
    let pool = Pool::builder(layout).source(source()).build_exact().unwrap();
    falls("told to panic", || _ = pool.prefill(1));
    assert!(pool.allocate().is_ok());
}

#[test]
fn a_checked_handle_goes_on_after_it_has_refused_a_block() {
    let pool = Pool::builder(Layout::new::<u64>()).checked().build_thread_local().unwrap();
    let local = pool.local().unwrap();
    let block = local.allocate().unwrap();
    // SAFETY: ours.
    unsafe { local.deallocate(block) };
    // SAFETY: none, that is the test: the pool is checked, and refuses it.
    falls("freed twice", || unsafe { local.deallocate(block) });
    // SAFETY: as above.
    falls("freed twice", || unsafe { pool.deallocate(block) });
    assert!(local.allocate().is_ok() && pool.allocate().is_ok());
}

#[test]
fn a_stamped_pool_goes_on_after_its_user_has_panicked() {
    let pool = StampedPool::new(|| AtomicU64::new(0)).unwrap();
    let local = pool.local().unwrap();
    falls("half full", || _ = local.allocate_with(|_, _| panic!("half full")));
    let name = local.allocate().unwrap();
    assert!(pool.is_current(name));
}
