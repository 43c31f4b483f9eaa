//! A member of the family as the program's allocator, under the test harness itself.

use core::mem::MaybeUninit;
use core::ptr::NonNull;
use std::collections::BTreeMap;

use stampool::adapt::Global;
use stampool::alloc::Static;
use stampool::alloc::wrap::Locked;

const LEN: usize = 64 << 20;

static mut BUFFER: [MaybeUninit<u8>; LEN] = [const { MaybeUninit::uninit() }; LEN];

#[global_allocator]
static GLOBAL: Global<Locked<Static<'static>>> = Global::new(Locked::new({
    let start = NonNull::new((&raw mut BUFFER).cast()).expect("not null");
    // SAFETY: nothing else names the buffer.
    unsafe { Static::from_raw_parts(start, LEN) }
}));

#[test]
fn std_containers_work_on_it() {
    let before = GLOBAL.get().usage().used_bytes;
    let map: BTreeMap<String, Vec<usize>> =
        (0..1000).map(|n| (format!("{n:04}"), (0..n % 50).collect())).collect();
    assert_eq!(map["0731"], (0..31).collect::<Vec<_>>());
    assert!(GLOBAL.get().usage().used_bytes > before);
    let place: *const Vec<usize> = &raw const map["0731"];
    assert!(GLOBAL.get().owns(NonNull::new(place.cast_mut().cast()).expect("not null")));
    let threads =
        [0, 1, 2].map(|n| std::thread::spawn(move || vec![n; 1000].iter().sum::<usize>()));
    assert_eq!(threads.map(|thread| thread.join().expect("no panic")), [0, 1000, 2000]);
}
