//! Each access is counted once, under its name.

use std::thread;

use steered::count::{Access, CountedU64, Kind, accesses, name};
use steered::sync::Mutex;
use steered::sync::atomic::Ordering::{Relaxed, Release};
use steered::sync::atomic::{AtomicU64, fence};

/// As a program's table of orderings does it.
fn ordering(of: &'static str) -> steered::sync::atomic::Ordering {
    name(of);
    Relaxed
}

#[test]
fn each_kind_is_seen_with_its_name() {
    let word = AtomicU64::new(0);
    let (mutex, aside) = (Mutex::new(()), CountedU64::new(0));
    let seen = accesses(|| {
        word.load(ordering("load"));
        word.store(0, ordering("store"));
        for _ in 0..2 {
            _ = word.compare_exchange(0, 1, ordering("done"), ordering("failed"));
        }
        word.swap(2, ordering("swap"));
        word.fetch_add(1, ordering("add"));
        name("fence");
        fence(Release);
        drop(mutex.lock().unwrap());
        aside.store(aside.load(Relaxed) + aside.fetch_add(1, Relaxed), Relaxed);
    });
    let seen: Vec<_> = seen.iter().map(|access| (access.kind, access.name)).collect();
    let expected = [
        (Kind::Load, Some("load")),
        (Kind::Store, Some("store")),
        (Kind::Cas, Some("done")),
        (Kind::FailedCas, Some("failed")),
        (Kind::Fetch, Some("swap")),
        (Kind::Fetch, Some("add")),
        (Kind::Fence, Some("fence")),
        (Kind::Lock, None),
        (Kind::Load, None),
        (Kind::Fetch, None),
        (Kind::Store, None),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn an_ordering_that_is_used_twice_names_both() {
    let word = AtomicU64::new(0);
    let seen = accesses(|| {
        let order = ordering("both");
        word.store(word.load(order) + 1, order);
    });
    assert_eq!(seen.iter().map(|access| access.name).collect::<Vec<_>>(), [Some("both"); 2]);
}

#[test]
fn what_nobody_asked_for_is_not_kept() {
    let word = AtomicU64::new(0);
    word.load(ordering("before"));
    let of_another = || thread::scope(|scope| _ = scope.spawn(|| word.load(Relaxed)));
    assert_eq!(accesses(of_another), []);
    let seen = accesses(|| _ = word.load(Relaxed));
    assert_eq!(seen, [Access { kind: Kind::Load, name: None }]);
}
