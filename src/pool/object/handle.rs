//! Handles that own an object alone.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use super::ObjectPool;
use super::kept::{self, State};
use super::objects::Objects;
use super::reserved::{DropValue, Reserved};
use super::settings::Constructor;
use crate::free_list::{Strategy, TaggedWide};
use crate::sync::Arc;

/// A handle that owns an object of an [`ObjectPool`] and borrows the pool. Dropping the handle, on
/// any thread, returns the object to the pool.
///
/// The handle dereferences to the object. Its functions are called as `Pooled::detach(object)`, so
/// that they do not hide methods of the object.
///
/// # Panics
///
/// Dropping the handle runs `T`'s destructor or the pool's reset hook, and passes on their panic.
/// The block goes back to the pool even then.
#[must_use = "the object goes back to its pool at once"]
pub struct Pooled<'p, T, S: Strategy = TaggedWide> {
    pool: &'p Objects<T, S>,
    /// Live, and owned by this handle (O1).
    object: NonNull<T>,
}

/// As [`Pooled`], but the handle holds an `Arc` of the pool instead of borrowing it: for tasks and
/// threads that outlive the scope of the pool. If the handle is the last to hold the pool, dropping
/// it drops the pool too, with the values that the pool keeps.
#[must_use = "the object goes back to its pool at once"]
pub struct OwnedPooled<T, S: Strategy = TaggedWide, M = Constructor<T>> {
    /// Live, and owned by this handle (O1).
    object: NonNull<T>,
    pool: Arc<ObjectPool<T, S, M>>,
}

// SAFETY: the handle owns a `T`, which moves with it. Threads may share the pool if `T` is `Send`.
unsafe impl<T: Send, S: Strategy> Send for Pooled<'_, T, S> {}
// SAFETY: through a shared handle there is but a shared `T`.
unsafe impl<T: Sync, S: Strategy> Sync for Pooled<'_, T, S> {}
// SAFETY: as above. If the handle is the last to hold the pool, it also drops the values that the
// pool keeps, which are `T`s too.
unsafe impl<T: Send, S: Strategy, M: Send + Sync> Send for OwnedPooled<T, S, M> {}
// SAFETY: through a shared handle there is but a shared `T`.
unsafe impl<T: Sync, S: Strategy, M: Send + Sync> Sync for OwnedPooled<T, S, M> {}

impl<'p, T, S: Strategy> Pooled<'p, T, S> {
    /// # Safety
    ///
    /// The caller owns `object`, which is a live object of this pool, and gives it to the handle.
    #[inline]
    pub(super) unsafe fn new(pool: &'p Objects<T, S>, object: NonNull<T>) -> Self {
        Self { pool, object }
    }

    /// Gives up the handle but not the object. The object stays live until the caller attaches it
    /// again, by [`ObjectPool::attach`], and drops that handle.
    ///
    /// The pointer may be read and written as long as the pool exists, and afterwards if the pool's
    /// [`LivePolicy`](super::LivePolicy) keeps the memory.
    ///
    /// ```
    /// use stampool::{ObjectPool, Pooled};
    ///
    /// let pool = ObjectPool::builder().build()?;
    /// let detached = Pooled::detach(pool.create(7_u32).expect("memory"));
    /// // SAFETY: just detached from this pool, and nobody else knows of it.
    /// assert_eq!(*unsafe { pool.attach(detached) }, 7);
    /// # Ok::<(), stampool::BuildError>(())
    /// ```
    #[must_use = "the object stays live until it is attached again"]
    pub fn detach(this: Self) -> NonNull<T> {
        ManuallyDrop::new(this).object
    }

    /// Moves the value out. The block goes back to the pool without a value.
    pub fn into_inner(this: Self) -> T {
        let this = ManuallyDrop::new(this);
        // SAFETY: the handle's object, and not used again.
        unsafe { Reserved::emptied(this.pool, this.object) }
    }
}

impl<T, S: Strategy, M> OwnedPooled<T, S, M> {
    /// # Safety
    ///
    /// The caller owns `object`, which is a live object of this pool, and gives it to the handle.
    #[inline]
    pub(super) unsafe fn new(pool: Arc<ObjectPool<T, S, M>>, object: NonNull<T>) -> Self {
        Self { object, pool }
    }

    /// As [`Pooled::detach`], and also returns the `Arc` that held the pool.
    #[must_use = "the object stays live until it is attached again"]
    pub fn detach(this: Self) -> (Arc<ObjectPool<T, S, M>>, NonNull<T>) {
        let this = ManuallyDrop::new(this);
        // SAFETY: read once, and not dropped.
        (unsafe { (&raw const this.pool).read() }, this.object)
    }

