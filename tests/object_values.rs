//! What can be put into a pool of objects: any size, any alignment, anything that means something.

use core::cell::Cell;
use core::hash::BuildHasher;
use core::num::NonZeroU64;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::collections::HashSet;
use std::hash::RandomState;
use std::rc::Rc;

use stampool::{ObjectPool, OwnedPooled, Pooled, SharedPooled};

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
                    assert!((&raw const *object).is_aligned());
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
    let again = pool.create("a").unwrap();
    let hasher = RandomState::new();
    assert_eq!(hasher.hash_one(&other), hasher.hash_one(&again));
    assert_eq!(hasher.hash_one(&other), hasher.hash_one("a"));
}
