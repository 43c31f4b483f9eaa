//! A signal handler that allocates and frees.
#![cfg(unix)]

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::OnceLock;
use std::thread;

use stampool::{Block, ExactPool, Pool};

const LAYOUT: Layout = Layout::new::<[u64; 4]>();
/// Signals in all, and signals that find the thread inside of the pool.
const ENOUGH: (usize, usize) = (2000, 200);
/// Signals after which the test gives up waiting for enough of them in calls.
const TOO_MANY: usize = 10_000_000;

/// The handler's pool, and the thread that the handler interrupts.
static HANDLERS: OnceLock<(ExactPool, u64)> = OnceLock::new();
/// A block that the handler left for its next run.
static MAILBOX: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());
/// Whether the thread is between the beginning and the end of a call of the pool.
static IN_A_CALL: AtomicBool = AtomicBool::new(false);
static SIGNALS: AtomicUsize = AtomicUsize::new(0);
static IN_CALLS: AtomicUsize = AtomicUsize::new(0);
static ASTRAY: AtomicUsize = AtomicUsize::new(0);

/// Names the calling thread, also in a signal handler. On Linux it asks the kernel: an emulator of
/// i686 does not give a handler the thread's own segment register, by which `pthread_self` goes.
fn thread_id() -> u64 {
    #[cfg(target_os = "linux")]
    // SAFETY: no precondition; a signal handler may call it.
    let id = unsafe { libc::gettid() };
    #[cfg(not(target_os = "linux"))]
    // SAFETY: as above.
    let id = unsafe { libc::pthread_self() };
    id as u64
}

extern "C" fn on_signal(_signal: libc::c_int) {
    let Some((pool, thread)) = HANDLERS.get() else { return };
    if thread_id() != *thread {
        ASTRAY.fetch_add(1, Ordering::Relaxed);
    }
    if IN_A_CALL.load(Ordering::Relaxed) {
        IN_CALLS.fetch_add(1, Ordering::Relaxed);
    }
    // The pool may be empty just now: the thread takes all blocks in each of its rounds.
    if let Ok(block) = pool.allocate() {
        // SAFETY: ours, and of four words.
        unsafe { block.cast::<u64>().write(7) };
        let before = MAILBOX.swap(block.as_ptr(), Ordering::AcqRel);
        if let Some(block) = NonNull::new(before) {
            // SAFETY: left there by an allocation of this pool, and taken out by us.
            unsafe { pool.deallocate(block.into()) };
        }
    }
    // Last: the sender then knows that this run is over, but for the return.
    SIGNALS.fetch_add(1, Ordering::Release);
}

/// Runs a call of the pool, and lets the handler know that it is in progress.
fn in_a_call<R>(call: impl FnOnce() -> R) -> R {
    IN_A_CALL.store(true, Ordering::Relaxed);
    let result = call();
    IN_A_CALL.store(false, Ordering::Relaxed);
    result
}

/// Interrupts the thread again and again, each time when the handler is through with the last
/// signal.
fn send_to(thread: libc::pthread_t) {
    while SIGNALS.load(Ordering::Acquire) < ENOUGH.0 || IN_CALLS.load(Ordering::Relaxed) < ENOUGH.1
    {
        let before = SIGNALS.load(Ordering::Acquire);
        assert!(before < TOO_MANY, "{IN_CALLS:?} of {before} signals came in a call of the pool");
        // SAFETY: the thread waits for this one to end, so it lives.
        assert_eq!(unsafe { libc::pthread_kill(thread, libc::SIGUSR1) }, 0);
        while SIGNALS.load(Ordering::Acquire) == before {
            thread::yield_now();
        }
    }
}

/// It interrupts allocations and frees of the same pool, on the same thread, wherever they are. The
/// signals are sent to this thread, not to the process: a handler on the thread of the test harness
/// would run beside the test, and could hold a block when the test counts them.
#[test]
fn a_signal_handler_may_use_a_sealed_pool_without_caches() {
    let pool = Pool::builder(LAYOUT).max_carved_blocks(4).build_exact().unwrap();
    assert!(pool.stats().lock_free, "this machine has a lock-free strategy");
    pool.prefill(4).unwrap();
    pool.seal().unwrap();
    // SAFETY: no precondition.
    let this_thread = unsafe { libc::pthread_self() };
    let (pool, _) = HANDLERS.get_or_init(|| (pool, thread_id()));
    // SAFETY: all zeros is a valid value of it.
    let mut action: libc::sigaction = unsafe { core::mem::zeroed() };
    action.sa_sigaction = on_signal as extern "C" fn(libc::c_int) as usize;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: the handler uses atomics and a pool that takes no lock.
    assert_eq!(unsafe { libc::sigaction(libc::SIGUSR1, &action, core::ptr::null_mut()) }, 0);
    thread::scope(|threads| {
        let sender = threads.spawn(|| send_to(this_thread));
        while !sender.is_finished() {
            let take = || in_a_call(|| pool.allocate().ok());
            for block in core::iter::from_fn(take).collect::<Vec<_>>() {
                // SAFETY: live, and freed once.
                in_a_call(|| unsafe { pool.deallocate(block) });
            }
        }
    });
    assert_eq!(ASTRAY.load(Ordering::Relaxed), 0, "handlers ran on another thread");
    if let Some(block) = NonNull::new(MAILBOX.swap(core::ptr::null_mut(), Ordering::AcqRel)) {
        // SAFETY: as in the handler.
        unsafe { pool.deallocate(block.into()) };
    }
    let all: Vec<Block> = core::iter::from_fn(|| pool.allocate().ok()).collect();
    assert_eq!(all.len(), 4, "a block was lost, or is there twice");
    assert_eq!(pool.stats().carved_blocks, 4);
}
