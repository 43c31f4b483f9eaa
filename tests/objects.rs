//! Pools of objects: both modes, with caches and without, under every strategy.

mod common;

use core::cell::Cell;
use core::num::NonZeroU64;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread;

use common::tracked::{Tracked, Tracks};
use common::{Counts, Meter};
use stampool::{
    AllocError, BuildError, Counted, EpochDeferred, LivePolicy, Locked, ObjectPool,
    ObjectPoolBuilder, OwnedPooled, Pooled, Quiescent, SharedPooled, Strategy, TaggedPacked,
    TaggedWide,
};

/// Runs the same for every strategy, with caches and, where it can be, without.
macro_rules! with_every_pool {
    ($test:ident) => {
        $test::<TaggedWide>(|pool| pool.batch(4));
        $test::<TaggedPacked>(|pool| pool.batch(4));
        $test::<EpochDeferred>(|pool| pool.batch(4));
        $test::<Quiescent>(|pool| pool.batch(4));
        $test::<Locked>(|pool| pool.batch(4));
        $test::<TaggedWide>(|pool| pool.exact());
        $test::<TaggedPacked>(|pool| pool.exact());
        $test::<Quiescent>(|pool| pool.exact());
        $test::<Locked>(|pool| pool.exact());
    };
}

type Set<S, T = Tracked> = fn(ObjectPoolBuilder<T, S>) -> ObjectPoolBuilder<T, S>;

fn per_get<S: Strategy>(tracks: &Arc<Tracks>) -> ObjectPoolBuilder<Tracked, S> {
    let tracks = Arc::clone(tracks);
    ObjectPool::builder().strategy::<S>().make(move || tracks.make())
}

fn keeping<S: Strategy>(tracks: &Arc<Tracks>) -> ObjectPoolBuilder<Tracked, S> {
    let tracks = Arc::clone(tracks);
    ObjectPool::builder().strategy::<S>().keep(move || tracks.make(), Tracked::reset)
}

fn assert_all_free<T, S: Strategy>(pool: &mut ObjectPool<T, S>) {
    let census = pool.census();
    assert_eq!(census.free_blocks(), pool.stats().carved_blocks, "{census:?}");
}

#[test]
fn a_value_lives_as_long_as_its_handle() {
    with_every_pool!(live_and_die);
}

fn live_and_die<S: Strategy>(set: Set<S>) {
    let tracks = Tracks::new();
    let mut pool = set(per_get(&tracks)).build().unwrap();
    for round in 1..20 {
        let mut objects: Vec<_> = (0..round).map(|_| pool.get().unwrap()).collect();
        for (at, object) in objects.iter_mut().enumerate() {
            object.word = at as u64;
        }
        objects.push(pool.create(tracks.make()).unwrap());
        objects.push(pool.create_with(|| tracks.make()).unwrap());
        assert_eq!(tracks.alive(), round + 2);
        assert!(objects.iter().take(round).enumerate().all(|(at, o)| o.word == at as u64));
        let places: HashSet<_> = objects.iter().map(|object| &raw const **object).collect();
        assert_eq!(places.len(), round + 2, "two objects in one place");
        drop(objects);
        assert_eq!(tracks.alive(), 0);
    }
    assert_all_free(&mut pool);
}

#[test]
fn a_kept_value_is_reset_and_lives_as_long_as_the_pool() {
    with_every_pool!(keep_and_reset);
}

fn keep_and_reset<S: Strategy>(set: Set<S>) {
    let tracks = Tracks::new();
    let mut pool = set(keeping(&tracks)).build().unwrap();
    for round in 1..20 {
        let mut objects: Vec<_> = (0..10).map(|_| pool.get().unwrap()).collect();
        for object in &mut objects {
            assert_eq!(object.word, 0, "in its initial state");
            object.word = round;
        }
    }
    assert_eq!(tracks.resets(), 190);
    let made = tracks.made();
    assert!((10..=pool.stats().carved_blocks).contains(&made), "{made} for 10 at a time");
    assert_eq!(tracks.alive(), made, "none was dropped");
    assert_all_free(&mut pool);
    drop(pool);
    assert_eq!(tracks.alive(), 0);
}

