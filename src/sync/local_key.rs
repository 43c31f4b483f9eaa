//! Thread-local values for loom and shuttle, with std's promise that a value without a destructor
//! may be used until its thread has ended. Both take all values of a thread that ends away.

use super::backend::ModelKey;
use super::opaque;

/// A value of which each thread of an execution has its own.
pub struct LocalKey<T: 'static> {
    key: &'static ModelKey<T>,
    init: fn() -> T,
}

opaque! { [T: 'static] LocalKey<T>; }

/// The thread ends, and its value is gone.
#[derive(Debug)]
pub struct AccessError;

impl<T: 'static> LocalKey<T> {
    /// Called by the macro `thread_local`.
    pub const fn new(key: &'static ModelKey<T>, init: fn() -> T) -> Self {
        Self { key, init }
    }

    /// Runs `f` on the thread's value.
    ///
    /// # Panics
    ///
    /// If the thread ends and the value is gone.
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.try_with(f).expect("a thread-local value is used before its destructor has run")
    }

    /// Runs `f` on the thread's value. A value without a destructor is as new after it was taken
    /// away.
    ///
    /// # Errors
    ///
    /// The thread ends, and the value is gone.
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        let mut f = Some(f);
        let mut run = |value: &T| (f.take().expect("called once"))(value);
        match self.key.try_with(&mut run) {
            Ok(result) => Ok(result),
            Err(_) if !core::mem::needs_drop::<T>() => Ok(run(&(self.init)())),
            Err(_) => Err(AccessError),
        }
    }
}

/// `std::thread_local!`, for the threads of a model.
macro_rules! local_keys {
    ($($(#[$attribute:meta])* $visible:vis static $name:ident: $type:ty = $init:expr;)+) => {
        $($(#[$attribute])* $visible static $name: $crate::sync::LocalKey<$type> = {
            $crate::sync::model_thread_local! { static KEY: $type = $init; }
            $crate::sync::LocalKey::new(&KEY, || $init)
        };)+
    };
}
pub(crate) use local_keys as thread_local;
