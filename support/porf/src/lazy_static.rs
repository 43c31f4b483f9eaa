//! What [`lazy_static!`](crate::lazy_static!) needs.

use core::fmt;
use core::marker::PhantomData;
use core::panic::Location;
use core::sync::atomic::Ordering::{Acquire, Release};
use std::rc::Rc;

use crate::graph::Use;
use crate::rt::objects;
use crate::rt::queue::{self, Entry};

/// A static that the first thread to use it initializes, anew in each execution. Every order in
/// which threads can come first is explored.
pub struct Lazy<T> {
    #[doc(hidden)]
    pub init: fn() -> T,
    #[doc(hidden)]
    pub _p: PhantomData<fn(T)>,
}

impl<T: 'static> Lazy<T> {
    /// The value.
    ///
    /// # Panics
    /// Never: each static has one type.
    #[track_caller]
    pub fn get(&'static self) -> &'static T {
        let place = Location::caller();
        let address = core::ptr::from_ref(self).addr();
        let state = objects::static_location(address, Use::Queue, place);
        let is_made = || crate::rt::memory::load(state, Acquire, place) == 1;
        if !is_made() {
            let lock = objects::static_location(address + 1, Use::Queue, place);
            let entry = queue::lock(lock, Entry::Exclusive, place);
            if !is_made() {
                let value = Rc::new((self.init)());
                objects::set_static_value(address, value);
                crate::rt::memory::store(state, 1, Release, place);
            }
            queue::unlock(entry, place);
        }
        let value = objects::static_value(address).expect("it was made");
        let value: &T = value.downcast_ref().expect("each static has one type");
        // SAFETY: the value lives until all threads have ended. As with loom, a reference that is
        // kept longer than the execution is the caller's fault.
        unsafe { &*core::ptr::from_ref(value) }
    }
}

impl<T> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lazy { .. }")
    }
}
