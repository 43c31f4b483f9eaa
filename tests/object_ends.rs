//! Pools of objects that are filled, sealed, or dropped while objects are live.

mod common;

use std::thread;

use common::objects::{Set, keeping, per_get, with_every_pool};
use common::tracked::{Tracked, Tracks};

use stampool::source::{CountingSource, SourceCounts};
use stampool::{
    AllocError, Block, BufferSource, BuildError, LivePolicy, ObjectPool, ObjectPoolBuilder, Pooled,
    Strategy, TaggedWide,
};

#[test]
fn a_sealed_pool_leaves_its_source_alone() {
    with_every_pool!(fill_and_seal);
}

fn fill_and_seal<S: Strategy>(set: Set<S>) {
    for (builder, made_beforehand) in [(per_get as fn(&_) -> _, 0), (keeping, 50)] {
        let tracks = Tracks::new();
        let meter = CountingSource::default();
        let counts = meter.counts();
        let builder = set(builder(&tracks)).source(meter).prefill(50).handles(2).sealed();
        let pool = builder.build().unwrap();
        let calls = counts.obtained();
        assert_eq!((tracks.made(), tracks.alive()), (made_beforehand, made_beforehand));
        thread::scope(|threads| {
            // More threads than slots.
            let threads: Vec<_> = (0..4)
                .map(|_| threads.spawn(|| (0..common::often(200, 10)).all(|_| pool.get().is_ok())))
                .collect();
            assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
        });
        drop(pool.get_many(20).unwrap());
        assert_eq!(pool.get_many(10_000).unwrap_err(), AllocError::Sealed);
        assert_eq!(counts.obtained(), calls, "the source was asked");
        drop(pool);
        assert_eq!(tracks.alive(), 0);
    }
}

#[test]
fn a_fill_that_cannot_be_had_is_an_error() {
    let tracks = Tracks::new();
    let built = keeping::<TaggedWide>(&tracks).exact().capacity(10).prefill(11).build();
    assert_eq!(built.err(), Some(BuildError::Fill { error: AllocError::Capacity }));
    assert_eq!(tracks.made(), 0);
}

/// A pool with a detached object and a forgotten handle, both in use.
fn end_with_two_live<S: Strategy>(
    builder: ObjectPoolBuilder<Tracked, S>,
) -> (SourceCounts, core::ptr::NonNull<Tracked>) {
    let meter = CountingSource::default();
    let counts = meter.counts();
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
            let meter = CountingSource::default();
            let counts = meter.counts();
            let tracks = Tracks::new();
            let builder = set(builder(&tracks)).source(meter).when_dropped(policy);
            let pool = builder.build().unwrap();
            thread::scope(|threads| {
                let other = threads.spawn(|| drop(pool.get_many(9).unwrap()));
                drop(pool.get_many(5).unwrap());
                // A scope does not wait for thread-local destructors, a join does.
                other.join().unwrap();
            });
            drop(pool);
            assert_eq!(counts.released(), counts.obtained());
        }
    }
}

/// A pool that keeps its memory leaves it alone: this thread outlives it with a full cache.
#[test]
fn a_pool_that_kept_its_memory_never_touches_it_again() {
    let layout = core::alloc::Layout::from_size_align(1 << 16, 64).unwrap();
    // SAFETY: the size is not zero.
    let buffer = core::ptr::NonNull::new(unsafe { std::alloc::alloc(layout) }).expect("memory");
    let sent = Block::from(buffer);
    thread::spawn(move || {
        let buffer = { sent }.as_non_null();
        // SAFETY: nobody else uses the buffer, and it stays.
        let source = unsafe { BufferSource::from_raw_parts(buffer, layout.size()) };
        let pool = ObjectPool::<[u64; 2]>::builder().batch(4).source(source).build().unwrap();
        let objects: Vec<_> = (0..6).map(|n| pool.create([n, n]).unwrap()).collect();
        _ = Pooled::detach(pool.create([7, 7]).unwrap());
        drop(objects);
        drop(pool);
        // SAFETY: within the buffer; the detached object is not used any more.
        unsafe { buffer.write_bytes(0xAB, layout.size()) };
        // Now the thread ends, and with it its handle.
    })
    .join()
    .unwrap();
    // SAFETY: written by the thread.
    let bytes = unsafe { core::slice::from_raw_parts(buffer.as_ptr(), layout.size()) };
    assert!(bytes.iter().all(|&byte| byte == 0xAB), "the thread's end wrote to it");
    // The source was not dropped, so the buffer stays for good.
}