#[test]
fn create_in_a_pool_that_keeps_takes_the_place_of_what_was_kept() {
    with_every_pool!(replace);
}

fn replace<S: Strategy>(set: Set<S>) {
    let tracks = Tracks::new();
    let pool = set(keeping(&tracks)).build().unwrap();
    let number = pool.get().unwrap().number();
    let object = pool.create(tracks.make()).unwrap();
    assert_ne!(object.number(), number);
    assert_eq!(tracks.alive(), 1, "the other one went");
    let number = object.number();
    drop(object);
    assert_eq!(pool.get().unwrap().number(), number, "now this one is kept");
    drop(pool);
    assert_eq!((tracks.made(), tracks.alive()), (2, 0));
}

#[test]
fn a_value_can_be_moved_out() {
    with_every_pool!(move_out);
}

fn move_out<S: Strategy>(set: Set<S>) {
    let tracks = Tracks::new();
    for builder in [per_get(&tracks), keeping(&tracks)] {
        let mut pool = set(builder).build().unwrap();
        let value = Pooled::into_inner(pool.get().unwrap());
        assert_all_free(&mut pool);
        assert_ne!(pool.get().unwrap().number(), value.number());
        let pool = Arc::new(pool);
        let other = OwnedPooled::into_inner(pool.get_owned().unwrap());
        drop(pool);
        assert_eq!(tracks.alive(), 2);
        drop((value, other));
    }
    assert_eq!(tracks.alive(), 0);
}

#[test]
fn handles_go_back_from_any_thread() {
    with_every_pool!(drop_elsewhere);
}

fn drop_elsewhere<S: Strategy>(set: Set<S>) {
    for builder in [per_get, keeping] {
        let tracks = Tracks::new();
        let mut pool = set(builder(&tracks)).build().unwrap();
        thread::scope(|threads| {
            let (send, receive) = mpsc::channel::<Vec<Pooled<'_, Tracked, S>>>();
            threads.spawn(move || receive.into_iter().for_each(drop));
            for _ in 0..50 {
                send.send(pool.get_many(7).unwrap()).unwrap();
            }
            drop(send);
        });
        assert_all_free(&mut pool);
        drop(pool);
        assert_eq!(tracks.alive(), 0);
    }
}

#[test]
fn an_owned_handle_keeps_its_pool() {
    with_every_pool!(outlive_the_owner);
}

fn outlive_the_owner<S: Strategy>(set: Set<S>) {
    for builder in [per_get, keeping] {
        let tracks = Tracks::new();
        let pool = Arc::new(set(builder(&tracks)).build().unwrap());
        let mut object = pool.get_owned().unwrap();
        let other = pool.create_owned(tracks.make()).unwrap();
        drop(pool);
        let thread = thread::spawn(move || {
            object.word = 7;
            drop(other);
            assert_eq!(object.word, 7);
        });
        thread.join().unwrap();
        assert_eq!(tracks.alive(), 0, "the pool went with its last object");
    }
}

#[test]
fn the_last_of_several_owners_gives_back() {
    with_every_pool!(share);
}

