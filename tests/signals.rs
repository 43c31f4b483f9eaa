//! A signal handler that allocates and frees.
#![cfg(unix)]

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::OnceLock;
use std::thread;

use stampool::{Block, ExactPool, Pool};

const LAYOUT: Layout = Layout::new::<[u64; 4]>();
/// Signals after which the test gives up waiting for enough of them in calls.
const TOO_MANY: usize = 10_000_000;

/// The handler's pool, and the thread that the handler interrupts.
static HANDLERS: OnceLock<(ExactPool, u64)> = OnceLock::new();
/// A block that the handler left for its next run.
static MAILBOX: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());
static INTERRUPTS: Interrupts = Interrupts::new(2000, 200);

/// The signals of one test, all to one thread.
struct Interrupts {
    /// Whether the thread is between the beginning and the end of a call.
    is_in_a_call: AtomicBool,
    /// Signals in all, and signals that find the thread inside of a call, that are enough.
    enough: (usize, usize),
    signals: AtomicUsize,
    in_calls: AtomicUsize,
    astray: AtomicUsize,
}

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
    INTERRUPTS.begin(*thread);
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
    INTERRUPTS.end();
}

impl Interrupts {
    const fn new(all: usize, in_calls: usize) -> Self {
        Self {
            is_in_a_call: AtomicBool::new(false),
            enough: (all, in_calls),
            signals: AtomicUsize::new(0),
            in_calls: AtomicUsize::new(0),
            astray: AtomicUsize::new(0),
        }
    }

    /// Begins a run of the handler. Answers whether it has interrupted a call.
    fn begin(&self, thread: u64) -> bool {
        if thread_id() != thread {
            self.astray.fetch_add(1, Ordering::Relaxed);
        }
        let is_in_a_call = self.is_in_a_call.load(Ordering::Relaxed);
        self.in_calls.fetch_add(usize::from(is_in_a_call), Ordering::Relaxed);
        is_in_a_call
    }

    /// The last act of the handler: the sender then knows that this run is over, but for the return.
    fn end(&self) {
        self.signals.fetch_add(1, Ordering::Release);
    }

    /// Runs a call, and lets the handler know that it is in progress.
    fn in_a_call<R>(&self, call: impl FnOnce() -> R) -> R {
        self.is_in_a_call.store(true, Ordering::Relaxed);
        let result = call();
        self.is_in_a_call.store(false, Ordering::Relaxed);
        result
    }

    /// Interrupts the thread again and again, each time when the handler is through with the last
    /// signal.
    fn send_to(&self, thread: libc::pthread_t, signal: libc::c_int) {
        let sent = || self.signals.load(Ordering::Acquire);
        let (all, in_calls) = self.enough;
        while sent() < all || self.in_calls.load(Ordering::Relaxed) < in_calls {
            let before = sent();
            assert!(before < TOO_MANY, "{:?} of {before} signals came in a call", self.in_calls);
            // SAFETY: the thread waits for this one to end, so it lives.
            assert_eq!(unsafe { libc::pthread_kill(thread, signal) }, 0);
            while sent() == before {
                thread::yield_now();
            }
        }
    }

    /// Sends `signal` to the calling thread while it runs `round` again and again, until there were enough. The
    /// handler must call what a handler may call, and nothing else.
    fn interrupt(
        &'static self,
        signal: libc::c_int,
        handler: extern "C" fn(libc::c_int),
        mut round: impl FnMut(),
    ) {
        // SAFETY: no precondition.
        let this_thread = unsafe { libc::pthread_self() };
        // SAFETY: all zeros is a valid value of it.
        let mut action: libc::sigaction = unsafe { core::mem::zeroed() };
        action.sa_sigaction = handler as usize;
        action.sa_flags = libc::SA_RESTART;
        // SAFETY: by the caller, the handler uses atomics and what takes no lock.
        assert_eq!(unsafe { libc::sigaction(signal, &action, core::ptr::null_mut()) }, 0);
        thread::scope(|threads| {
            let sender = threads.spawn(|| self.send_to(this_thread, signal));
            while !sender.is_finished() {
                round();
            }
        });
        assert_eq!(self.astray.load(Ordering::Relaxed), 0, "handlers ran on another thread");
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
    let (pool, _) = HANDLERS.get_or_init(|| (pool, thread_id()));
    INTERRUPTS.interrupt(libc::SIGUSR1, on_signal, || {
        let take = || INTERRUPTS.in_a_call(|| pool.allocate().ok());
        for block in core::iter::from_fn(take).collect::<Vec<_>>() {
            // SAFETY: live, and freed once.
            INTERRUPTS.in_a_call(|| unsafe { pool.deallocate(block) });
        }
    });
    if let Some(block) = NonNull::new(MAILBOX.swap(core::ptr::null_mut(), Ordering::AcqRel)) {
        // SAFETY: as in the handler.
        unsafe { pool.deallocate(block.into()) };
    }
    let all: Vec<Block> = core::iter::from_fn(|| pool.allocate().ok()).collect();
    assert_eq!(all.len(), 4, "a block was lost, or is there twice");
    assert_eq!(pool.stats().carved_blocks, 4);
}

/// The same of a linear allocator on a buffer.
#[cfg(feature = "family")]
mod in_a_buffer {
    use stampool::alloc::AsyncStatic;

