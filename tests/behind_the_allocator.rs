//! A pool behind the program's allocator: a call that asks the program's allocator for memory must
//! not hold a lock of the pool meanwhile. This file is a program of its own, because it chooses the
//! program's allocator.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::mem::MaybeUninit;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use core::time::Duration;
use std::alloc::System;
use std::sync::{OnceLock, mpsc};
use std::thread;

use stampool::{Block, BufferSource, ExactPool, Pool, Source};

/// Serves the requests of some threads from the pool, and the others from the system.
struct Behind;

/// The size of a block. The pool serves requests from a quarter of it on.
const BLOCK: usize = 4096;
const BUFFER: usize = 1 << 20;
static POOL: OnceLock<ExactPool> = OnceLock::new();
/// Where the pool's buffer begins.
static START: AtomicUsize = AtomicUsize::new(usize::MAX);

thread_local! {
    /// Whether the pool serves the thread.
    static SERVED: Cell<bool> = const { Cell::new(false) };
}

// SAFETY: memory of the system or a block of the pool, which is large enough and aligned for it. An
// address tells which of them it is.
unsafe impl GlobalAlloc for Behind {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let fits = (BLOCK / 4..=BLOCK).contains(&layout.size()) && layout.align() <= 64;
        match POOL.get() {
            Some(pool) if fits && SERVED.get() => {
                pool.allocate().map_or(null_mut(), |block| block.as_non_null().as_ptr())
            }
            // SAFETY: the caller's.
            _ => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let at = block.addr().checked_sub(START.load(Relaxed));
        if at.is_some_and(|at| at < BUFFER) {
            let block = Block::from(NonNull::new(block).expect("in the buffer"));
            // SAFETY: from this pool, and not used any more by the caller's promise.
            unsafe { POOL.get().expect("it has given the block").deallocate(block) };
        } else {
            // SAFETY: the caller's.
            unsafe { System.dealloc(block, layout) };
        }
    }
}

/// The pool's memory. It says of itself that it reuses what goes back, so that a shrink gives memory
/// back.
struct Buffer(BufferSource);

// SAFETY: the regions are the buffer's.
unsafe impl Source for Buffer {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.obtain(layout)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.0.release(region, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Behind = Behind;

#[test]
fn a_shrink_asks_the_allocator_while_it_holds_no_lock() {
    let buffer: &'static mut [MaybeUninit<u8>] = Box::leak(Box::new_uninit_slice(BUFFER));
    START.store(buffer.as_ptr().addr(), Relaxed);
    let layout = Layout::from_size_align(BLOCK, 64).unwrap();
    let builder = Pool::builder(layout).chunk_blocks(2).source(Buffer(BufferSource::new(buffer)));
    let pool = POOL.get_or_init(|| builder.build_exact().unwrap());
    // All blocks are live, so the lists that the shrink asks for make the pool grow.
    let live: Vec<_> = (0..150).map(|_| pool.allocate().unwrap()).collect();
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        SERVED.set(true);
        let bytes = pool.shrink();
        SERVED.set(false);
        done.send(bytes).unwrap();
    });
    let bytes = is_done.recv_timeout(Duration::from_secs(60)).expect("the shrink waits for itself");
    assert!(bytes.is_ok(), "{bytes:?}");
    assert!(pool.stats().carved_blocks > live.len(), "the lists did not come from the pool");
    for block in live {
        // SAFETY: allocated above, and not used any more.
        unsafe { pool.deallocate(block) };
    }
    pool.shrink().unwrap();
    assert_eq!(pool.stats().carved_blocks, 0, "a block was lost");
}
