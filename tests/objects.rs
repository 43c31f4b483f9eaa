//! Handles of objects: both modes, with caches and without, under every strategy.

mod common;

use core::cell::Cell;
use std::collections::HashSet;
use std::sync::{Arc, mpsc};
use std::thread;

use common::objects::{Set, assert_all_free, keeping, per_get, with_every_pool};
use common::tracked::{Tracked, Tracks};
use stampool::{
    AllocError, BuildError, Counted, EpochDeferred, ObjectPool, OwnedPooled, Pooled, SharedPooled,
    Strategy,
};

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
    common::with_every_cacheless!(as_many_as_threads);
}

fn as_many_as_threads<S: Strategy>() {
    let tracks = Tracks::new();
    let pool = keeping::<S>(&tracks).capacity(3).exact().build().unwrap();
    thread::scope(|threads| {
        for id in 1..4 {
            let pool = &pool;
            threads.spawn(move || {
                for _ in 0..common::often(2000, 20) {
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
fn objects_in_other_caches_are_no_reason_to_refuse() {
    let pool = ObjectPool::<u32>::builder().capacity(8).batch(4).build().unwrap();
    drop(pool.create_many(8, |_| 0).unwrap());
    thread::scope(|threads| {
        let other = threads.spawn(|| pool.create_many(8, |_| 1).map(|all| all.len()));
        assert_eq!(other.join().unwrap(), Ok(8));
    });
    let eight = pool.create_many(8, |_| 0).unwrap();
    assert_eq!(pool.create(1).unwrap_err().error, AllocError::Capacity);
    drop(eight);
}

#[test]
fn what_lets_magazines_wait_has_no_exact_pool() {
    let refused = ObjectPool::<u8>::builder().strategy::<EpochDeferred>().exact().build().err();
    assert_eq!(refused, Some(BuildError::Cacheless { strategy: EpochDeferred::NAME }));
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
