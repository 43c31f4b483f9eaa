//! A signal handler that allocates and frees.
#![cfg(unix)]

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::OnceLock;

use stampool::{Block, ExactPool, Pool};

const LAYOUT: Layout = Layout::new::<[u64; 4]>();

/// The handler's pool, and a block that it left for the program, or the program for it.
static HANDLERS: OnceLock<ExactPool> = OnceLock::new();
static MAILBOX: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());
static SIGNALS: AtomicUsize = AtomicUsize::new(0);
static REFUSALS: AtomicUsize = AtomicUsize::new(0);

extern "C" fn on_signal(_signal: libc::c_int) {
    let Some(pool) = HANDLERS.get() else { return };
    SIGNALS.fetch_add(1, Ordering::Relaxed);
    match pool.allocate() {
        Ok(block) => {
            // SAFETY: ours, and of four words.
            unsafe { block.cast::<u64>().write(7) };
            let before = MAILBOX.swap(block.as_ptr(), Ordering::AcqRel);
            if let Some(block) = NonNull::new(before) {
                // SAFETY: left there by an allocation of this pool, and taken out by us.
                unsafe { pool.deallocate(block) };
            }
        }
        Err(_) => _ = REFUSALS.fetch_add(1, Ordering::Relaxed),
    }
}

/// It interrupts allocations and frees of the same pool, on the same thread, wherever they are.
#[test]
fn a_signal_handler_may_use_a_sealed_pool_without_caches() {
    let pool = Pool::builder(LAYOUT).capacity_blocks(4).build_exact().unwrap();
    assert!(pool.stats().lock_free, "this machine has a lock-free strategy");
    pool.prefill(4).unwrap();
    pool.seal().unwrap();
    let pool = HANDLERS.get_or_init(|| pool);
    // SAFETY: all zeros is a valid value of it.
    let mut action: libc::sigaction = unsafe { core::mem::zeroed() };
    action.sa_sigaction = on_signal as extern "C" fn(libc::c_int) as usize;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: the handler uses atomics and a pool that takes no lock.
    assert_eq!(unsafe { libc::sigaction(libc::SIGALRM, &action, core::ptr::null_mut()) }, 0);
    let every = libc::timeval { tv_sec: 0, tv_usec: 50 };
    let timer = libc::itimerval { it_interval: every, it_value: every };
    // SAFETY: a valid timer.
    assert_eq!(unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, core::ptr::null_mut()) }, 0);
    while SIGNALS.load(Ordering::Relaxed) < 2000 {
        let held: Vec<_> = core::iter::from_fn(|| pool.allocate().ok()).collect();
        for block in held {
            // SAFETY: live, and freed once.
            unsafe { pool.deallocate(block) };
        }
    }
    let off = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let timer = libc::itimerval { it_interval: off, it_value: off };
    // SAFETY: a valid timer.
    assert_eq!(unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, core::ptr::null_mut()) }, 0);
    if let Some(block) = NonNull::new(MAILBOX.swap(core::ptr::null_mut(), Ordering::AcqRel)) {
        // SAFETY: as in the handler.
        unsafe { pool.deallocate(block) };
    }
    let all: Vec<Block> = core::iter::from_fn(|| pool.allocate().ok().map(Block)).collect();
    assert_eq!(all.len(), 4, "a block was lost, or is there twice");
    assert_eq!(pool.stats().carved_blocks, 4);
}
