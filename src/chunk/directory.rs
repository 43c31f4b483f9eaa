//! Index to pointer: an array that grows without moving.
//!
//! Contract: [`install`](Directory::install) and [`register`](Directory::register) under the growth
//! lock; [`get`](Directory::get) from
//! any thread that has acquired the publication of the index.
//!
//! I1. An entry is written once, before its index is published anywhere.
//! I2. A bucket is obtained and written to `buckets` once, before the first index in it is
//!     published.
//!
//! So neither needs an atomic: a thread that has acquired an index has acquired its entry and its
//! bucket.

use core::alloc::Layout;
use core::ptr::{self, NonNull};

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

    /// Room that is missing for the first `count` entries, for [`install`](Self::install).
    ///
    /// # Panics
    ///
    /// If `count` is above [`LIMIT`](Self::LIMIT).
    pub fn missing(&self, count: usize) -> Layout {
        let entries = self.absent(count).map(|bucket| 1 << bucket << FIRST_BITS).sum();
        Layout::array::<NonNull<T>>(entries).expect("twice a count below 2^31 fits")
    }

    /// Makes places for the first `count` entries out of the room that was missing.
    ///
    /// # Safety
    ///
    /// Under the growth lock since [`missing`](Self::missing) named the layout of `room`, which
    /// belongs to the directory from here on.
    pub unsafe fn install(&self, count: usize, room: NonNull<u8>) {
        let mut next = room.as_ptr().cast::<NonNull<T>>();
        for bucket in self.absent(count) {
            // SAFETY: under the growth lock, and no index of this bucket is known to anyone (I2).
            self.buckets[bucket].with_mut(|place| unsafe { *place = next });
            // SAFETY: the room holds all buckets that were absent, one behind the other.
            next = unsafe { next.add(1 << bucket << FIRST_BITS) };
        }
    }

    /// Buckets that the first `count` entries need and that are not there. Under the growth lock.
    fn absent(&self, count: usize) -> impl Iterator<Item = usize> {
        assert!(count <= Self::LIMIT, "{count} entries are beyond the directory");
        let needed = count.checked_sub(1).map_or(0, |last| Self::locate(last).0 + 1);
        // SAFETY: under the growth lock no other thread writes a bucket.
        let is_absent = |place: *const *mut NonNull<T>| unsafe { *place }.is_null();
        (0..needed).filter(move |&bucket| self.buckets[bucket].with(is_absent))
    }

    /// Enters `item` at `index`.
    ///
    /// # Safety
    ///
    /// Under the growth lock, after an `install` that covers `index`, with indices in rising order,
    /// before `index` is published.
    pub unsafe fn register(&self, index: usize, item: NonNull<T>) {
        let (bucket, offset) = Self::locate(index);
        // SAFETY: I2: installed before.
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
    use crate::chunk::Regions;
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
            let missing = directory.missing(index + 1);
            if missing.size() > 0 {
                let room = regions.obtain(missing).unwrap();
                // SAFETY: one thread; the regions outlive the directory's use.
                unsafe { directory.install(index + 1, room) };
            }
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
