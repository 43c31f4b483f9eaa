//! Pools of objects whose constructor, reset hook or destructor panics, at every place there is.

mod common;

use core::mem;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::panic::catch_unwind;
use std::sync::{Arc, OnceLock, Weak};
use std::thread;

use common::tracked::{Deed, Tracked, Tracks};
use stampool::source::CountingSource;
use stampool::{Counted, LivePolicy, ObjectPool, ObjectPoolBuilder, OwnedPooled, Pooled};

const CAPACITY: usize = 12;

/// A test's panics are meant: nobody wants to read them.
fn quietly(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

#[derive(Clone, Copy, Debug)]
struct Kind {
    keeps: bool,
    is_exact: bool,
}

const KINDS: [Kind; 4] = [
    Kind { keeps: false, is_exact: false },
    Kind { keeps: false, is_exact: true },
    Kind { keeps: true, is_exact: false },
    Kind { keeps: true, is_exact: true },
];

fn builder(kind: Kind, tracks: &Arc<Tracks>) -> ObjectPoolBuilder<Tracked> {
    let tracks = Arc::clone(tracks);
    let builder = ObjectPool::builder().capacity(CAPACITY).batch(4);
    let builder = if kind.is_exact { builder.exact() } else { builder };
    if kind.keeps {
        builder.keep(move || tracks.make(), Tracked::reset)
    } else {
        builder.make(move || tracks.make())
    }
}

/// Everything that makes, resets or drops a value. Each step is caught on its own; how many
/// panicked is the result.
fn script(pool: &ObjectPool<Tracked>, tracks: &Arc<Tracks>) -> usize {
    let mut panics = 0;
    let mut step = |f: &mut dyn FnMut()| panics += usize::from(quietly(f));
    for _ in 0..2 {
        step(&mut || drop(pool.get().unwrap()));
        step(&mut || {
            let mut object = pool.get().unwrap();
            object.word = 1;
            let _other = pool.get().unwrap();
        });
        step(&mut || drop(pool.get_many(5).unwrap()));
        step(&mut || drop(pool.create(tracks.make()).unwrap()));
        step(&mut || drop(pool.create_with(|| tracks.make()).unwrap()));
        step(&mut || drop(pool.create_many(4, |_| tracks.make()).unwrap()));
        step(&mut || drop(Pooled::into_inner(pool.get().unwrap())));
        step(&mut || {
            let detached = Pooled::detach(pool.get().unwrap());
            // SAFETY: detached from this pool just now.
            drop(unsafe { pool.attach(detached) });
        });
        step(&mut || {
            thread::scope(|threads| {
                let object = pool.get().unwrap();
                // Joined by hand: the scope does not wait for what a thread does at its very end,
                // and a thread that is just handing its blocks in when the pool goes frees it
                // later.
                threads.spawn(move || drop(object)).join().unwrap();
            });
        });
    }
    panics
}

#[test]
fn whatever_panics_the_pool_stays_whole() {
    for kind in KINDS {
        for deed in [Deed::Make, Deed::Reset, Deed::Drop] {
            let step = common::often(1, 9);
            let cases = (0..).step_by(step).take_while(|nth| panic_at(kind, deed, *nth));
            let reached = cases.count() * step;
            assert!(deed == Deed::Reset && !kind.keeps || reached > 8, "{kind:?} {deed:?}");
        }
    }
}

/// Whether there was an `nth` deed.
fn panic_at(kind: Kind, deed: Deed, nth: usize) -> bool {
    let meter = CountingSource::default();
    let counts = meter.counts();
    let tracks = Tracks::new();
    let mut pool = builder(kind, &tracks).source(meter).build().unwrap();
    tracks.fail(deed, nth);
    let panics = script(&pool, &tracks);
    let reached = tracks.has_failed();
    let case = format!("{kind:?}, {deed:?} number {nth}");
    assert_eq!(panics, usize::from(reached), "{case}");

    let free = pool.census().free_blocks();
    assert_eq!(free, pool.stats().carved_blocks, "{case}: a block was lost");
    if reached {
        let count = if kind.is_exact { CAPACITY } else { CAPACITY - 4 };
        let all = pool.get_many(count).expect("all are free");
        assert!(all.iter().all(|object| object.word == 0), "{case}: not in its initial state");
    }
    let kept = tracks.alive();
    assert!(kind.keeps || kept == 0, "{case}: {kept} values were lost");

    // In a pool that keeps, the fault may lie in its end.
    let ended = quietly(|| drop(pool));
    assert_eq!(ended, !reached && tracks.has_failed(), "{case}");
    assert_eq!(tracks.alive(), 0, "{case}: not every value was dropped");
    assert_eq!(counts.released(), counts.obtained(), "{case}: memory was lost");
    tracks.has_failed()
}

#[test]
fn a_fill_that_panics_leaves_nothing_behind() {
    for is_exact in [false, true] {
        for nth in 0..10 {
            let meter = CountingSource::default();
            let counts = meter.counts();
            let tracks = Tracks::new();
            tracks.fail(Deed::Make, nth);
            let builder = builder(Kind { keeps: true, is_exact }, &tracks)
                .source(meter)
                .when_dropped(LivePolicy::Panic)
                .prefill(10);
            assert!(quietly(|| drop(builder.build())));
            assert_eq!((tracks.made(), tracks.alive()), (nth, 0));
            assert_eq!(counts.released(), counts.obtained());
        }
    }
}

#[test]
fn the_last_of_several_owners_may_panic() {
    for deed in [Deed::Reset, Deed::Drop] {
        let tracks = Tracks::new();
        let source = Arc::clone(&tracks);
        let pool = ObjectPool::builder()
            .exact()
            .capacity(1)
            .keep(move || Counted::new(source.make()), |value| value.reset())
            .build();
        let pool = Arc::new(pool.unwrap());
        let shared = OwnedPooled::share(pool.get_owned().unwrap());
        let other = shared.clone();
        tracks.fail(deed, 0);
        drop(shared);
        assert_eq!(quietly(|| drop(other)), deed == Deed::Reset);
        assert_eq!(tracks.alive(), usize::from(deed == Deed::Drop));
        // Again with a count of one.
        let shared = OwnedPooled::share(pool.get_owned().expect("the only one is free"));
        drop(shared);
        assert_eq!(Arc::strong_count(&pool), 1, "a handle of the pool was lost");
        assert_eq!(quietly(|| drop(pool)), deed == Deed::Drop);
        assert_eq!(tracks.alive(), 0);
    }
}

/// What hooks know of their pool.
#[derive(Default)]
struct Own {
    pool: OnceLock<Weak<ObjectPool<Vec<u8>>>>,
    depth: AtomicUsize,
    calls: AtomicUsize,
}

impl Own {
    /// Takes an object of the pool, if that is not too deep, and gives it back.
    fn call(&self) {
        let Some(pool) = self.pool.get().and_then(Weak::upgrade) else { return };
        if self.depth.fetch_add(1, Relaxed) < 3 {
            self.calls.fetch_add(1, Relaxed);
            let mut object = pool.get().unwrap();
            assert!(object.is_empty());
            object.push(1);
        }
        self.depth.fetch_sub(1, Relaxed);
    }
}

#[test]
fn a_hook_may_use_its_pool() {
    for is_exact in [false, true] {
        let own = Arc::new(Own::default());
        let (of_make, of_reset) = (Arc::clone(&own), Arc::clone(&own));
        let make = move || {
            of_make.call();
            Vec::new()
        };
        let reset = move |value: &mut Vec<u8>| {
            of_reset.call();
            value.clear();
        };
        let builder = ObjectPool::builder().batch(2).keep(make, reset);
        let builder = if is_exact { builder.exact() } else { builder };
        let pool = Arc::new(builder.build().unwrap());
        own.pool.set(Arc::downgrade(&pool)).unwrap();
        for _ in 0..3 {
            assert!(pool.get_many(5).unwrap().iter().all(|object| object.is_empty()));
        }
        assert!(own.calls.load(Relaxed) > 15);
    }
}

#[test]
fn forgotten_handles_lose_their_own_block_alone() {
    for kind in KINDS {
        let tracks = Tracks::new();
        let mut pool = builder(kind, &tracks).when_dropped(LivePolicy::Free).build().unwrap();
        for _ in 0..3 {
            mem::forget(pool.get().unwrap());
            drop(pool.get_many(2).unwrap());
        }
        assert_eq!(pool.stats().carved_blocks - pool.census().free_blocks(), 3);
        assert_eq!(pool.get_many(CAPACITY - 3).unwrap().len(), CAPACITY - 3);
        assert!(pool.get_many(CAPACITY - 2).is_err());
        drop(pool);
        assert_eq!(tracks.alive(), 3, "whoever forgets a handle forgets its value");
    }
}

#[test]
#[should_panic(expected = "an ObjectPool was dropped while 2 of its objects were live")]
fn a_pool_with_live_objects_panics_if_that_is_the_policy() {
    let tracks = Tracks::new();
    let pool = builder(KINDS[2], &tracks).when_dropped(LivePolicy::Panic).build().unwrap();
    mem::forget(pool.get_many(2).unwrap());
}

#[test]
fn a_pool_with_live_objects_keeps_quiet_while_its_thread_unwinds() {
    for kind in KINDS {
        let tracks = Tracks::new();
        let meter = CountingSource::default();
        let counts = meter.counts();
        let builder = builder(kind, &tracks).when_dropped(LivePolicy::Panic).source(meter);
        let pool = builder.build().unwrap();
        let detached = Pooled::detach(pool.get().unwrap());
        let unwound = catch_unwind(AssertUnwindSafe(move || {
            let _pool = pool;
            panic!("something else");
        }));
        assert_eq!(unwound.unwrap_err().downcast_ref(), Some(&"something else"));
        assert_eq!(counts.released(), 0, "the memory is kept");
        // SAFETY: the memory is kept, and the object is ours.
        assert_eq!(unsafe { detached.as_ref() }.word, 0);
    }
}

#[test]
fn a_handle_that_goes_while_its_thread_unwinds_goes_back() {
    for kind in KINDS {
        let tracks = Tracks::new();
        let mut pool = builder(kind, &tracks).build().unwrap();
        assert!(quietly(|| {
            let _object = pool.get().unwrap();
            let _others = pool.get_many(3).unwrap();
            panic!("its user's");
        }));
        assert_eq!(pool.census().free_blocks(), pool.stats().carved_blocks);
        assert_eq!(tracks.resets(), if kind.keeps { 4 } else { 0 });
        drop(pool);
        assert_eq!(tracks.alive(), 0);
    }
}
