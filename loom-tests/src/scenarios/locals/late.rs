//! Destructors of other thread-local values that use the pool when the thread's handles are gone.

use core::cell::RefCell;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use stampool::Strategy;
use stampool::raw::sync::thread;
// porf alone runs this.
#[cfg(stampool_model = "porf")]
use stampool::raw::sync::thread_local;

use super::gate::Gate;
use super::rig::Rig;
use crate::one_at_a_time::operation;

type Call = Box<dyn FnOnce()>;

thread_local! {
    /// What the thread does at its end. Its destructor runs behind that of the handles if the
    /// thread has used a pool before.
    static LAST: Last = const { Last(RefCell::new(None)) };
}

struct Last(RefCell<Option<Call>>);

impl Drop for Last {
    fn drop(&mut self) {
        if let Some(call) = self.0.take() {
            call();
        }
    }
}

/// The calling thread does this at its end.
fn at_the_end(call: impl FnOnce() + 'static) {
    LAST.with(|last| *last.0.borrow_mut() = Some(Box::new(call)));
}

/// Nothing was found.
const REFUSED: usize = 1;
/// A block was found.
const HAD: usize = 2;

/// One thread frees the only block at its end, and another one wants it at its own end. Both use
/// the cache that threads without a handle share, so the second one has the block if the first was
/// there before.
pub(super) fn free_and_allocate<S: Strategy>() -> String {
    let rig = Rig::<S>::new(|builder| builder.batch(1).chunk_blocks(1).max_carved_blocks(1));
    let (ready, begin) = (Gate::new(), Gate::new());
    let found = Arc::new(AtomicUsize::new(0));
    let frees = {
        let (ready, begin) = (ready.clone(), begin.clone());
        thread::spawn(move || {
            let block = rig.pool.allocate().expect("the first");
            at_the_end(move || {
                // SAFETY: allocated from this pool, and held by this thread alone.
                operation(|| unsafe { rig.pool.deallocate(block) });
            });
            ready.open();
            begin.wait();
        })
    };
    ready.wait();
    let allocates = {
        let found = Arc::clone(&found);
        thread::spawn(move || {
            _ = rig.pool.allocate_many(&mut []);
            at_the_end(move || {
                let block = operation(|| rig.pool.allocate());
                found.store(if block.is_ok() { HAD } else { REFUSED }, Ordering::Relaxed);
            });
            begin.open();
        })
    };
    frees.join().expect("no panic unreported");
    allocates.join().expect("no panic unreported");
    assert_eq!(rig.pool.stats().attached, 1, "a handle is left");
    // SAFETY: the other threads have ended, and this one refers to the pool no more.
    let (mut pool, regions) = unsafe { Rig::take(rig) };
    let free = pool.census().free_blocks();
    drop(pool);
    assert_eq!(regions.load(Ordering::Relaxed), 0, "a region did not go back exactly once");
    match (found.load(Ordering::Relaxed), free) {
        (HAD, 0) => "had",
        (REFUSED, 1) => "refused",
        (found, free) => panic!("the second thread found {found}, and {free} blocks are free"),
    }
    .into()
}
