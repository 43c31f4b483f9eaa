//! Threads: blocks that others free, many threads, destructors of thread-locals and of keys.

use core::cell::RefCell;
use core::ffi::c_void;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::HashMap;
use std::sync::mpsc;
use std::thread;

use super::ALLOCATOR;
use super::blocks::{give, layout, take};

/// A block on its way to another thread.
struct Sent(NonNull<u8>, usize);

// SAFETY: the pointer is used by its one owner.
unsafe impl Send for Sent {}

#[test]
fn threads_free_what_others_have_allocated() {
    const THREADS: usize = 4;
    let (senders, receivers): (Vec<_>, Vec<_>) =
        (0..THREADS).map(|_| mpsc::sync_channel(100)).unzip();
    thread::scope(|scope| {
        for (nth, receiver) in receivers.into_iter().enumerate() {
            let next = senders[(nth + 1) % THREADS].clone();
            scope.spawn(move || {
                let mut random = nth * 77 + 1;
                for _ in 0..20_000 {
                    random = random.wrapping_mul(1_103_515_245).wrapping_add(12_345);
                    let size =
                        1 + (random >> 16) % if random.is_multiple_of(50) { 60_000 } else { 700 };
                    _ = next.try_send(Sent(take(layout(size, 8)), size)).map_err(|refused| {
                        let (mpsc::TrySendError::Full(Sent(block, size))
                        | mpsc::TrySendError::Disconnected(Sent(block, size))) = refused;
                        give(block, layout(size, 8));
                    });
                    while let Ok(Sent(block, size)) = receiver.try_recv() {
                        give(block, layout(size, 8));
                    }
                }
                drop(next);
                while let Ok(Sent(block, size)) =
                    receiver.recv_timeout(core::time::Duration::from_millis(50))
                {
                    give(block, layout(size, 8));
                }
            });
        }
        drop(senders);
    });
}

#[test]
fn memory_does_not_grow_with_the_threads_that_have_ended() {
    let work = || {
        let maps: Vec<HashMap<usize, String>> =
            (0..3).map(|_| (0..50).map(|nth| (nth, nth.to_string())).collect()).collect();
        assert_eq!(maps[2][&49], "49");
    };
    let spawn = |threads: usize| {
        for _ in 0..threads {
            let some: Vec<_> = (0..4).map(|_| thread::spawn(work)).collect();
            some.into_iter().for_each(|thread| thread.join().expect("no panic"));
        }
    };
    spawn(50);
    let before = ALLOCATOR.stats().source_bytes;
    spawn(500);
    let after = ALLOCATOR.stats().source_bytes;
    // Other tests run beside this one.
    assert!(after < before + (32 << 20), "{before} bytes became {after}");
}

/// Allocates and frees when it is dropped.
struct Late(RefCell<Option<Vec<String>>>);

static LATE: AtomicUsize = AtomicUsize::new(0);

impl Drop for Late {
    fn drop(&mut self) {
        let mut words = self.0.take().expect("set");
        words.extend((0..100).map(|nth| format!("late {nth}")));
        LATE.fetch_add(words.len(), Ordering::Relaxed);
    }
}

thread_local! {
    static WORDS: Late = const { Late(RefCell::new(None)) };
}

#[test]
fn destructors_of_thread_locals_allocate_and_free() {
    for _ in 0..50 {
        let run = || WORDS.with(|words| *words.0.borrow_mut() = Some(vec!["early".into(); 10]));
        thread::spawn(run).join().expect("no panic");
    }
    assert_eq!(LATE.load(Ordering::Relaxed), 50 * 110);
}

static KEYS: AtomicUsize = AtomicUsize::new(0);

/// The destructor of another library's key: it runs before or behind that of the allocator, allocates, and
/// sets its value again some times.
extern "C" fn key_ended(value: *mut c_void) {
    // SAFETY: set below, from a box.
    let (key, left) = *unsafe { Box::from_raw(value.cast::<(libc::pthread_key_t, usize)>()) };
    let words: Vec<String> = (0..100).map(|nth| nth.to_string()).collect();
    KEYS.fetch_add(words.len(), Ordering::Relaxed);
    if left > 0 {
        let again = Box::into_raw(Box::new((key, left - 1)));
        // SAFETY: a key that was created.
        assert_eq!(unsafe { libc::pthread_setspecific(key, again.cast()) }, 0);
    }
}

#[test]
fn a_key_whose_destructor_frees_after_the_allocators() {
    let mut key = 0;
    // SAFETY: the destructor takes what is set below.
    assert_eq!(unsafe { libc::pthread_key_create(&raw mut key, Some(key_ended)) }, 0);
    let threads = 30;
    for _ in 0..threads {
        thread::spawn(move || {
            let value = Box::into_raw(Box::new((key, 2_usize)));
            // SAFETY: a key that was created.
            assert_eq!(unsafe { libc::pthread_setspecific(key, value.cast()) }, 0);
        })
        .join()
        .expect("no panic");
    }
    assert_eq!(KEYS.load(Ordering::Relaxed), threads * 300);
}