    use super::*;

    const BUFFER_BYTES: usize = 4 << 20;
    /// The most blocks that the handler keeps.
    const MOST_KEPT: usize = 4096;

    static HANDLERS: OnceLock<(AsyncStatic<'static>, u64)> = OnceLock::new();
    static INTERRUPTS: Interrupts = Interrupts::new(400, 200);
    static KEPT: [AtomicPtr<u8>; MOST_KEPT] =
        [const { AtomicPtr::new(core::ptr::null_mut()) }; MOST_KEPT];
    static KEPT_BLOCKS: AtomicUsize = AtomicUsize::new(0);

    /// A block whose words are all `word`.
    fn filled(block: NonNull<[u8]>, word: u64) -> NonNull<u64> {
        let words = block.cast::<u64>();
        for at in 0..block.len() / 8 {
            // SAFETY: in the block, which is live and aligned for words.
            let place = unsafe { words.add(at) };
            // SAFETY: the same.
            unsafe { place.write(word) };
        }
        words
    }

    fn is_filled(block: NonNull<u64>, size: usize, word: u64) -> bool {
        // SAFETY: the block is live, and has so many bytes, all of them written.
        let words = unsafe { core::slice::from_raw_parts(block.as_ptr(), size / 8) };
        words.iter().all(|held| *held == word)
    }

    extern "C" fn on_signal(_signal: libc::c_int) {
        let Some((linear, thread)) = HANDLERS.get() else { return };
        let is_in_a_call = INTERRUPTS.begin(*thread);
        // It goes back at once: the mark is where it was, and has been elsewhere.
        if let Ok(block) = linear.allocate(LAYOUT) {
            let block = filled(block, u64::MAX);
            // SAFETY: live, and freed once.
            unsafe { linear.deallocate(block.cast(), LAYOUT) };
        }
        // It stays: the interrupted call finds the mark elsewhere.
        let number = KEPT_BLOCKS.load(Ordering::Relaxed);
        if is_in_a_call
            && number < MOST_KEPT
            && let Ok(block) = linear.allocate(LAYOUT)
        {
            let block = filled(block, number as u64);
            KEPT[number].store(block.as_ptr().cast(), Ordering::Relaxed);
            KEPT_BLOCKS.store(number + 1, Ordering::Relaxed);
        }
        INTERRUPTS.end();
    }

    /// It interrupts every call of the same allocator, on the same thread. No block that it keeps is
    /// a block of the thread, or changes.
    #[test]
    fn a_signal_handler_may_use_a_linear_allocator_in_a_buffer() {
        let buffer = Box::leak(Box::new_uninit_slice(BUFFER_BYTES));
        let (linear, _) = HANDLERS.get_or_init(|| (AsyncStatic::new(buffer), thread_id()));
        let calls = &INTERRUPTS;
        let longer = Layout::new::<[u64; 8]>();
        INTERRUPTS.interrupt(libc::SIGUSR2, on_signal, || {
            let cut = || calls.in_a_call(|| linear.allocate(LAYOUT)).expect("room for all");
            let blocks = [1, 2, 3].map(|word| (filled(cut(), word << 32), word << 32));
            let (last, word) = blocks[2];
            // SAFETY: live, and the size is larger.
            let grown =
                calls.in_a_call(|| unsafe { linear.grow_in_place(last.cast(), LAYOUT, longer) });
            if let Ok(grown) = grown {
                assert!(is_filled(last, LAYOUT.size(), word), "it is as it was");
                filled(grown, word);
                assert!(is_filled(last, longer.size(), word));
                // SAFETY: live, and the size is smaller.
                let shrunk = calls
                    .in_a_call(|| unsafe { linear.shrink_in_place(last.cast(), longer, LAYOUT) });
                shrunk.expect("it can always be shorter");
            }
            for (block, word) in blocks.into_iter().rev() {
                assert!(is_filled(block, LAYOUT.size(), word), "a block of the thread has changed");
                // SAFETY: live, and freed once.
                calls.in_a_call(|| unsafe { linear.deallocate(block.cast(), LAYOUT) });
            }
        });
        let kept = KEPT_BLOCKS.load(Ordering::Relaxed);
        assert!(kept >= INTERRUPTS.enough.1, "one for each interrupted call");
        for (number, block) in (0..kept as u64).zip(&KEPT) {
            let block = NonNull::new(block.load(Ordering::Relaxed)).expect("a block");
            assert!(is_filled(block.cast(), LAYOUT.size(), number), "block {number} has changed");
        }
        assert!(linear.usage().used_bytes >= kept * LAYOUT.size());
    }
}
