//! A member of the family as the program's allocator, under the test harness itself.

#[cfg(unix)]
#[path = "common/again.rs"]
mod again;

use core::alloc::{GlobalAlloc, Layout};
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use std::collections::BTreeMap;

use stampool::adapt::Global;
use stampool::alloc::wrap::Locked;
use stampool::alloc::{AllocError, Allocator, Stack, Static};

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

const BYTES: Layout = match Layout::from_size_align(100, 8) {
    Ok(layout) => layout,
    Err(_) => panic!("a layout"),
};

/// Whether the first `len` bytes are all `byte`.
fn holds(block: *mut u8, len: usize, byte: u8) -> bool {
    // SAFETY: the tests pass blocks that are live and have so many bytes, all of them written.
    let bytes = unsafe { core::slice::from_raw_parts(block, len) };
    bytes.iter().all(|held| *held == byte)
}

/// A buffer of the test's own, so that no other thread's blocks lie in it.
fn with_a_buffer(test: impl FnOnce(&Global<Static<'_>>)) {
    let mut buffer = [const { MaybeUninit::uninit() }; 1000];
    test(&Global::new(Static::new(&mut buffer)));
}

#[test]
fn a_block_keeps_its_bytes_when_it_is_resized() {
    with_a_buffer(|global| {
        // SAFETY: the size is not zero.
        let block = unsafe { global.alloc(BYTES) };
        // SAFETY: live.
        unsafe { block.write_bytes(7, 100) };
        // SAFETY: live, with this layout.
        let shorter = unsafe { global.realloc(block, BYTES, 40) };
        assert!(!shorter.is_null() && holds(shorter, 40, 7));
        assert_eq!(global.get().usage().used_bytes, 40, "the tail is free");
        let short = Layout::from_size_align(40, 8).expect("a layout");
        // SAFETY: live, with this layout.
        let longer = unsafe { global.realloc(shorter, short, 900) };
        assert!(!longer.is_null() && holds(longer, 40, 7));
        let long = Layout::from_size_align(900, 8).expect("a layout");
        // SAFETY: live, with this layout. The block is as it was if there is no longer one.
        assert!(unsafe { global.realloc(longer, long, 2000) }.is_null());
        assert!(holds(longer, 40, 7));
        // SAFETY: live, with this layout.
        assert!(unsafe { global.realloc(longer, long, usize::MAX) }.is_null(), "no layout");
        // SAFETY: live, with this layout.
        unsafe { global.dealloc(longer, long) };
        assert_eq!(global.get().usage().used_bytes, 0);
    });
}

#[test]
fn a_block_that_moves_keeps_its_alignment() {
    with_a_buffer(|global| {
        let (word, byte) = (Layout::new::<u64>(), Layout::new::<u8>());
        // SAFETY: the sizes are not zero.
        let first = unsafe { global.alloc(word) };
        // SAFETY: as above.
        let behind = unsafe { global.alloc(byte) };
        assert!(!first.is_null() && !behind.is_null());
        // SAFETY: live, with this layout. The byte behind it lets it not grow where it is.
        let moved = unsafe { global.realloc(first, word, 16) };
        assert_ne!(moved, first);
        assert_eq!(moved.addr() % 8, 0, "the block that moved is aligned");
    });
}

#[test]
fn a_zeroed_block_is_zero_where_another_one_was() {
    with_a_buffer(|global| {
        // SAFETY: the size is not zero.
        let block = unsafe { global.alloc(BYTES) };
        // SAFETY: live.
        unsafe { block.write_bytes(0xEE, 100) };
        // SAFETY: live, with this layout.
        unsafe { global.dealloc(block, BYTES) };
        // SAFETY: the size is not zero.
        let zeroed = unsafe { global.alloc_zeroed(BYTES) };
        assert_eq!(zeroed, block, "the same bytes");
        assert!(holds(zeroed, 100, 0));
        let most = Layout::from_size_align(1000, 1).expect("a layout");
        // SAFETY: the size is not zero.
        assert!(unsafe { global.alloc_zeroed(most) }.is_null(), "there is no room for it");
    });
}

/// Breaks A6: all that it does is to unwind.
struct Unwinds;

// SAFETY: it never returns a block.
unsafe impl Allocator for Unwinds {
    fn allocate(&self, _layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        panic!("an allocator that unwinds");
    }

    unsafe fn deallocate(&self, _block: NonNull<u8>, _layout: Layout) {
        panic!("an allocator that unwinds");
    }
}

type Call = fn(&Global<Unwinds>, *mut u8);

/// What a program's allocator is asked for, by name.
const CALLS: [(&str, Call); 5] = [
    // SAFETY: the call does not return, here and below.
    ("alloc", |global, _| _ = unsafe { global.alloc(BYTES) }),
    // SAFETY: as above.
    ("alloc_zeroed", |global, _| _ = unsafe { global.alloc_zeroed(BYTES) }),
    // SAFETY: as above.
    ("dealloc", |global, block| unsafe { global.dealloc(block, BYTES) }),
    // SAFETY: as above.
    ("realloc to more", |global, block| _ = unsafe { global.realloc(block, BYTES, 200) }),
    // SAFETY: as above.
    ("realloc to less", |global, block| _ = unsafe { global.realloc(block, BYTES, 50) }),
];

/// In the process that makes the call: which one.
const CALL: &str = "STAMPOOL_TEST_GLOBAL_CALL";

/// A program's allocator must not unwind: `GlobalAlloc` makes that undefined behaviour.
#[test]
#[cfg(unix)]
#[cfg_attr(miri, ignore = "starts processes")]
fn a_call_that_unwinds_aborts_the_program() {
    use std::os::unix::process::ExitStatusExt;

    if let Ok(call) = std::env::var(CALL) {
        let (_, call) = CALLS.iter().find(|(name, _)| *name == call).expect("one of the calls");
        let stack = Stack::default();
        let block = stack.allocate(BYTES).expect("memory").cast::<u8>();
        call(&Global::new(Unwinds), block.as_ptr());
        return;
    }
    for (name, _) in CALLS {
        let test = "a_call_that_unwinds_aborts_the_program";
        let mut command = again::this_program();
        let child = command.args([test, "--exact", "--nocapture"]).env(CALL, name).output();
        let child = child.expect("a process");
        let said = String::from_utf8_lossy(&child.stderr);
        assert!(said.contains("an allocator that unwinds"), "{name}: {said}");
        assert_eq!(child.status.signal(), Some(libc::SIGABRT), "{name}: {}", child.status);
    }
}
