//! Handles that share an object. The count of handles lies in the object's block.
//!
//! | count | meaning |
//! |---|---|
//! | 1 | one handle of any kind; a new object and a returned object also have 1 |
//! | n > 1 | n handles of type [`SharedPooled`] |
//! | 0 | for an instant, while the last handle is being dropped |
//!
//! The last handle becomes an [`OwnedPooled`] and is dropped as one. So the same holds for hooks
//! and destructors as there.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use super::handle::as_its_object;
use super::settings::Constructor;
use super::{ObjectPool, OwnedPooled};
use crate::free_list::{Strategy, TaggedWide};
use crate::sync::{Arc, AtomicUsize, abort, site};

/// The most handles of one object. A clone beyond it aborts.
const MOST: usize = usize::MAX >> 1;

/// A value with a count of handles. Objects of this type can become [`SharedPooled`]s.
pub struct Counted<T> {
    count: AtomicUsize,
    value: T,
}

impl<T> Counted<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self { count: AtomicUsize::new(1), value }
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Counted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Counted<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Counted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// A handle of an object that several owners share, each with a handle of its own. Dropping the
/// last handle, on any thread, returns the object to its pool.
///
/// Works like `Arc<T>`, but the count lies beside the value in the pool's block. There are no weak
/// handles.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
/// use stampool::{Counted, ObjectPool, OwnedPooled};
///
/// let pool = Arc::new(ObjectPool::builder().build()?);
/// let message = pool.create_owned(Counted::new([0_u8; 512])).expect("memory");
/// let message = OwnedPooled::share(message);
/// let other = message.clone();
/// std::thread::spawn(move || assert_eq!(other.len(), 512));
/// assert_eq!(message[0], 0);
/// # Ok::<(), stampool::BuildError>(())
/// ```
pub struct SharedPooled<T, S: Strategy = TaggedWide, M = Constructor<Counted<T>>> {
    /// Live, and owned by all its handles together (O1).
    object: NonNull<Counted<T>>,
    /// From one [`Arc::into_raw`] for all handles of the object.
    pool: *const ObjectPool<Counted<T>, S, M>,
}

// SAFETY: all handles give a `&T` to one `T`, and the thread of the last handle drops the `T`.
unsafe impl<T: Send + Sync, S: Strategy, M: Send + Sync> Send for SharedPooled<T, S, M> {}
// SAFETY: as above, because a thread that has a `&SharedPooled` can clone it.
unsafe impl<T: Send + Sync, S: Strategy, M: Send + Sync> Sync for SharedPooled<T, S, M> {}

impl<T, S: Strategy, M> OwnedPooled<Counted<T>, S, M> {
    /// Turns the handle into one that can be cloned.
    pub fn share(this: Self) -> SharedPooled<T, S, M> {
        let (pool, object) = Self::detach(this);
        SharedPooled { object, pool: Arc::into_raw(pool) }
    }
}

impl<T, S: Strategy, M> SharedPooled<T, S, M> {
    fn counted(&self) -> &Counted<T> {
        // SAFETY: the object is live as long as it has a handle.
        unsafe { self.object.as_ref() }
    }

    /// Whether two handles share one object.
    pub fn is_same(this: &Self, other: &Self) -> bool {
        this.object == other.object
    }

    /// Turns the handle into one that owns the object alone, if there is no other handle.
    ///
    /// # Errors
    ///
    /// The handle itself, if there are other handles of the object.
    pub fn try_unshare(this: Self) -> Result<OwnedPooled<Counted<T>, S, M>, Self> {
        // ORDERING(OB-3): Acquire. Observes what dropped handles did with the object.
        //   pairs with OB-2 (drop, AcqRel); killed by objects/unshare
        if this.counted().count.load(site::SHARE_ALONE.ordering()) != 1 {
            return Err(this);
        }
        let (object, pool) = (this.object, this.pool);
        core::mem::forget(this);
        // SAFETY: this was the only handle, and it is forgotten.
        Ok(unsafe { Self::last(object, pool) })
    }

    /// # Safety
    ///
    /// The caller had the last handle of the object, and calls this once.
    unsafe fn last(
        object: NonNull<Counted<T>>,
        pool: *const ObjectPool<Counted<T>, S, M>,
    ) -> OwnedPooled<Counted<T>, S, M> {
        // SAFETY: the pointer is from `Arc::into_raw` in `share`, and only the last handle takes it
        // back.
        let pool = unsafe { Arc::from_raw(pool) };
        // SAFETY: no other handle of the object is left.
        unsafe { OwnedPooled::new(pool, object) }
    }
}

impl<T, S: Strategy, M> Clone for SharedPooled<T, S, M> {
    /// # Aborts
    ///
    /// If the object would have more than `usize::MAX / 2` handles. Only a program that forgets
    /// handles in a loop gets there.
    fn clone(&self) -> Self {
        // ORDERING(OB-1): Relaxed. The thread that clones has a handle, so the object stays live,
        // and the thread has acquired it already.
        let before = self.counted().count.fetch_add(1, site::SHARE_CLONE.ordering());
        if before > MOST {
            // Not a panic: the count stays this high, and further clones could make it overflow.
            abort();
        }
        Self { ..*self }
    }
}

impl<T, S: Strategy, M> Drop for SharedPooled<T, S, M> {
    fn drop(&mut self) {
        // ORDERING(OB-2): AcqRel. Publishes what this handle did with the object; the last handle
        //   observes what all others did. pairs with OB-2, OB-3; killed by objects/last_drop
        if self.counted().count.fetch_sub(1, site::SHARE_DROP.ordering()) == 1 {
            // SAFETY: by the count this is the last handle, and it does not use the object again.
            let mut object = unsafe { Self::last(self.object, self.pool) };
            // A returned object has the count of a new one.
            object.count = AtomicUsize::new(1);
        }
    }
}

impl<T, S: Strategy, M> Deref for SharedPooled<T, S, M> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.counted()
    }
}

as_its_object!([; M] SharedPooled<T, S, M>);
