//! How a caller takes objects out of a pool.

use core::ptr::NonNull;

use super::ObjectPool;
use super::handle::{OwnedPooled, Pooled};
use super::reserved::Reserved;
use crate::error::{AllocError, Full};
use crate::free_list::Strategy;
use crate::sync::Arc;

/// For pools whose builder was given a constructor, by [`make`](super::ObjectPoolBuilder::make) or
/// [`keep`](super::ObjectPoolBuilder::keep).
impl<T, S: Strategy> ObjectPool<T, S> {
    /// Takes an object: a kept one, or else one that the builder's constructor makes.
    ///
    /// # Errors
    ///
    /// [`AllocError`], if as many objects are in use as the capacity grants, or if the thread found
    /// no free block and none could be carved. The latter may happen in a pool with caches while
    /// free objects lie in the caches of other threads. An exact pool fails only if all objects are
    /// in use.
    ///
    /// # Panics
    ///
    /// If the constructor panics.
    ///
    /// # Example
    ///
    /// ```
    /// use stampool::ObjectPool;
    ///
    /// let pool = ObjectPool::new(|| 7_u32)?;
    /// assert_eq!(*pool.get()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A pool without a constructor does not have this method:
    ///
    /// ```compile_fail,E0599
    /// use stampool::ObjectPool;
    ///
    /// let pool = ObjectPool::<u32>::builder().build().unwrap();
    /// pool.get();
    /// ```
    #[inline]
    pub fn get(&self) -> Result<Pooled<'_, T, S>, AllocError> {
        Ok(Reserved::new(&self.objects)?.ready(&self.make.0))
    }

    /// As [`get`](Self::get), with a handle that holds an `Arc` of the pool.
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
    /// As [`get`](Self::get), if the pool could not supply all of them, or if the program's
    /// allocator has no memory for the `Vec`, and for another one of that size meanwhile. No
    /// constructor has run then.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get). The objects taken so far go back to the pool.
    pub fn get_many(&self, count: usize) -> Result<Vec<Pooled<'_, T, S>>, AllocError> {
        Reserved::many(&self.objects, count, |_, taken| taken.ready(&self.make.0))
    }
}

impl<T, S: Strategy, M> ObjectPool<T, S, M> {
    /// Puts a value into a block of the pool. If the block kept a value, that value is dropped
    /// first.
    ///
    /// # Errors
    ///
    /// [`Full`], with the value and the reason, as for [`get`](Self::get).
    ///
    /// # Panics
    ///
    /// If the destructor of a kept value panics. Both values are dropped then, and the block is free.
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
        match Reserved::new(&self.objects) {
            Ok(taken) => Ok(taken.replace(|| value)),
            Err(error) => Err(Full { value, error }),
        }
    }

    /// As [`create`](Self::create), with a handle that holds an `Arc` of the pool.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// As there.
    pub fn create_owned(self: &Arc<Self>, value: T) -> Result<OwnedPooled<T, S, M>, Full<T>> {
        self.create(value).map(|object| self.owned(object))
    }

    /// As [`create`](Self::create), but `make` makes the value once a block has been taken.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); `make` has not been called then.
    ///
    /// # Panics
    ///
    /// As [`create`](Self::create), and if `make` panics.
    #[inline]
    pub fn create_with(&self, make: impl FnOnce() -> T) -> Result<Pooled<'_, T, S>, AllocError> {
        Ok(Reserved::new(&self.objects)?.replace(make))
    }

    /// Puts `count` values into blocks of the pool, or none. `make` gets the number of each value,
    /// from 0 on.
    ///
    /// # Errors
    ///
    /// As [`get_many`](Self::get_many); `make` has not been called then.
    ///
    /// # Panics
    ///
    /// As [`create_with`](Self::create_with). The objects made so far go back to the pool.
    pub fn create_many(
        &self,
        count: usize,
        mut make: impl FnMut(usize) -> T,
    ) -> Result<Vec<Pooled<'_, T, S>>, AllocError> {
        Reserved::many(&self.objects, count, |nth, taken| taken.replace(|| make(nth)))
    }

    /// Makes a handle of a detached object.
    ///
    /// # Safety
    ///
    /// `object` is the pointer that [`Pooled::detach`] or [`OwnedPooled::detach`] returned for an
    /// object of this pool, not one made from a reference. The object has not been attached since,
    /// and nobody else uses it. If another thread detached it, `T` is `Send`.
    pub unsafe fn attach(&self, object: NonNull<T>) -> Pooled<'_, T, S> {
        // SAFETY: by the caller.
        unsafe { Pooled::new(&self.objects, object) }
    }

    /// As [`attach`](Self::attach), with a handle that holds an `Arc` of the pool.
    ///
    /// # Safety
    ///
    /// As there.
    pub unsafe fn attach_owned(self: &Arc<Self>, object: NonNull<T>) -> OwnedPooled<T, S, M> {
        // SAFETY: by the caller.
        unsafe { OwnedPooled::new(Arc::clone(self), object) }
    }

    fn owned(self: &Arc<Self>, object: Pooled<'_, T, S>) -> OwnedPooled<T, S, M> {
        // SAFETY: the object is of this pool, and was just detached.
        unsafe { OwnedPooled::new(Arc::clone(self), Pooled::detach(object)) }
    }
}
