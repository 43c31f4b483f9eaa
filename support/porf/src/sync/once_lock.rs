//! [`OnceLock`].

use core::fmt;
use core::marker::PhantomData;
use core::panic::Location;
use std::rc::Rc;

use crate::rt::once::Once;

/// A static that one thread writes, once in each execution. Every order in which threads can come
/// first is explored. The value is dropped at the end of the execution, as that of a
/// [`lazy_static!`](crate::lazy_static!).
///
/// It is for statics alone, because its address tells it apart from others.
pub struct OnceLock<T> {
    /// Two addresses are its own.
    _bytes: [u8; 2],
    _value: PhantomData<fn() -> T>,
}

impl<T: 'static> OnceLock<T> {
    /// Not written yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { _bytes: [0; 2], _value: PhantomData }
    }

    #[track_caller]
    fn once(&self) -> Once {
        Once { address: core::ptr::from_ref(self).addr(), place: Location::caller() }
    }

    /// The value, if this thread sees that it was written.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        let once = self.once();
        once.is_made().then(|| once.value())
    }

    /// The value. If none was written, this thread or another one writes what its `init` makes.
    #[track_caller]
    pub fn get_or_init(&self, init: impl FnOnce() -> T) -> &T {
        let once = self.once();
        if !once.is_made() {
            once.make(|| Rc::new(init()));
        }
        once.value()
    }
}

impl<T: 'static> Default for OnceLock<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnceLock { .. }")
    }
}
