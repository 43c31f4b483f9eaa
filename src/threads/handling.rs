//! Which thread calls, and when that thread ends, as the user of a pool says: so that a pool can
//! work under any runtime, and under a model checker.

use core::num::NonZeroU64;

use crate::sync::{Arc, Weak};

/// Identity of a thread, unique among the threads alive at one time. Not `u64::MAX`: that is for
/// slots that are no thread's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadId(pub NonZeroU64);

/// What is told when a thread ends: a pool.
pub trait Watcher: Send + Sync {
    /// Thread `thread` ends. Called on that thread.
    ///
    /// # Safety
    ///
    /// `thread` is the calling thread's id, and no handle of it is in the middle of a call.
    unsafe fn thread_ended(&self, thread: ThreadId);
}

/// A watcher, which ends with its pool.
pub type EndHook = Weak<dyn Watcher>;

/// How a pool learns which thread calls and when that thread ends.
///
/// # Safety
///
/// [`current`](Self::current) gives a thread the same id each time and no two living threads the
/// same, unless [`watch`](Self::watch) never leads to a call of
/// [`thread_ended`](Watcher::thread_ended).
pub unsafe trait ThreadHandling: Send + Sync {
    /// The identity of the calling thread.
    fn current(&self) -> ThreadId;

    /// Arranges for [`Watcher::thread_ended`] to be called when the calling thread ends, once for
    /// each watcher, however often this is called. An implementation that cannot know does nothing.
    fn watch(&self, hook: &EndHook);
}

/// The pool knows of a thread only through its handles: a thread has left when its handle is
/// dropped. The default, which works everywhere.
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
    /// Its address is the thread's id. It has no destructor, so it can be asked for at any time.
    static MARK: u8 = const { 0 };
    static HOOKS: Hooks = const { Hooks(core::cell::RefCell::new(Vec::new())) };
}

/// The watchers of one thread; dropping them tells them.
struct Hooks(core::cell::RefCell<Vec<EndHook>>);

impl Drop for Hooks {
    fn drop(&mut self) {
        for pool in self.0.get_mut().drain(..).filter_map(|hook| hook.upgrade()) {
            // SAFETY: this is a thread-local destructor of the thread in question, so none of its
            // calls is under way.
            unsafe { pool.thread_ended(StdThreads.current()) };
        }
    }
}

// SAFETY: the mark has one address for a thread's life, and living threads have different ones.
unsafe impl ThreadHandling for StdThreads {
    fn current(&self) -> ThreadId {
        let address = MARK.with(|mark| core::ptr::from_ref(mark).addr());
        let id = NonZeroU64::new(address as u64);
        ThreadId(id.expect("a reference is not null"))
    }

    fn watch(&self, hook: &EndHook) {
        // Once the destructor has run there is no later end to be told of.
        _ = HOOKS.try_with(|hooks| {
            let mut hooks = hooks.0.borrow_mut();
            hooks.retain(|known| known.strong_count() > 0);
            if !hooks.iter().any(|known| known.ptr_eq(hook)) {
                hooks.push(hook.clone());
            }
        });
    }
}

/// Shared by a pool and its hooks.
pub(crate) fn hook(watcher: &Arc<impl Watcher + 'static>) -> EndHook {
    let weak: Weak<_> = Arc::downgrade(watcher);
    weak
}
