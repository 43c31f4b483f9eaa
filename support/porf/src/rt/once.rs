//! A static that is written once in each execution.

use core::any::Any;
use core::sync::atomic::Ordering::{Acquire, Release};
use std::rc::Rc;

use super::queue::{self, Entry};
use super::{Place, memory, objects};
use crate::graph::{Id, Use};

/// The static at an address, of at least two bytes, as an operation at a place sees it. A flag says that its value was
/// made: the thread that made it stores the flag with Release, every other one loads it with
/// Acquire. A lock keeps two threads from making it.
pub(crate) struct Once {
    pub(crate) address: usize,
    pub(crate) place: Place,
}

impl Once {
    fn flag(&self) -> Id {
        objects::static_location(self.address, Use::Queue, self.place)
    }

    /// Whether the value was made, as far as this thread sees.
    pub(crate) fn is_made(&self) -> bool {
        memory::load(self.flag(), Acquire, self.place) == 1
    }

    /// Makes the value, unless another thread makes it first.
    pub(crate) fn make(&self, value: impl FnOnce() -> Rc<dyn Any>) {
        // No other static begins here, because this one has more than one byte.
        let lock = objects::static_location(self.address + 1, Use::Queue, self.place);
        let entry = queue::lock(lock, Entry::Exclusive, self.place);
        if !self.is_made() {
            objects::set_static_value(self.address, value());
            memory::store(self.flag(), 1, Release, self.place);
        }
        queue::unlock(entry, self.place);
    }

    /// The value, after [`is_made`](Self::is_made) was true or [`make`](Self::make) came back.
    ///
    /// # Panics
    /// If the static has another type.
    pub(crate) fn value<T: 'static>(&self) -> &'static T {
        let value = objects::static_value(self.address).expect("it was made");
        let value: &T = value.downcast_ref().expect("each static has one type");
        // SAFETY: the value lives until all threads have ended. As with loom, a reference that is
        // kept longer than the execution is the caller's fault.
        unsafe { &*core::ptr::from_ref(value) }
    }
}
