//! Stamped pools: what is stale is recognised, and every value is dropped once.

mod common;

use core::panic::AssertUnwindSafe;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use core::sync::atomic::{AtomicU64, AtomicUsize};
use std::panic::catch_unwind;
use std::sync::Arc;

use common::with_every_strategy;
use proptest::prelude::{any, prop, prop_oneof, proptest};
use proptest::strategy::Strategy as _;
use stampool::source::{CountingSource, FailingSource, SourceCounts};
use stampool::{
    AllocError, AtomicPackedStamped, AtomicStamped, PackedStamped, Stale, Stamped, StampedPool,
    Strategy, TaggedWide,
};

type Number = AtomicU64;

fn zero() -> Number {
    Number::new(0)
}

fn pool<S: Strategy>(batch: usize) -> StampedPool<Number, S> {
    let builder = StampedPool::<Number>::builder().strategy::<S>().batch(batch);
    builder.build_stamped(zero).unwrap()
}

#[test]
fn a_name_is_stale_once_it_is_freed() {
    with_every_strategy!(freed);
}

fn freed<S: Strategy>() {
    let pool = pool::<S>(2);
    let local = pool.local().unwrap();
    let name = local.allocate_with(|value, _| value.store(7, Relaxed)).unwrap();
    assert_eq!(pool.get(name).unwrap().load(Relaxed), 7);
    assert!(pool.is_current(name));
    assert_eq!(pool.read(name, |value| value.load(Relaxed)), Some(7));
    assert_eq!(local.free(name), Ok(()));
    for _ in 0..3 {
        assert_eq!(local.free(name), Err(Stale), "freed twice");
        assert!(pool.get(name).is_none() && !pool.is_current(name));
        let again = local.allocate().unwrap();
        assert_ne!(again, name);
        assert!(pool.get(name).is_none() && !pool.is_current(name), "somebody else's");
        assert_eq!(local.free(name), Err(Stale), "would free somebody else's");
        assert!(pool.is_current(again));
        local.free(again).unwrap();
    }
}

#[test]
fn a_value_stays_as_its_last_user_left_it() {
    let pool = pool::<TaggedWide>(1);
    let local = pool.local().unwrap();
    let name = local.allocate().unwrap();
    let value = pool.get(name).unwrap();
    local.free(name).unwrap();
    let again = local.allocate_with(|value, _| value.store(9, Relaxed)).unwrap();
    // The reference outlives its turn, and is to the same block's next value.
    assert_eq!(value.load(Relaxed), 9);
    assert!(core::ptr::eq(value, pool.get(again).unwrap()));
}

#[test]
fn a_null_names_nothing() {
    let pool = pool::<TaggedWide>(1);
    let local = pool.local().unwrap();
    for null in [Stamped::NULL, Stamped::null(3), Stamped::default()] {
        assert!(null.is_null() && pool.get(null).is_none() && !pool.is_current(null));
        assert_eq!(local.free(null), Err(Stale));
        assert!(null.pack().is_null() && pool.unpack(null.pack()).is_none());
    }
    assert_ne!(Stamped::<Number>::null(1), Stamped::null(2));
    assert_eq!(format!("{:?}", Stamped::<Number>::NULL), "Stamped::null(0)");
    assert_eq!(format!("{:?}", PackedStamped::<Number>::NULL), "PackedStamped::null(0)");
}

#[test]
fn a_name_of_another_pool_is_stale() {
    let (one, other) = (pool::<TaggedWide>(4), pool::<TaggedWide>(4));
    let (local, others) = (one.local().unwrap(), other.local().unwrap());
    let (name, theirs) = (local.allocate().unwrap(), others.allocate().unwrap());
    assert_ne!(name, theirs);
    assert!(one.get(theirs).is_none() && !other.is_current(name));
    assert_eq!(local.free(theirs), Err(Stale));
    assert_eq!(others.free(theirs), Ok(()));
}

#[test]
fn a_name_outlives_its_pool_and_leads_nowhere() {
    let gone = {
        let pool = pool::<TaggedWide>(64);
        let local = pool.local().unwrap();
        let names: Vec<_> = (0..100).map(|_| local.allocate().unwrap()).collect();
        names[99]
    };
    let pool = pool::<TaggedWide>(1);
    assert!(pool.get(gone).is_none(), "no block at all");
    let local = pool.local().unwrap();
    local.allocate().unwrap();
    assert!(pool.get(gone).is_none() && local.free(gone).is_err());
    // A packed name does not know its pool; it finds nothing that is not there.
    assert!(pool.unpack(gone.pack()).is_none());
}

#[test]
fn packed_names_are_unpacked_while_they_are_current() {
    let pool = pool::<TaggedWide>(1);
    let local = pool.local().unwrap();
    let name = local.allocate().unwrap();
    let word = AtomicPackedStamped::new(name.pack());
    assert_eq!(pool.unpack(word.load(Acquire)), Some(name));
    local.free(name).unwrap();
    assert_eq!(pool.unpack(word.load(Acquire)), None);
    let again = local.allocate().unwrap();
    assert_eq!(pool.unpack(word.load(Acquire)), None);
    assert_eq!(pool.unpack(again.pack()), Some(again));
    let late = word.compare_exchange(again.pack(), PackedStamped::NULL, AcqRel, Acquire);
    assert_eq!(late, Err(name.pack()));
}