fn share<S: Strategy>(set: Set<S, Counted<Tracked>>) {
    let tracks = Tracks::new();
    let source = Arc::clone(&tracks);
    let builder = ObjectPool::builder()
        .strategy::<S>()
        .keep(move || Counted::new(source.make()), |value| value.reset());
    let pool = Arc::new(set(builder).build().unwrap());
    for _ in 0..50 {
        let mut object = pool.get_owned().unwrap();
        assert_eq!(object.word, 0);
        object.word = 7;
        let shared = OwnedPooled::share(object);
        let threads: Vec<_> = (0..4)
            .map(|_| shared.clone())
            .map(|shared| thread::spawn(move || assert_eq!(shared.clone().word, 7)))
            .collect();
        assert!(SharedPooled::is_same(&shared, &shared.clone()));
        drop(shared);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
    assert_eq!((tracks.resets(), tracks.alive()), (50, tracks.made()));

    let shared = OwnedPooled::share(pool.get_owned().unwrap());
    let other = shared.clone();
    let shared = SharedPooled::try_unshare(shared).expect_err("there is another one");
    drop(other);
    let mut alone = SharedPooled::try_unshare(shared).expect("the only one");
    alone.word = 8;
    drop(pool);
    assert_eq!(OwnedPooled::share(alone).word, 8);
    assert_eq!(tracks.alive(), 0);
}

#[test]
fn detached_objects_are_attached_again_anywhere() {
    with_every_pool!(detach_and_attach);
}

struct Sent(core::ptr::NonNull<Tracked>);
// SAFETY: the value is `Send`, and detached: whoever has the pointer owns it.
unsafe impl Send for Sent {}

fn detach_and_attach<S: Strategy>(set: Set<S>) {
    for builder in [per_get, keeping] {
        let tracks = Tracks::new();
        let mut pool = set(builder(&tracks)).build().unwrap();
        thread::scope(|threads| {
            let (send, receive) = mpsc::channel::<Sent>();
            let pool = &pool;
            threads.spawn(move || {
                for (at, sent) in receive.into_iter().enumerate() {
                    // SAFETY: detached from this pool, and sent to us alone.
                    let object = unsafe { pool.attach(sent.0) };
                    assert_eq!(object.word, at as u64);
                }
            });
            for word in 0..100 {
                let mut object = pool.get().unwrap();
                object.word = word;
                send.send(Sent(Pooled::detach(object))).unwrap();
            }
            drop(send);
        });
        assert_all_free(&mut pool);
        let pool = Arc::new(pool);
        let (again, detached) = OwnedPooled::detach(pool.get_owned().unwrap());
        // SAFETY: just detached from this pool.
        let object = unsafe { again.attach_owned(detached) };
        drop((again, pool));
        assert_eq!(object.word, 0);
        drop(object);
        assert_eq!(tracks.alive(), 0);
    }
}

#[test]
fn many_are_had_all_or_none() {
    with_every_pool!(all_or_none);
}

fn all_or_none<S: Strategy>(set: Set<S>) {
    let tracks = Tracks::new();
    let mut pool = set(per_get(&tracks)).capacity(10).build().unwrap();
    for count in 0..14 {
        let made = tracks.made();
        let had = pool.create_many(count, |_| tracks.make());
        if count <= 10 {
            let first = had.unwrap().iter().map(|object| object.number()).min();
            assert_eq!(first, (count > 0).then_some(made), "in the order of the numbers");
            assert_eq!(pool.get_many(count).unwrap().len(), count);
        } else {
            assert_eq!(had.unwrap_err(), AllocError::Capacity);
            assert_eq!(pool.get_many(count).unwrap_err(), AllocError::Capacity);
            assert_eq!(tracks.made(), made, "none was made for nothing");
        }
        assert_eq!(tracks.alive(), 0);
    }
    assert_eq!(pool.get_many(usize::MAX).unwrap_err(), AllocError::OutOfMemory);
    let kept = pool.get().unwrap();
    assert_eq!(pool.get_many(10).unwrap_err(), AllocError::Capacity);
    drop(kept);
    assert_all_free(&mut pool);
}

#[test]
fn a_refused_value_comes_back() {
    with_every_pool!(refuse_a_value);
}

fn refuse_a_value<S: Strategy>(set: Set<S>) {
    let tracks = Tracks::new();
    let pool = set(per_get(&tracks)).capacity(4).build().unwrap();
    let taken = pool.get_many(4).unwrap();
    let value = tracks.make();
    let number = value.number();
    let refused = pool.create(value).unwrap_err();
    assert_eq!((refused.value.number(), refused.error), (number, AllocError::Capacity));
    assert_eq!(refused.to_string(), AllocError::Capacity.to_string());
    assert_eq!(tracks.alive(), 5);
    assert!(pool.create_with(|| unreachable!("no place")).is_err());
    drop(taken);
    assert_eq!(pool.create(refused.value).unwrap().number(), number);
}

/// As many objects as threads, each with one at most: there is always one for it.
#[test]
fn an_exact_pool_refuses_nobody_while_an_object_is_free() {
    as_many_as_threads::<TaggedWide>();
    as_many_as_threads::<TaggedPacked>();
    as_many_as_threads::<Quiescent>();
    as_many_as_threads::<Locked>();
}

fn as_many_as_threads<S: Strategy>() {
    let tracks = Tracks::new();
    let pool = keeping::<S>(&tracks).capacity(3).exact().build().unwrap();
    thread::scope(|threads| {
        for id in 1..4 {
            let pool = &pool;
            threads.spawn(move || {
                for _ in 0..2000 {
                    let mut object = pool.get().expect("one for each");
                    assert_eq!(object.word, 0);
                    object.word = id;
                    thread::yield_now();
                    assert_eq!(object.word, id, "somebody else has it too");
                }
            });
        }
    });
    assert!(tracks.made() <= 3);
}

#[test]
fn a_cached_pool_may_refuse_while_objects_lie_in_other_caches() {
    let pool = ObjectPool::<u32>::builder().capacity(8).batch(4).build().unwrap();
    drop(pool.create_many(8, |_| 0).unwrap());
    thread::scope(|threads| {
        let other = threads.spawn(|| pool.create(1).map(|_| ()).map_err(|full| full.error));
        assert_eq!(other.join().unwrap(), Err(AllocError::Capacity));
    });
    assert!(pool.create(1).is_ok(), "here they are");
}

#[test]
fn what_lets_shells_wait_has_no_exact_pool() {
    let refused = ObjectPool::<u8>::builder().strategy::<EpochDeferred>().exact().build().err();
    assert_eq!(refused, Some(BuildError::Cacheless { strategy: EpochDeferred::NAME }));
}

#[test]
fn a_sealed_pool_leaves_its_source_alone() {
    with_every_pool!(fill_and_seal);
}

fn fill_and_seal<S: Strategy>(set: Set<S>) {
    for (builder, made_beforehand) in [(per_get as fn(&_) -> _, 0), (keeping, 50)] {
        let tracks = Tracks::new();
        let meter = Meter::new();
        let counts = Arc::clone(&meter.counts);
        let builder = set(builder(&tracks)).source(meter).prefill(50).seats(2).sealed();
        let pool = builder.build().unwrap();
        let calls = counts.obtained();
        assert_eq!((tracks.made(), tracks.alive()), (made_beforehand, made_beforehand));
        thread::scope(|threads| {
            // More threads than seats.
            let threads: Vec<_> =
                (0..4).map(|_| threads.spawn(|| (0..200).all(|_| pool.get().is_ok()))).collect();
            assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
        });
        drop(pool.get_many(20).unwrap());
        assert_eq!(pool.get_many(1000).unwrap_err(), AllocError::Sealed);
        assert_eq!(counts.obtained(), calls, "the source was asked");
        drop(pool);
        assert_eq!(tracks.alive(), 0);
    }
}

#[test]
fn a_fill_that_cannot_be_had_is_an_error() {
    let tracks = Tracks::new();
    let built = keeping::<TaggedWide>(&tracks).batch(4).capacity(10).prefill(11).build();
    assert_eq!(built.err(), Some(BuildError::Fill { error: AllocError::Capacity }));
    assert_eq!(tracks.made(), 0);
}

/// A pool with a detached object and a forgotten handle, both in use.
fn end_with_two_live<S: Strategy>(
    builder: ObjectPoolBuilder<Tracked, S>,
) -> (Arc<Counts>, core::ptr::NonNull<Tracked>) {
    let meter = Meter::new();
    let counts = Arc::clone(&meter.counts);
    let pool = builder.source(meter).build().unwrap();
    let free = pool.get_many(5).unwrap();
    let mut object = pool.get().unwrap();
    object.word = 7;
    let detached = Pooled::detach(object);
    core::mem::forget(pool.get().unwrap());
    drop(free);
    drop(pool);
    (counts, detached)
}

#[test]
fn live_objects_keep_the_memory_if_that_is_the_policy() {
    with_every_pool!(keep_the_memory);
}

fn keep_the_memory<S: Strategy>(set: Set<S>) {
    for builder in [per_get, keeping] {
        let tracks = Tracks::new();
        let (counts, detached) = end_with_two_live(set(builder(&tracks)));
        assert_eq!(counts.released(), 0);
        assert_eq!(tracks.alive(), 2, "those that nobody had are gone");
        // SAFETY: the memory is kept, and the object is ours.
        assert_eq!(unsafe { detached.as_ref() }.word, 7);
    }
}

#[test]
fn live_objects_go_with_the_memory_if_that_is_the_policy() {
    with_every_pool!(free_the_memory);
}

fn free_the_memory<S: Strategy>(set: Set<S>) {
    for builder in [per_get, keeping] {
        let tracks = Tracks::new();
        let builder = set(builder(&tracks)).when_dropped(LivePolicy::Free);
        let (counts, _) = end_with_two_live(builder);
        assert_eq!(counts.released(), counts.obtained());
        assert_eq!(tracks.alive(), 2, "their values were not dropped");
    }
}

#[test]
fn nothing_is_kept_where_nothing_is_live() {
    with_every_pool!(give_all_back);
}

fn give_all_back<S: Strategy>(set: Set<S>) {
    for builder in [per_get, keeping] {
        for policy in [LivePolicy::default(), LivePolicy::Free, LivePolicy::Panic] {
            let meter = Meter::new();
            let counts = Arc::clone(&meter.counts);
            let tracks = Tracks::new();
            let builder = set(builder(&tracks)).source(meter).when_dropped(policy);
            let pool = builder.build().unwrap();
            thread::scope(|threads| {
                threads.spawn(|| drop(pool.get_many(9).unwrap()));
                drop(pool.get_many(5).unwrap());
            });
            drop(pool);
            assert_eq!(counts.released(), counts.obtained());
        }
    }
}

/// Values whose bytes mean something: none of them may ever be made up.
#[test]
fn references_and_the_like_are_never_made_up() {
    fn double(x: u64) -> u64 {
        2 * x
    }
    type Picky<'a> = (&'a str, NonZeroU64, fn(u64) -> u64, Box<u8>, bool, char);
    let text = String::from("text");
    let make = |nth: usize| -> Picky<'_> {
        (&text, NonZeroU64::new(nth as u64 + 1).unwrap(), double, Box::new(3), true, 'x')
    };
    let pool = ObjectPool::builder().batch(2).build().unwrap();
    for _ in 0..3 {
        for (nth, object) in pool.create_many(9, make).unwrap().iter().enumerate() {
            assert_eq!((object.0, object.1.get(), object.2(4)), ("text", nth as u64 + 1, 8));
            assert_eq!((*object.3, object.4, object.5), (3, true, 'x'));
        }
    }
    let kept = ObjectPool::builder()
        .keep(|| (NonZeroU64::MIN, double as fn(u64) -> u64, "text"), |value| value.2 = "text")
        .build()
        .unwrap();
    for _ in 0..3 {
        for object in &mut kept.get_many(9).unwrap() {
            assert_eq!((object.0.get(), object.1(4), object.2), (1, 8, "text"));
            object.2 = "other";
        }
    }
}

