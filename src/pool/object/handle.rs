//! Handles: one object, one owner.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use super::ObjectPool;
use super::kept::{self, State};
use super::reserved::{DropValue, Reserved};
use crate::free_list::{Strategy, TaggedWide};
use crate::sync::Arc;

/// An object of an [`ObjectPool`], which it borrows. Goes back to the pool when it is dropped, from
/// whatever thread.
///
/// Dereferences to the object. Its functions are called as `Pooled::detach(object)`, so that they
/// hide none of the object's.
///
/// # Panics
///
/// Dropping it runs `T`'s destructor, or the pool's reset hook: what they panic with is passed on.
/// The block goes back all the same.
#[must_use = "the object goes back to its pool at once"]
pub struct Pooled<'p, T, S: Strategy = TaggedWide> {
    pool: &'p ObjectPool<T, S>,
    /// Live, and this handle's (O1).
    object: NonNull<T>,
}

/// An object of an [`ObjectPool`], which it holds: for tasks and threads that nobody waits for.
///
/// As [`Pooled`] otherwise. The pool lives at least as long.
#[must_use = "the object goes back to its pool at once"]
pub struct OwnedPooled<T, S: Strategy = TaggedWide> {
    /// Live, and this handle's (O1).
    object: NonNull<T>,
    pool: Arc<ObjectPool<T, S>>,
}

// SAFETY: it owns a `T`, which goes where it goes. The pool is shared by threads where `T` is
// `Send`.
unsafe impl<T: Send, S: Strategy> Send for Pooled<'_, T, S> {}
// SAFETY: through a shared handle there is but a shared `T`.
unsafe impl<T: Sync, S: Strategy> Sync for Pooled<'_, T, S> {}
// SAFETY: as above; where it is the last to hold the pool, the values that the pool keeps are
// dropped here, which are `T`s too.
unsafe impl<T: Send, S: Strategy> Send for OwnedPooled<T, S> {}
// SAFETY: through a shared handle there is but a shared `T`.
unsafe impl<T: Sync, S: Strategy> Sync for OwnedPooled<T, S> {}

impl<'p, T, S: Strategy> Pooled<'p, T, S> {
    /// # Safety
    ///
    /// `object` is live, of this pool, and nobody else's.
    #[inline]
    pub(super) unsafe fn new(pool: &'p ObjectPool<T, S>, object: NonNull<T>) -> Self {
        Self { pool, object }
    }

    /// Lets go of the object: it stays live until it is attached again, by
    /// [`ObjectPool::attach`], and its handle dropped.
    ///
    /// The pointer is good for reading and writing as long as the pool is there, and after that as
    /// its
    /// [`LivePolicy`](super::LivePolicy) says.
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

    /// Moves the value out. The block goes back without one.
    pub fn into_inner(this: Self) -> T {
        let this = ManuallyDrop::new(this);
        // SAFETY: the handle's object, and not used again.
        unsafe { Reserved::emptied(this.pool, this.object) }
    }
}

impl<T, S: Strategy> OwnedPooled<T, S> {
    /// # Safety
    ///
    /// `object` is live, of this pool, and nobody else's.
    #[inline]
    pub(super) unsafe fn new(pool: Arc<ObjectPool<T, S>>, object: NonNull<T>) -> Self {
        Self { object, pool }
    }

    /// As [`Pooled::detach`], with what held the pool.
    #[must_use = "the object stays live until it is attached again"]
    pub fn detach(this: Self) -> (Arc<ObjectPool<T, S>>, NonNull<T>) {
        let this = ManuallyDrop::new(this);
        // SAFETY: read once, and not dropped.
        (unsafe { (&raw const this.pool).read() }, this.object)
    }

    /// Moves the value out. The block goes back without one.
    pub fn into_inner(this: Self) -> T {
        let (pool, object) = Self::detach(this);
        // SAFETY: the handle's object, and not used again.
        unsafe { Reserved::emptied(&pool, object) }
    }
}

impl<T, S: Strategy> Drop for Pooled<'_, T, S> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the handle's object, and not used again.
        unsafe { Reserved::back(self.pool, self.object) };
    }
}

impl<T, S: Strategy> Drop for OwnedPooled<T, S> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the handle's object, and not used again.
        unsafe { Reserved::back(&self.pool, self.object) };
    }
}

/// What a handle is by what it leads to, as a box is.
macro_rules! as_its_object {
    ([$($life:lifetime)?] $handle:ty) => {
        impl<$($life,)? T: fmt::Debug, S: Strategy> fmt::Debug for $handle {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<$($life,)? T: fmt::Display, S: Strategy> fmt::Display for $handle {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<$($life,)? T: PartialEq, S: Strategy> PartialEq for $handle {
            fn eq(&self, other: &Self) -> bool {
                **self == **other
            }
        }

        impl<$($life,)? T: Eq, S: Strategy> Eq for $handle {}

        impl<$($life,)? T: PartialOrd, S: Strategy> PartialOrd for $handle {
            fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
                (**self).partial_cmp(&**other)
            }
        }

        impl<$($life,)? T: Ord, S: Strategy> Ord for $handle {
            fn cmp(&self, other: &Self) -> core::cmp::Ordering {
                (**self).cmp(&**other)
            }
        }

        impl<$($life,)? T: Hash, S: Strategy> Hash for $handle {
            fn hash<H: Hasher>(&self, state: &mut H) {
                (**self).hash(state);
            }
        }

        impl<$($life,)? T, S: Strategy> AsRef<T> for $handle {
            fn as_ref(&self) -> &T {
                self
            }
        }
    };
}
pub(super) use as_its_object;

/// A handle that nobody else shares.
macro_rules! exclusive {
    ([$($life:lifetime)?] $handle:ty) => {
        as_its_object!([$($life)?] $handle);

        impl<$($life,)? T, S: Strategy> Deref for $handle {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                // SAFETY: live, and the handle's, which is borrowed.
                unsafe { self.object.as_ref() }
            }
        }

        impl<$($life,)? T, S: Strategy> DerefMut for $handle {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                // SAFETY: live, and the handle's, which is borrowed alone.
                unsafe { self.object.as_mut() }
            }
        }

        impl<$($life,)? T, S: Strategy> AsMut<T> for $handle {
            fn as_mut(&mut self) -> &mut T {
                self
            }
        }
    };
}

exclusive!(['p] Pooled<'p, T, S>);
exclusive!([] OwnedPooled<T, S>);

impl<'p, T, S: Strategy> Reserved<'p, T, S> {
    /// An object with the value that was kept, or else a new one.
    #[inline]
    pub(super) fn ready(self, make: impl FnOnce() -> T) -> Pooled<'p, T, S> {
        if !self.is_ready() {
            // SAFETY: there is no value.
            unsafe { self.block.write(make()) };
        }
        self.live()
    }

    /// An object with a new value. One that was kept goes.
    #[inline]
    pub(super) fn replace(self, make: impl FnOnce() -> T) -> Pooled<'p, T, S> {
        if self.is_ready() {
            drop(DropValue(self.block));
        }
        // SAFETY: there is no value.
        unsafe { self.block.write(make()) };
        self.live()
    }

    /// A handle of the object that the block is now, having a value.
    #[inline]
    fn live(self) -> Pooled<'p, T, S> {
        if self.pool.reset.is_some() {
            // SAFETY: ours, and a user's from here on.
            unsafe { kept::set_state(self.block, State::Live) };
        }
        let this = ManuallyDrop::new(self);
        // SAFETY: ours, of this pool, and let go of.
        unsafe { Pooled::new(this.pool, this.block) }
    }
}
