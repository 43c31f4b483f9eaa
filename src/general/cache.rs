//! What a thread keeps: a slot for each class that it has used.
//!
//! The cache lies in thread-local storage and has no destructor, so a thread may use it at any time, also
//! in the destructors of other thread-locals. A key of the threads' library tells the thread's end: its
//! destructor runs behind those of thread-locals, and may run again as long as values are set. What a
//! thread frees or allocates after that goes through a slot that it attaches for the one call.
//!
//! # Progress
//!
//! A hit is wait-free. Everything else is as `central.rs` says.

use core::cell::Cell;
use core::ffi::c_void;

use super::central::CENTRALS;
use super::classes::CACHED;
use super::fork;
use crate::block::Block;
use crate::sync::OnceLock;
use crate::thread_cache::SlotRef;

/// How far a thread has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It has attached no slot.
    New,
    /// It has slots, and its end is watched.
    Watched,
    /// It has ended, or nobody can tell when it does: it keeps no slot.
    Ended,
}

/// The cache of a thread.
struct Cache {
    slots: [Cell<Option<SlotRef>>; CACHED],
    phase: Cell<Phase>,
}

crate::sync::thread_local! {
    static CACHE: Cache = const {
        Cache { slots: [const { Cell::new(None) }; CACHED], phase: Cell::new(Phase::New) }
    };
}

/// Takes a block of a class that threads cache. `None` if there is no memory.
#[inline(always)]
pub(super) fn take(class: usize) -> Option<Block> {
    CACHE.with(|cache| {
        // SAFETY: the thread has the slot.
        let hit = cache.slots[class].get().and_then(|slot| unsafe { slot.pop() });
        hit.or_else(|| take_far(cache, class))
    })
}

#[cold]
#[inline(never)]
fn take_far(cache: &Cache, class: usize) -> Option<Block> {
    with_slot(cache, class, |slot| {
        // SAFETY: the thread has the slot.
        match unsafe { slot.pop() } {
            Some(block) => Some(block),
            // SAFETY: as above, and the array is empty.
            None => unsafe { CENTRALS[class].refill(slot) },
        }
    })?
}

/// Gives a block of a class that threads cache back.
///
/// # Safety
///
/// It is a live block of this class, which nobody uses any more.
#[inline(always)]
pub(super) unsafe fn give(class: usize, block: Block) {
    CACHE.with(|cache| {
        match cache.slots[class].get() {
            // SAFETY: the thread has the slot.
            Some(slot) if unsafe { !slot.is_full() } => unsafe { slot.put(block) },
            // SAFETY: by the caller.
            _ => unsafe { give_far(cache, class, block) },
        }
    });
}

/// # Safety
///
/// As [`give`].
#[cold]
#[inline(never)]
unsafe fn give_far(cache: &Cache, class: usize, block: Block) {
    let given = with_slot(cache, class, |slot| {
        // SAFETY: the thread has the slot.
        if unsafe { slot.is_full() } {
            // SAFETY: as above.
            unsafe { CENTRALS[class].flush(slot) };
        }
        // SAFETY: as above, and there is room.
        unsafe { slot.put(block) };
    });
    if given.is_none() {
        // SAFETY: by the caller.
        unsafe { CENTRALS[class].strand(block) };
    }
}

/// Runs `f` with the thread's slot of a class, or, if the thread keeps none, with one that it has for
/// this call. `None` if there is no memory for a slot.
fn with_slot<R>(cache: &Cache, class: usize, f: impl FnOnce(SlotRef) -> R) -> Option<R> {
    if let Some(slot) = cache.slots[class].get() {
        return Some(f(slot));
    }
    let slot = CENTRALS[class].attach()?;
    if cache.phase.get() == Phase::New {
        cache.phase.set(if watch() { Phase::Watched } else { Phase::Ended });
    }
    let result = f(slot);
    if cache.phase.get() == Phase::Watched {
        cache.slots[class].set(Some(slot));
    } else {
        // SAFETY: the thread has the slot, for this call.
        unsafe { CENTRALS[class].leave(slot) };
    }
    Some(result)
}

/// The key whose destructor tells the end of a thread; `None` if there was none left.
static KEY: OnceLock<Option<libc::pthread_key_t>> = OnceLock::new();

/// Arranges for [`ended`] to run when the calling thread ends. Answers false if it cannot.
fn watch() -> bool {
    let key = KEY.get_or_init(|| {
        fork::install();
        let mut key = 0;
        // SAFETY: `ended` may be called with any value.
        let failed = unsafe { libc::pthread_key_create(&raw mut key, Some(ended)) };
        (failed == 0).then_some(key)
    });
    let value = core::ptr::dangling::<c_void>();
    // SAFETY: a key that was created; the value is not null, and not read.
    key.is_some_and(|key| unsafe { libc::pthread_setspecific(key, value) } == 0)
}

/// The thread ends: its blocks go to the mediators, and its slots to other threads.
extern "C" fn ended(_: *mut c_void) {
    CACHE.with(|cache| {
        cache.phase.set(Phase::Ended);
        for (class, slot) in cache.slots.iter().enumerate() {
            if let Some(slot) = slot.take() {
                // SAFETY: the thread has the slot, and does not use it any more.
                unsafe { CENTRALS[class].leave(slot) };
            }
        }
    });
}