#[test]
fn nobody_sees_what_the_last_user_left() {
    let pool = ObjectPool::<[u64; 16]>::builder().batch(2).build().unwrap();
    for round in 1..10 {
        let mut objects = pool.create_many(8, |_| [round; 16]).unwrap();
        assert!(objects.iter().all(|object| object.iter().all(|word| *word == round)));
        objects.iter_mut().for_each(|object| object.fill(u64::MAX));
    }
}

#[test]
fn values_without_a_size_have_a_place_each() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    struct Nothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Relaxed);
        }
    }
    for keeps in [false, true] {
        DROPS.store(0, Relaxed);
        let builder = ObjectPool::builder().batch(2).make(|| Nothing);
        let builder = if keeps { builder.keep(|| Nothing, |_| ()) } else { builder };
        let pool = builder.build().unwrap();
        let objects = pool.get_many(10).unwrap();
        let places: HashSet<_> = objects.iter().map(|object| &raw const **object).collect();
        assert_eq!(places.len(), 10);
        drop(objects);
        assert_eq!(DROPS.load(Relaxed), if keeps { 0 } else { 10 });
        drop(pool);
        assert_eq!(DROPS.load(Relaxed), 10);
    }
}

#[test]
fn every_alignment_is_kept() {
    macro_rules! aligned {
        ($($align:literal)*) => {$({
            #[repr(align($align))]
            struct Aligned(u8);
            let pool = ObjectPool::builder().batch(2).make(|| Aligned(7)).build().unwrap();
            let kept = ObjectPool::builder().batch(2).keep(|| Aligned(7), |_| ()).build().unwrap();
            for pool in [pool, kept] {
                for object in pool.get_many(5).unwrap() {
                    assert_eq!((&raw const *object).addr() % $align, 0);
                    assert_eq!(object.0, 7);
                }
            }
        })*};
    }
    aligned!(1 2 8 16 64 128 4096 65536);
}