#[test]
fn a_name_is_a_value_of_16_bytes_that_travels() {
    fn travels<T: Copy + Send + Sync + Unpin + 'static>() {}
    fn is_shared<T: Send + Sync>() {}
    // Whatever the value: a name has none.
    travels::<Stamped<std::rc::Rc<u8>>>();
    travels::<PackedStamped<*mut u8>>();
    is_shared::<StampedPool<Number>>();
    is_shared::<AtomicStamped<Number>>();
    is_shared::<AtomicPackedStamped<Number>>();
    assert_eq!(size_of::<Stamped<[u8; 99]>>(), 16);
    assert_eq!(size_of::<AtomicStamped<u8>>(), 16);
    assert_eq!(size_of::<PackedStamped<[u8; 99]>>(), 8);
    let text = format!("{:?}", AtomicStamped::<u8>::default());
    assert_eq!(text, "Stamped::null(0)");
    // Covariant.
    fn shorter<'a>(name: Stamped<&'static str>) -> Stamped<&'a str> {
        name
    }
    assert!(shorter(Stamped::NULL).is_null());
}

/// Counts those that were made and not dropped.
struct Counted(Arc<AtomicUsize>, bool);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
        assert!(!self.1, "told to panic");
    }
}

/// A pool of counted values; the one of this number panics when it is made, or when it is dropped.
fn counted(
    live: &Arc<AtomicUsize>,
    bad_init: usize,
    bad_drop: usize,
) -> (StampedPool<Counted>, SourceCounts) {
    let (live, made) = (live.clone(), AtomicUsize::new(0));
    let meter = CountingSource::default();
    let counts = meter.counts();
    let builder = StampedPool::<Counted>::builder().batch(4).source(meter);
    let pool = builder.build_stamped(move || {
        let number = made.fetch_add(1, Relaxed);
        assert_ne!(number, bad_init, "told to panic");
        live.fetch_add(1, Relaxed);
        Counted(live.clone(), number == bad_drop)
    });
    (pool.unwrap(), counts)
}

#[test]
fn each_value_is_made_once_and_dropped_once_with_its_pool() {
    let live = Arc::default();
    let (pool, counts) = counted(&live, usize::MAX, usize::MAX);
    let local = pool.local().unwrap();
    for _ in 0..10 {
        let names: Vec<_> = (0..6).map(|_| local.allocate().unwrap()).collect();
        assert_eq!(live.load(Relaxed), 6, "none is made twice");
        names.into_iter().for_each(|name| local.free(name).unwrap());
    }
    local.allocate().unwrap();
    core::mem::forget(local);
    drop(pool);
    assert_eq!(live.load(Relaxed), 0, "none is left, and none was dropped twice");
    assert_eq!(counts.obtained(), counts.released());
}

#[test]
fn a_panic_in_init_loses_no_block() {
    let live = Arc::default();
    let (pool, _) = counted(&live, 1, usize::MAX);
    let local = pool.local().unwrap();
    let name = local.allocate().unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| local.allocate())).is_err());
    let others: Vec<_> = (0..3).map(|_| local.allocate().unwrap()).collect();
    assert_eq!(pool.stats().carved_blocks, 4, "its block was handed out again");
    assert_eq!(live.load(Relaxed), 4);
    assert!(others.iter().chain([&name]).all(|name| pool.is_current(*name)));
    drop(local);
    drop(pool);
    assert_eq!(live.load(Relaxed), 0);
}

#[test]
fn a_panic_while_a_block_is_filled_loses_nothing() {
    let live = Arc::default();
    let (pool, _) = counted(&live, usize::MAX, usize::MAX);
    let local = pool.local().unwrap();
    let mut seen = Stamped::NULL;
    let filled = catch_unwind(AssertUnwindSafe(|| {
        local.allocate_with(|_, name| {
            seen = name;
            assert!(pool.get(name).is_none(), "not current yet");
            panic!("told to");
        })
    }));
    assert!(filled.is_err());
    assert!(pool.get(seen).is_none());
    let names: Vec<_> = (0..4).map(|_| local.allocate().unwrap()).collect();
    assert_eq!((pool.stats().carved_blocks, live.load(Relaxed)), (4, 4));
    assert!(names.into_iter().all(|name| pool.is_current(name)));
    drop(local);
    drop(pool);
    assert_eq!(live.load(Relaxed), 0, "made once, dropped once");
}

#[test]
fn a_panic_in_a_drop_leaves_no_other_value_behind() {
    let live = Arc::default();
    let (pool, counts) = counted(&live, usize::MAX, 2);
    let local = pool.local().unwrap();
    (0..6).for_each(|_| _ = local.allocate().unwrap());
    drop(local);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(pool))).is_err());
    assert_eq!(live.load(Relaxed), 0, "each once");
    assert_eq!(counts.obtained(), counts.released(), "the memory went back all the same");
}

