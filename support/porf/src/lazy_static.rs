//! What [`lazy_static!`](crate::lazy_static!) needs.

use core::fmt;
use core::marker::PhantomData;
use core::panic::Location;
use std::rc::Rc;

use crate::rt::once::Once;

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
        let cell = Once { address: core::ptr::from_ref(self).addr(), place: Location::caller() };
        if !cell.is_made() {
            cell.make(|| Rc::new((self.init)()));
        }
        cell.value()
    }
}

impl<T> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lazy { .. }")
    }
}
