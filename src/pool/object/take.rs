//! How a caller takes objects out of a pool.

use core::ptr::NonNull;

use super::ObjectPool;
use super::handle::{OwnedPooled, Pooled};
use super::reserved::Reserved;
use crate::error::{AllocError, Full};
use crate::free_list::Strategy;
use crate::sync::Arc;

impl<T, S: Strategy> ObjectPool<T, S> {
    /// Takes an object: one that was kept, or else one that the builder's constructor makes.
    ///
    /// # Errors
    ///
    /// [`AllocError`], where no block was free for this thread and none could be carved. A cached pool
    /// may say so while objects lie in the caches of other threads; an exact one only if all are
    /// taken.
    ///
    /// # Panics
    ///
    /// Where the builder was given no constructor (by [`keep`](ObjectPoolBuilder::keep) or
    /// [`make`](ObjectPoolBuilder::make)). What the constructor panics with is passed on.
    #[inline]
    pub fn get(&self) -> Result<Pooled<'_, T, S>, AllocError> {
        let make = self.constructor();
        Ok(Reserved::new(self)?.ready(make))
    }

    /// As [`get`](Self::get), with a handle that holds the pool.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// As there.
    pub fn get_owned(self: &Arc<Self>) -> Result<OwnedPooled<T, S>, AllocError> {
        self.get().map(|object| self.owned(object))
    }

    /// Takes `count` objects, or none.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), where one of them could not be had, or there is no memory for the
    /// list of them. No constructor has run then.
    ///
    /// # Panics
    ///
    /// As there. The objects that were had go back.
    pub fn get_many(&self, count: usize) -> Result<Vec<Pooled<'_, T, S>>, AllocError> {
        let make = self.constructor();
        let taken = Reserved::many(self, count)?.into_iter();
        Ok(taken.map(|taken| taken.ready(make)).collect())
    }

    /// Puts a value into the pool. In a pool that keeps, it takes the place of the value that was
    /// kept there, which is dropped.
    ///
    /// # Errors
    ///
    /// The value, and why it found no place: as [`get`](Self::get).
    ///
    /// ```
    /// use stampool::{AllocError, ObjectPool};
    ///
    /// let pool = ObjectPool::builder().capacity(1).exact().build()?;
    /// let name = pool.create(String::from("one")).expect("room for one");
    /// let refused = pool.create(String::from("two")).unwrap_err();
    /// assert_eq!((&*refused.value, refused.error), ("two", AllocError::Capacity));
    /// drop(name);
    /// assert!(pool.create(refused.value).is_ok());
    /// # Ok::<(), stampool::BuildError>(())
    /// ```
    #[inline]
    pub fn create(&self, value: T) -> Result<Pooled<'_, T, S>, Full<T>> {
        match Reserved::new(self) {
            Ok(taken) => Ok(taken.replace(|| value)),
            Err(error) => Err(Full { value, error }),
        }
    }

    /// As [`create`](Self::create), with a handle that holds the pool.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn create_owned(self: &Arc<Self>, value: T) -> Result<OwnedPooled<T, S>, Full<T>> {
        self.create(value).map(|object| self.owned(object))
    }

    /// As [`create`](Self::create), with a value that is made when there is a place for it.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); `make` has not been called then.
    #[inline]
    pub fn create_with(&self, make: impl FnOnce() -> T) -> Result<Pooled<'_, T, S>, AllocError> {
        Ok(Reserved::new(self)?.replace(make))
    }

    /// Puts `count` values into the pool, or none. `make` gets their numbers, from 0 on.
    ///
    /// # Errors
    ///
    /// As [`get_many`](Self::get_many); `make` has not been called then.
    pub fn create_many(
        &self,
        count: usize,
        mut make: impl FnMut(usize) -> T,
    ) -> Result<Vec<Pooled<'_, T, S>>, AllocError> {
        let taken = Reserved::many(self, count)?.into_iter().enumerate();
        Ok(taken.map(|(nth, taken)| taken.replace(|| make(nth))).collect())
    }

    /// Takes a detached object back under a handle.
    ///
    /// # Safety
    ///
    /// `object` came from [`Pooled::detach`] or [`OwnedPooled::detach`], as it is and not by way of
    /// a reference, from this pool. It has not been attached since, and nobody else uses it. On
    /// another thread than that of the detaching: `T` is `Send`.
    pub unsafe fn attach(&self, object: NonNull<T>) -> Pooled<'_, T, S> {
        // SAFETY: by the caller.
        unsafe { Pooled::new(self, object) }
    }

    /// As [`attach`](Self::attach), with a handle that holds the pool.
    ///
    /// # Safety
    ///
    /// As there.
    pub unsafe fn attach_owned(self: &Arc<Self>, object: NonNull<T>) -> OwnedPooled<T, S> {
        // SAFETY: by the caller.
        unsafe { OwnedPooled::new(Arc::clone(self), object) }
    }

    fn owned(self: &Arc<Self>, object: Pooled<'_, T, S>) -> OwnedPooled<T, S> {
        // SAFETY: of this pool, and just let go of.
        unsafe { OwnedPooled::new(Arc::clone(self), Pooled::detach(object)) }
    }
}
