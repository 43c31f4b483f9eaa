//! Threads, in the shape of `std::thread`.

use core::any::type_name;
use core::fmt;
use core::marker::PhantomData;
use core::panic::Location;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use crate::graph::{Id, Updates, Use};
use crate::rt::memory::{self, Access};
use crate::rt::{locals, objects, spin, threads, with};

pub use std::thread::panicking;

type Slot<T> = Arc<Mutex<Option<T>>>;

/// Waits for a thread's end.
pub struct JoinHandle<T> {
    result: Slot<T>,
    thread: Thread,
}

/// Names a thread.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadId(usize);

/// A thread.
#[derive(Clone, Debug)]
pub struct Thread {
    id: ThreadId,
    name: Option<String>,
}

/// Names a thread that is to be spawned.
#[derive(Debug, Default)]
pub struct Builder {
    name: Option<String>,
}

/// Spawns a thread.
///
/// # Panics
/// If the model then has more threads than it may.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    spawn_named(None, f)
}

#[track_caller]
fn spawn_named<T: 'static>(name: Option<String>, f: impl FnOnce() -> T + 'static) -> JoinHandle<T> {
    let result = Slot::default();
    let slot = Arc::clone(&result);
    let body = Box::new(move || {
        let value = f();
        *slot.lock().expect("nothing panics meanwhile") = Some(value);
    });
    let child = threads::spawn(name.clone(), Location::caller(), body);
    JoinHandle { result, thread: Thread { id: ThreadId(child), name } }
}

impl Builder {
    /// A thread without a name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the thread a name.
    #[must_use]
    pub fn name(self, name: String) -> Self {
        Self { name: Some(name) }
    }

    /// Does nothing: all stacks have one size.
    #[must_use]
    pub fn stack_size(self, _bytes: usize) -> Self {
        self
    }

    /// Spawns the thread.
    ///
    /// # Errors
    /// Never.
    ///
    /// # Panics
    /// If the model then has more threads than it may.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Ok(spawn_named(self.name, f))
    }
}

impl<T> JoinHandle<T> {
    /// Waits for the end of the thread, its thread-local values included.
    ///
    /// # Errors
    /// Only in a destructor that runs because the program panicked: a panic in a thread ends the
    /// exploration.
    ///
    /// # Panics
    /// Never: a thread that ended has left its result.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        if !threads::join(self.thread.id.0, Location::caller()) {
            return Err(Box::new("the program unwinds, and no thread runs any more"));
        }
        let result = self.result.lock().expect("nothing panics meanwhile").take();
        Ok(result.expect("a thread that ended has left its result"))
    }

    /// The thread.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.thread
    }

    /// Whether the thread has ended, in the order in which the runs happen to go: use
    /// [`join`](Self::join).
    #[must_use]
    pub fn is_finished(&self) -> bool {
        with(|rt| rt.threads[self.thread.id.0].done)
    }
}

/// The current thread.
#[must_use]
pub fn current() -> Thread {
    with(|rt| Thread { id: ThreadId(rt.current), name: rt.thread().name.clone() })
}

/// Says that the thread waits for others: in the body of a loop that ends when another thread has
/// written something. See the chapter on loops of the [crate's documentation](crate).
#[track_caller]
pub fn yield_now() {
    spin::yield_now(Location::caller());
}

/// Waits until another thread calls [`Thread::unpark`].
#[track_caller]
pub fn park() {
    let place = Location::caller();
    let access = Access {
        location: token(with(|rt| rt.current)),
        updates: Updates::If(1),
        order: Acquire,
        order_failed: Relaxed,
        weak: false,
        place,
    };
    while memory::update(&access, |value| (value == 1).then_some(0)).is_err() {
        spin::yield_now(place);
    }
}

/// The location of a thread's token: it exists from the start of the model.
#[track_caller]
fn token(thread: usize) -> Id {
    // No static has so low an address.
    objects::static_location(thread + 1, Use::Atomic, Location::caller())
}

impl Thread {
    /// Its name in this execution.
    #[must_use]
    pub fn id(&self) -> ThreadId {
        self.id
    }

    /// The name that its [`Builder`] gave it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Lets the thread go on that calls [`park`], or has called it.
    #[track_caller]
    pub fn unpark(&self) {
        let access = Access {
            location: token(self.id.0),
            updates: Updates::Always,
            order: Release,
            order_failed: Release,
            weak: false,
            place: Location::caller(),
        };
        let before = memory::update(&access, |_| Some(1));
        debug_assert!(before.is_ok(), "nothing refuses it");
    }
}

impl fmt::Debug for ThreadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ThreadId({})", self.0)
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("thread", &self.thread).finish_non_exhaustive()
    }
}

/// A value of which each thread of an execution has its own. [`thread_local!`](crate::thread_local)
/// makes it.
pub struct LocalKey<T: 'static> {
    #[doc(hidden)]
    pub init: fn() -> T,
    #[doc(hidden)]
    pub _p: PhantomData<fn(T)>,
}

impl<T: 'static> LocalKey<T> {
    /// Runs `f` on the thread's value.
    ///
    /// # Panics
    /// If the thread ends and the value is gone.
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.try_with(f).unwrap_or_else(|_| {
            panic!("the thread-local `{}` is used after it was dropped", type_name::<T>())
        })
    }

    /// Runs `f` on the thread's value.
    ///
    /// # Errors
    /// The thread ends, and the value is gone.
    ///
    /// # Panics
    /// Never: each key has values of one type.
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        let key = core::ptr::from_ref(self).addr();
        let value = match locals::get(key).map_err(|()| AccessError)? {
            Some(value) => value,
            None => {
                let value = Rc::new((self.init)());
                locals::set(key, Rc::clone(&value));
                value
            }
        };
        Ok(f(value.downcast_ref().expect("each key has values of one type")))
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalKey { .. }")
    }
}

/// The thread ends, and its value is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccessError;

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the thread-local value is gone")
    }
}

impl core::error::Error for AccessError {}