#[test]
fn what_cannot_be_sent_stays_on_its_thread() {
    let pool =
        ObjectPool::builder().keep(|| Rc::new(Cell::new(0)), |rc| rc.set(0)).build().unwrap();
    let object = pool.get().unwrap();
    object.set(1);
    let same = Rc::clone(&object);
    drop(object);
    assert_eq!((same.get(), Rc::strong_count(&same)), (0, 2));
    drop(pool);
    assert_eq!(Rc::strong_count(&same), 1);
}

/// Fails to compile where `$type` is `$marker`: two implementations would then fit.
macro_rules! assert_not {
    ($type:ty: $marker:ident) => {{
        trait Ambiguous<A> {
            fn look() {}
        }
        impl<T: ?Sized> Ambiguous<()> for T {}
        impl<T: ?Sized + $marker> Ambiguous<u8> for T {}
        <$type as Ambiguous<_>>::look();
    }};
}

#[test]
fn what_is_sent_and_shared_is_as_the_value_says() {
    type Guard = std::sync::MutexGuard<'static, u8>;
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    is_send::<ObjectPool<Cell<u8>>>();
    is_sync::<ObjectPool<Cell<u8>>>();
    is_send::<Pooled<'_, Cell<u8>>>();
    is_send::<OwnedPooled<Cell<u8>>>();
    is_sync::<Pooled<'_, Guard>>();
    is_sync::<OwnedPooled<Guard>>();
    is_send::<SharedPooled<u8>>();
    is_sync::<SharedPooled<u8>>();
    assert_not!(ObjectPool<Rc<u8>>: Send);
    assert_not!(ObjectPool<Rc<u8>>: Sync);
    assert_not!(ObjectPool<Guard>: Sync);
    assert_not!(Pooled<'static, Cell<u8>>: Sync);
    assert_not!(Pooled<'static, Guard>: Send);
    assert_not!(OwnedPooled<Cell<u8>>: Sync);
    assert_not!(OwnedPooled<Guard>: Send);
    assert_not!(SharedPooled<Cell<u8>>: Send);
    assert_not!(SharedPooled<Cell<u8>>: Sync);
    assert_not!(SharedPooled<Guard>: Send);
}

#[test]
fn a_handle_reads_as_its_object() {
    let pool = ObjectPool::builder().build().unwrap();
    let (one, other) = (pool.create("b").unwrap(), pool.create("a").unwrap());
    assert_eq!(format!("{one} {one:?}"), "b \"b\"");
    assert!(one != other && one > other && one == pool.create("b").unwrap());
    let set: HashSet<_> = [one, other, pool.create("a").unwrap()].into();
    assert_eq!(set.len(), 2);
}

#[test]
fn handles_may_go_with_their_threads_storage() {
    thread_local! {
        static HELD: Cell<Option<OwnedPooled<Tracked>>> = const { Cell::new(None) };
    }
    for builder in [per_get, keeping] {
        let tracks = Tracks::new();
        let pool = Arc::new(builder(&tracks).batch(4).build().unwrap());
        for at_first in [true, false].repeat(5) {
            let pool = Arc::clone(&pool);
            let thread = thread::spawn(move || {
                if at_first {
                    HELD.with(|_| ());
                }
                HELD.set(Some(pool.get_owned().unwrap()));
            });
            thread.join().unwrap();
        }
        assert_all_free(&mut Arc::into_inner(pool).unwrap());
        assert_eq!(tracks.alive(), 0);
    }
}
