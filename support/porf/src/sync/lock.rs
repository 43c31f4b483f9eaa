//! What [`Mutex`](super::Mutex) and [`RwLock`](super::RwLock) have in common.

/// The calls of a lock that do not take it, and its traits. The lock has a `queue` and its `data`.
macro_rules! lock {
    ($lock:ident) => {
        impl<T> $lock<T> {
            /// Wraps a value.
            #[track_caller]
            pub fn new(data: T) -> Self {
                Self { queue: queue::new(Location::caller()), data: UnsafeCell::new(data) }
            }

            /// The value.
            ///
            /// # Errors
            /// Never.
            pub fn into_inner(self) -> LockResult<T> {
                Ok(self.data.into_inner())
            }
        }

        impl<T: ?Sized> $lock<T> {
            /// The value.
            ///
            /// # Errors
            /// Never.
            pub fn get_mut(&mut self) -> LockResult<&mut T> {
                Ok(self.data.get_mut())
            }
        }

        crate::macros::of_a_value! { $lock }

        impl<T: ?Sized> core::fmt::Debug for $lock<T> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($lock), " { .. }"))
            }
        }
    };
}

/// A guard, with the calls that take the lock for it.
///
/// With the entry `Shared` a guard gives shared access to the value, with `Exclusive` also exclusive
/// access.
macro_rules! guard {
    (
        $(#[$doc:meta])*
        $guard:ident of $lock:ident, $entry:ident;
        $(#[$take_doc:meta])*
        $take:ident;
        $(#[$try_doc:meta])*
        $try_take:ident;
    ) => {
        $(#[$doc])*
        pub struct $guard<'a, T: ?Sized> {
            pub(super) lock: &'a $lock<T>,
            pub(super) entry: Id,
            /// As std's, it cannot be sent to another thread.
            not_send: PhantomData<*const ()>,
        }

        // SAFETY: a shared guard gives shared access to the data.
        unsafe impl<T: ?Sized + Sync> Sync for $guard<'_, T> {}

        impl<T: ?Sized> $lock<T> {
            $(#[$take_doc])*
            #[track_caller]
            pub fn $take(&self) -> LockResult<$guard<'_, T>> {
                let entry = queue::lock(self.queue, Entry::$entry, Location::caller());
                Ok($guard { lock: self, entry, not_send: PhantomData })
            }

            $(#[$try_doc])*
            #[track_caller]
            pub fn $try_take(&self) -> TryLockResult<$guard<'_, T>> {
                let entry = queue::try_lock(self.queue, Entry::$entry, Location::caller());
                let guard = entry.map(|entry| $guard { lock: self, entry, not_send: PhantomData });
                guard.ok_or(TryLockError::WouldBlock)
            }
        }

        impl<T: ?Sized> core::ops::Deref for $guard<'_, T> {
            type Target = T;

            fn deref(&self) -> &T {
                // SAFETY: the guard's thread holds the lock.
                unsafe { &*self.lock.data.get() }
            }
        }

        impl<T: ?Sized> Drop for $guard<'_, T> {
            #[track_caller]
            fn drop(&mut self) {
                queue::unlock(self.entry, Location::caller());
            }
        }

        impl<T: ?Sized + core::fmt::Debug> core::fmt::Debug for $guard<'_, T> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                (**self).fmt(f)
            }
        }

        crate::sync::lock::guard! { @$entry $guard }
    };
    (@Shared $guard:ident) => {};
    (@Exclusive $guard:ident) => {
        impl<T: ?Sized> core::ops::DerefMut for $guard<'_, T> {
            fn deref_mut(&mut self) -> &mut T {
                // SAFETY: the guard's thread holds the lock alone, and the guard is borrowed alone.
                unsafe { &mut *self.lock.data.get() }
            }
        }
    };
}

pub(super) use {guard, lock};