#[test]
fn without_memory_nothing_is_lost() {
    for fail_at in 0..6 {
        let meter = FailingSource::default().refuse_at(fail_at);
        let builder = StampedPool::<Number>::builder().batch(4).chunk_blocks(4).source(meter);
        let pool = builder.build_stamped(zero).unwrap();
        let mut refused = 0;
        let local = loop {
            match pool.local() {
                Ok(local) => break local,
                Err(error) => assert_eq!(error, AllocError::OutOfMemory),
            }
        };
        let mut names = Vec::new();
        while names.len() < 40 {
            match local.allocate() {
                Ok(name) => names.push(name),
                Err(error) => {
                    assert_eq!(error, AllocError::OutOfMemory);
                    refused += 1;
                }
            }
        }
        assert!(refused <= 1);
        assert!(names.iter().all(|name| pool.is_current(*name)));
        // A smaller chunk is asked for where there is no memory for a whole one.
        assert!((40..44).contains(&pool.stats().carved_blocks));
    }
}

#[test]
fn blocks_are_found_by_number_beyond_the_first_buckets() {
    let builder = StampedPool::<Number>::builder().batch(3).chunk_blocks(7);
    let pool = builder.build_stamped(zero).unwrap();
    let local = pool.local().unwrap();
    let name = |number| local.allocate_with(|value, _| value.store(number, Relaxed)).unwrap();
    let names: Vec<_> = (0..1000).map(name).collect();
    for (number, name) in names.iter().enumerate() {
        assert_eq!(pool.get(*name).unwrap().load(Relaxed), number as u64);
    }
}

#[derive(Clone, Debug)]
enum Op {
    Allocate(u64),
    Free(prop::sample::Index),
    Look(prop::sample::Index),
}

proptest! {
    /// Against a list of all names that there ever were, and what they name.
    #[test]
    fn names_are_current_between_allocate_and_free(
        ops in prop::collection::vec(
            prop_oneof![
                any::<u64>().prop_map(Op::Allocate),
                any::<prop::sample::Index>().prop_map(Op::Free),
                any::<prop::sample::Index>().prop_map(Op::Look),
            ],
            0..common::often(300, 40),
        ),
        batch in 1_usize..9,
    ) {
        let pool = pool::<TaggedWide>(batch);
        let local = pool.local().unwrap();
        let mut names: Vec<(Stamped<Number>, Option<u64>)> = Vec::new();
        for op in ops {
            match op {
                Op::Allocate(number) => {
                    let fill = |value: &Number, _| value.store(number, Relaxed);
                    let name = local.allocate_with(fill).unwrap();
                    assert!(names.iter().all(|(known, _)| *known != name), "a name came twice");
                    names.push((name, Some(number)));
                }
                Op::Free(at) if !names.is_empty() => {
                    let (name, value) = at.get_mut_of(&mut names);
                    assert_eq!(local.free(*name).is_ok(), value.take().is_some());
                }
                Op::Look(at) if !names.is_empty() => {
                    let (name, value) = at.get_mut_of(&mut names);
                    assert_eq!(pool.read(*name, |value| value.load(Relaxed)), *value);
                    assert_eq!(pool.get(*name).is_some(), value.is_some());
                    assert_eq!(pool.unpack(name.pack()), value.map(|_| *name));
                }
                Op::Free(_) | Op::Look(_) => {}
            }
        }
    }
}

/// An index into a vector, for writing.
trait Pick {
    fn get_mut_of<'v, T>(&self, of: &'v mut Vec<T>) -> &'v mut T;
}

impl Pick for prop::sample::Index {
    fn get_mut_of<'v, T>(&self, of: &'v mut Vec<T>) -> &'v mut T {
        let at = self.index(of.len());
        &mut of[at]
    }
}

#[test]
fn of_many_threads_that_free_one_name_one_does() {
    let pool = pool::<TaggedWide>(1);
    let local = pool.local().unwrap();
    for _ in 0..common::often(200, 10) {
        let name = local.allocate().unwrap();
        let freed = std::thread::scope(|threads| {
            let free = || usize::from(pool.local().unwrap().free(name).is_ok());
            let all: Vec<_> = (0..4).map(|_| threads.spawn(free)).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
        });
        assert_eq!(freed, 1);
    }
}

/// `fill` may have left its name somewhere before it panicked.
#[test]
fn the_name_of_a_fill_that_panicked_is_nobody_elses() {
    let pool = StampedPool::new(|| AtomicU64::new(0)).unwrap();
    let local = pool.local().unwrap();
    let mut leaked = None;
    let filling = AssertUnwindSafe(|| {
        local.allocate_with(|_, name| {
            leaked = Some(name);
            panic!("fill")
        })
    });
    assert!(catch_unwind(filling).is_err());
    let leaked = leaked.unwrap();
    let mine = local.allocate().unwrap();
    assert_ne!(mine, leaked, "one name, two turns");
    assert!(pool.get(leaked).is_none() && local.free(leaked).is_err());
    assert!(local.free(mine).is_ok());
}
