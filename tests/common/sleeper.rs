//! Small pools under the strategies that defer reuse, and a thread that is held up in one.

use core::alloc::Layout;
use std::sync::mpsc;
use std::thread;

use stampool::{EpochDeferred, Local, Pool, PoolBuilder, Stats, Strategy};

pub const BATCH: usize = 4;

pub fn layout() -> Layout {
    Layout::new::<[u64; 4]>()
}

pub fn builder<S: Strategy>() -> PoolBuilder<S> {
    Pool::builder(layout()).strategy::<S>().batch(BATCH)
}

/// Whether magazines wait under `S`, and do not merely stay in a second list.
pub fn waits<S: Strategy>() -> bool {
    S::NAME == EpochDeferred::NAME
}

/// Runs `f` while another thread, with a handle of its own, is held up in an exchange.
pub fn beside_a_sleeper<S: Strategy, R>(pool: &Pool<S>, f: impl FnOnce() -> R) -> R {
    let (asleep, is_asleep) = mpsc::channel();
    let (wake, woken) = mpsc::channel::<()>();
    thread::scope(|threads| {
        let sleeper = threads.spawn(move || {
            let local = pool.local().unwrap();
            local.linger(|| {
                asleep.send(()).unwrap();
                // An error is a panic of the test, which ends the sleep too.
                _ = woken.recv();
            });
        });
        is_asleep.recv().unwrap();
        let result = f();
        drop(wake);
        sleeper.join().unwrap();
        result
    })
}

/// Lets a batch go from one handle to the other, over and over, and looks at the limbo all along.
/// Nobody else is at work, so what is counted is exact.
pub fn rounds<S: Strategy>(
    pool: &Pool<S>,
    (producer, consumer): (&Local<'_, S>, &Local<'_, S>),
    rounds: usize,
) -> Stats {
    let rounds = rounds / super::often(1, 25);
    for _ in 0..rounds {
        let blocks: [_; BATCH] = core::array::from_fn(|_| producer.allocate().unwrap());
        for block in blocks {
            // SAFETY: just allocated, and freed once.
            unsafe { consumer.deallocate(block) };
        }
        let stats = pool.stats();
        assert!(stats.limbo_magazines <= stats.limbo_limit, "{stats:?}");
    }
    pool.stats()
}
