//! One object, several owners: the count lies in the object's block.
//!
//! | count | meaning |
//! |---|---|
//! | 1 | one handle, of whatever kind: as made, and as left behind |
//! | n > 1 | so many [`SharedPooled`] |
//! | 0 | for an instant, in the hands of the last one |
//!
//! The last handle to go is an [`OwnedPooled`] again, and goes as such: so what is said of hooks
//! and destructors there holds here too.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use super::handle::as_its_object;
use super::{ObjectPool, OwnedPooled};
use crate::free_list::{Strategy, TaggedWide};
use crate::sync::{Arc, AtomicUsize, abort, site};

/// More handles than this are a mistake.
const MOST: usize = usize::MAX >> 1;

/// A value that can be shared: what a pool holds whose objects become [`SharedPooled`]s.
pub struct Counted<T> {
    count: AtomicUsize,
    value: T,
}

impl<T> Counted<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self { count: AtomicUsize::new(1), value }
    }

    /// The value.
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

/// An object that several owners share, each with a handle of its own. The last one to be dropped
/// brings it back to its pool, from whatever thread.
///
/// As `Arc<T>`, without an allocation: the count lies beside the value, in the block. There are no
/// weak handles.
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
pub struct SharedPooled<T, S: Strategy = TaggedWide> {
    /// Live, and ours together (O1).
    object: NonNull<Counted<T>>,
    /// From [`Arc::into_raw`], once for all handles of the object.
    pool: *const ObjectPool<Counted<T>, S>,
}

// SAFETY: all handles lead to one `T`, by `&T`; and the last, whose thread it is to drop it, to
// `T`.
unsafe impl<T: Send + Sync, S: Strategy> Send for SharedPooled<T, S> {}
// SAFETY: as above: who shares a handle can clone it.
unsafe impl<T: Send + Sync, S: Strategy> Sync for SharedPooled<T, S> {}

impl<T, S: Strategy> OwnedPooled<Counted<T>, S> {
    /// Makes an object that more handles can be cloned of.
    pub fn share(this: Self) -> SharedPooled<T, S> {
        let (pool, object) = Self::detach(this);
        SharedPooled { object, pool: Arc::into_raw(pool) }
    }
}

impl<T, S: Strategy> SharedPooled<T, S> {
    fn counted(&self) -> &Counted<T> {
        // SAFETY: live as long as one of its handles.
        unsafe { self.object.as_ref() }
    }

    /// Whether two handles share one object.
    pub fn is_same(this: &Self, other: &Self) -> bool {
        this.object == other.object
    }

    /// The object as one of a single owner, where this is the only handle; otherwise the handle.
    ///
    /// # Errors
    ///
    /// The handle, where there are others.
    pub fn try_unshare(this: Self) -> Result<OwnedPooled<Counted<T>, S>, Self> {
        // ORDERING(OB-3): Acquire. Observes what those did with the object who have let go of it.
        //   pairs with OB-2 (drop, AcqRel); killed by objects/unshare
        if this.counted().count.load(site::SHARE_ALONE.ordering()) != 1 {
            return Err(this);
        }
        let (object, pool) = (this.object, this.pool);
        core::mem::forget(this);
        // SAFETY: the only handle, and gone.
        Ok(unsafe { Self::last(object, pool) })
    }

    /// # Safety
    ///
    /// For the one that is left of an object's handles, once.
    unsafe fn last(
        object: NonNull<Counted<T>>,
        pool: *const ObjectPool<Counted<T>, S>,
    ) -> OwnedPooled<Counted<T>, S> {
        // SAFETY: from `Arc::into_raw` in `share`, taken back once, by the last.
        let pool = unsafe { Arc::from_raw(pool) };
        // SAFETY: the object's handles have all gone.
        unsafe { OwnedPooled::new(pool, object) }
    }
}

impl<T, S: Strategy> Clone for SharedPooled<T, S> {
    /// # Aborts
    ///
    /// Where half of what the count can hold is passed: handles were forgotten in a loop.
    fn clone(&self) -> Self {
        // ORDERING(OB-1): Relaxed. The thread that clones has a handle: the object stays, and is
        //   seen already.
        let before = self.counted().count.fetch_add(1, site::SHARE_CLONE.ordering());
        if before > MOST {
            // Not a panic: the count stands, and could be driven past its end.
            abort();
        }
        Self { ..*self }
    }
}

impl<T, S: Strategy> Drop for SharedPooled<T, S> {
    fn drop(&mut self) {
        // ORDERING(OB-2): AcqRel. Publishes what was done with the object by this handle; the last
        //   one observes what was done by all others. pairs with OB-2, OB-3; killed by
        //   objects/last_drop
        if self.counted().count.fetch_sub(1, site::SHARE_DROP.ordering()) == 1 {
            // SAFETY: the count says that it is the last, and it does not use the object again.
            let mut object = unsafe { Self::last(self.object, self.pool) };
            // As it was made.
            object.count = AtomicUsize::new(1);
        }
    }
}

impl<T, S: Strategy> Deref for SharedPooled<T, S> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.counted()
    }
}

as_its_object!([] SharedPooled<T, S>);
