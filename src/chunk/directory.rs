//! Index to pointer: an array that grows without moving.
//!
//! Contract: [`register`](Directory::register) under the growth lock; [`get`](Directory::get) from
//! any thread that has acquired the publication of the index.
//!
//! I1. An entry is written once, before its index is published anywhere.
//! I2. A bucket is obtained and written to `buckets` once, before the first index in it is
//!     published.
//!
//! So neither needs an atomic: who has acquired an index has acquired its entry and its bucket.

use core::alloc::Layout;
use core::ptr::{self, NonNull};

use super::Regions;
use crate::error::AllocError;
use crate::sync::UnsafeCell;

/// Bucket k holds `FIRST << k` entries.
const FIRST_BITS: u32 = 3;
const BUCKETS: usize = 28;

/// Pointers by index, in buckets of doubling size.
pub struct Directory<T> {
    buckets: [UnsafeCell<*mut NonNull<T>>; BUCKETS],
}

impl<T> Default for Directory<T> {
    fn default() -> Self {
        Self { buckets: core::array::from_fn(|_| UnsafeCell::new(ptr::null_mut())) }
    }
}

impl<T> Directory<T> {
    /// The most entries: 2^31 - 8.
    pub const LIMIT: usize = ((1 << BUCKETS) - 1) << FIRST_BITS;

    /// Sees to it that `index` has a place.
    ///
    /// # Errors
    ///
    /// What the source says when a new bucket is needed.
    ///
    /// # Panics
    ///
    /// If `index` is not below [`LIMIT`](Self::LIMIT).
    pub fn reserve(&self, index: usize, regions: &mut Regions) -> Result<(), AllocError> {
        assert!(index < Self::LIMIT, "index {index} is beyond the directory");
        let (bucket, _) = Self::locate(index);
        // SAFETY: under the growth lock nobody writes a bucket but us.
        if !self.buckets[bucket].with(|place| unsafe { *place }).is_null() {
            return Ok(());
        }
        let entries = Layout::array::<NonNull<T>>(1 << bucket << FIRST_BITS);
        let entries = regions.obtain(entries.map_err(|_| AllocError::OutOfMemory)?)?;
        // SAFETY: under the growth lock, and no index of this bucket is known to anyone (I2).
        self.buckets[bucket].with_mut(|place| unsafe { *place = entries.as_ptr().cast() });
        Ok(())
    }

    /// Enters `item` at `index`.
    ///
    /// # Safety
    ///
    /// Under the growth lock, after `reserve(index)`, with indices in rising order, before `index`
    /// is published.
    pub unsafe fn register(&self, index: usize, item: NonNull<T>) {
        let (bucket, offset) = Self::locate(index);
        // SAFETY: I2: reserved before.
        let entries = self.buckets[bucket].with(|place| unsafe { *place });
        // SAFETY: `offset` is within the bucket by `locate`.
        let entry = unsafe { entries.add(offset) };
        // SAFETY: the entry is ours to write, once (I1).
        unsafe { entry.write(item) };
    }

    /// The item at `index`.
    ///
    /// # Safety
    ///
    /// The caller has acquired the publication of `index`.
    #[inline]
    pub unsafe fn get(&self, index: usize) -> NonNull<T> {
        let (bucket, offset) = Self::locate(index);
        // SAFETY: I2: the bucket was written before the index was published.
        let entries = self.buckets[bucket].with(|place| unsafe { *place });
        // SAFETY: `offset` is within the bucket by `locate`.
        let entry = unsafe { entries.add(offset) };
        // SAFETY: I1: the entry was written before the index was published.
        unsafe { entry.read() }
    }

    /// Bucket and offset of an index: shifted by the first bucket's size, bucket k covers the
    /// numbers with k + FIRST_BITS + 1 binary digits.
    #[inline]
    fn locate(index: usize) -> (usize, usize) {
        let shifted = index + (1 << FIRST_BITS);
        let digits = shifted.ilog2();
        ((digits - FIRST_BITS) as usize, shifted - (1 << digits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn neighbours_follow_each_other(index in 0_usize..Directory::<u8>::LIMIT - 1) {
            let (bucket, offset) = Directory::<u8>::locate(index);
            let next = Directory::<u8>::locate(index + 1);
            let last = offset + 1 == 1 << (bucket + FIRST_BITS as usize);
            prop_assert_eq!(next, if last { (bucket + 1, 0) } else { (bucket, offset + 1) });
            prop_assert!(next.0 < BUCKETS);
        }
    }

    #[test]
    fn items_are_found_again() {
        let mut regions = Regions::new(Box::new(crate::source::SystemSource));
        let directory = Directory::<usize>::default();
        let mut items: Vec<usize> = (0..1000).collect();
        for (index, item) in items.iter_mut().enumerate() {
            directory.reserve(index, &mut regions).unwrap();
            // SAFETY: one thread, rising indices, reserved.
            unsafe { directory.register(index, NonNull::from(item)) };
        }
        for index in 0..1000 {
            // SAFETY: registered by this thread.
            let item = unsafe { directory.get(index) };
            // SAFETY: the vector is alive and not moved.
            assert_eq!(unsafe { *item.as_ptr() }, index);
        }
    }
}