    /// Moves the value out. The block goes back to the pool without a value.
    pub fn into_inner(this: Self) -> T {
        let (pool, object) = Self::detach(this);
        // SAFETY: the handle's object, and not used again.
        unsafe { Reserved::emptied(&pool.objects, object) }
    }
}

impl<T, S: Strategy> Drop for Pooled<'_, T, S> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the handle's object, and not used again.
        unsafe { Reserved::back(self.pool, self.object) };
    }
}

impl<T, S: Strategy, M> Drop for OwnedPooled<T, S, M> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the handle's object, and not used again.
        unsafe { Reserved::back(&self.pool.objects, self.object) };
    }
}

/// Implements the traits that a handle takes over from its object, as `Box` does.
macro_rules! as_its_object {
    ([$($life:lifetime)?; $($mode:ident)?] $handle:ty) => {
        impl<$($life,)? T: fmt::Debug, S: Strategy $(, $mode)?> fmt::Debug for $handle {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<$($life,)? T: fmt::Display, S: Strategy $(, $mode)?> fmt::Display for $handle {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<$($life,)? T: PartialEq, S: Strategy $(, $mode)?> PartialEq for $handle {
            fn eq(&self, other: &Self) -> bool {
                **self == **other
            }
        }

        impl<$($life,)? T: Eq, S: Strategy $(, $mode)?> Eq for $handle {}

        impl<$($life,)? T: PartialOrd, S: Strategy $(, $mode)?> PartialOrd for $handle {
            fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
                (**self).partial_cmp(&**other)
            }
        }

        impl<$($life,)? T: Ord, S: Strategy $(, $mode)?> Ord for $handle {
            fn cmp(&self, other: &Self) -> core::cmp::Ordering {
                (**self).cmp(&**other)
            }
        }

        impl<$($life,)? T: Hash, S: Strategy $(, $mode)?> Hash for $handle {
            fn hash<H: Hasher>(&self, state: &mut H) {
                (**self).hash(state);
            }
        }

        impl<$($life,)? T, S: Strategy $(, $mode)?> AsRef<T> for $handle {
            fn as_ref(&self) -> &T {
                self
            }
        }
    };
}
pub(super) use as_its_object;

/// Implements mutable access for handles that own their object alone.
macro_rules! exclusive {
    ([$($life:lifetime)?; $($mode:ident)?] $handle:ty) => {
        as_its_object!([$($life)?; $($mode)?] $handle);

        impl<$($life,)? T, S: Strategy $(, $mode)?> Deref for $handle {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                // SAFETY: the object is live and owned by the handle, which is borrowed.
                unsafe { self.object.as_ref() }
            }
        }

        impl<$($life,)? T, S: Strategy $(, $mode)?> DerefMut for $handle {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                // SAFETY: the object is live and owned by the handle, which is borrowed mutably.
                unsafe { self.object.as_mut() }
            }
        }

        impl<$($life,)? T, S: Strategy $(, $mode)?> AsMut<T> for $handle {
            fn as_mut(&mut self) -> &mut T {
                self
            }
        }
    };
}

exclusive!(['p;] Pooled<'p, T, S>);
exclusive!([; M] OwnedPooled<T, S, M>);

impl<'p, T, S: Strategy> Reserved<'p, T, S> {
    /// Makes an object with the value that the block kept, or else with a new one.
    #[inline]
    pub(super) fn ready(self, make: impl FnOnce() -> T) -> Pooled<'p, T, S> {
        if !self.is_ready() {
            // SAFETY: there is no value.
            unsafe { self.block.write(make()) };
        }
        self.live()
    }

    /// Makes an object with a new value, and drops the value that the block kept, if there is one.
    #[inline]
    pub(super) fn replace(self, make: impl FnOnce() -> T) -> Pooled<'p, T, S> {
        if self.is_ready() {
            drop(DropValue(self.block));
        }
        // SAFETY: there is no value.
        unsafe { self.block.write(make()) };
        self.live()
    }

    /// The handle of the object. The block has a value now.
    #[inline]
    fn live(self) -> Pooled<'p, T, S> {
        if self.pool.reset.is_some() {
            // SAFETY: ours. From here on the block belongs to a user.
            unsafe { kept::set_state(self.block, State::Live) };
        }
        let this = ManuallyDrop::new(self);
        // SAFETY: the object is of this pool, and `self`, which owned it, is not dropped.
        unsafe { Pooled::new(this.pool, this.block) }
    }
}
