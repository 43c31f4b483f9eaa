//! Which thread calls, and when that thread ends. The user of a pool supplies both, so that a pool
//! works under any runtime and under a model checker.

use core::cell::{Cell, RefCell};
use core::num::NonZeroU64;

use crate::sync::{Arc, Number, Weak};

/// Identity of a thread. No thread may use `u64::MAX`, which marks slots that belong to no thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadId(pub NonZeroU64);

/// A pool, which is notified when a thread ends.
pub trait Watcher: Send + Sync {
    /// Notifies the watcher that `thread` is ending. Called on that thread.
    ///
    /// # Safety
    ///
    /// `thread` is the calling thread's id, and no handle of it is in the middle of a call.
    unsafe fn thread_ended(&self, thread: ThreadId);
}

/// A weak reference to a watcher. It is dead once the pool is dropped.
pub type EndHook = Weak<dyn Watcher>;

/// How a pool learns which thread calls and when that thread ends.
///
/// # Safety
///
/// Either [`watch`](Self::watch) never leads to a call of [`thread_ended`](Watcher::thread_ended),
/// or [`current`](Self::current) never returns the id of another thread of this process, not even of
/// one that has ended, and `thread_ended` is called with the id that the thread had at the `watch`.
pub unsafe trait ThreadHandling: Send + Sync {
    /// The identity of the calling thread.
    fn current(&self) -> ThreadId;

    /// Arranges for [`Watcher::thread_ended`] to be called when the calling thread ends, once for
    /// each watcher, however often this is called. An implementation that does not learn of the end
    /// does nothing.
    fn watch(&self, hook: &EndHook);
}

/// The default, which works everywhere: the pool learns that a thread has left when the thread's
/// handle is dropped.
///
/// The blocks of a forgotten handle (`mem::forget`) are out of use until the pool is dropped.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExplicitHandles;

// SAFETY: `watch` never leads to a call.
unsafe impl ThreadHandling for ExplicitHandles {
    fn current(&self) -> ThreadId {
        ThreadId(NonZeroU64::MIN)
    }

    fn watch(&self, _hook: &EndHook) {}
}

/// The threads of `std`.
///
/// The blocks of a forgotten handle return to the pool when the handle's thread ends. A
/// thread-local destructor sees the end, which costs a heap allocation for each thread and pool.
/// The slot of the forgotten handle stays taken until the pool is dropped, and counts as a handle.
#[derive(Clone, Copy, Debug, Default)]
pub struct StdThreads;

crate::sync::thread_local! {
    /// The thread's id, or 0 before the thread needs one.
    static ID: Cell<u64> = const { Cell::new(0) };
    static HOOKS: Hooks = const { Hooks(RefCell::new(Vec::new())) };
}

/// The watchers of one thread, each with the id that the thread had then. Dropping this value
/// notifies them.
struct Hooks(RefCell<Vec<(EndHook, ThreadId)>>);

impl Drop for Hooks {
    fn drop(&mut self) {
        for (hook, thread) in self.0.get_mut().drain(..) {
            if let Some(pool) = hook.upgrade() {
                // SAFETY: this is a thread-local destructor of the ending thread, so none of the
                // thread's own calls is in progress.
                unsafe { pool.thread_ended(thread) };
            }
        }
    }
}

// SAFETY: each number is given once. On a system where the standard library keeps thread-locals in
// the heap, a thread that is ending may lose its number and get a new one. The hooks keep the number
// that a slot was claimed with.
unsafe impl ThreadHandling for StdThreads {
    fn current(&self) -> ThreadId {
        static NEXT: Number = Number::new(1);
        let id = ID.with(|id| {
            if id.get() == 0 {
                id.set(NEXT.add(1));
            }
            id.get()
        });
        ThreadId(NonZeroU64::new(id).expect("64 bits do not run out"))
    }

    fn watch(&self, hook: &EndHook) {
        let thread = self.current();
        // If the destructor has already run, the thread has no later end that could be notified.
        _ = HOOKS.try_with(|hooks| {
            let mut hooks = hooks.0.borrow_mut();
            hooks.retain(|(known, _)| known.strong_count() > 0);
            if !hooks.iter().any(|(known, of)| known.ptr_eq(hook) && *of == thread) {
                hooks.push((hook.clone(), thread));
            }
        });
    }
}

/// The hook that leads to `watcher`.
pub(crate) fn hook(watcher: &Arc<impl Watcher + 'static>) -> EndHook {
    let weak: Weak<_> = Arc::downgrade(watcher);
    weak
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts the ends of threads.
    struct Ends(Number);

    impl Watcher for Ends {
        unsafe fn thread_ended(&self, _thread: ThreadId) {
            self.0.add(1);
        }
    }

    #[test]
    fn a_watcher_is_notified_once_of_each_thread_that_ends() {
        let ends = Arc::new(Ends(Number::new(0)));
        for threads in 1..=2 {
            let hook = hook(&ends);
            let watch = move || (0..3).for_each(|_| StdThreads.watch(&hook));
            // Not scoped: a scope does not wait for thread-local destructors.
            std::thread::spawn(watch).join().unwrap();
            assert_eq!(ends.0.get(), threads, "notifications of {threads} ends");
        }
    }

    /// The memory of a thread that has ended serves the next thread, so an address would come again.
    #[test]
    fn no_thread_has_the_id_of_another_one_that_has_ended() {
        let id = || std::thread::spawn(|| StdThreads.current()).join().unwrap();
        let ids: std::collections::HashSet<_> = (0..20).map(|_| id()).collect();
        assert_eq!(ids.len(), 20);
        assert_eq!(StdThreads.current(), StdThreads.current());
    }
}
