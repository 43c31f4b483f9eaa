//! A table from index to pointer that grows without moving its entries.
//!
//! # Contract
//!
//! The caller of [`install`](Directory::install) and [`register`](Directory::register) holds the
//! growth lock. Any thread that has acquired the publication of an index may call
//! [`get`](Directory::get) with it.
//!
//! # Invariants
//!
//! - DI1. An entry is written once, before its index is published anywhere.
//! - DI2. A bucket is obtained and written to `buckets` once, before the first index in it is
//!   published.
//!
//! So neither needs an atomic: a thread that has acquired an index has acquired its entry and its
//! bucket.

use core::alloc::Layout;
use core::ptr::{self, NonNull};

use crate::sync::{UnsafeCell, array_of, const_when_shipped, opaque};

/// Bucket k holds `FIRST << k` entries.
const FIRST_BITS: u32 = 3;
const BUCKETS: usize = 28;

/// Pointers by index, in buckets of doubling size.
pub struct Directory<T> {
    buckets: [UnsafeCell<*mut NonNull<T>>; BUCKETS],
}

opaque! { [T] Directory<T>; }

impl<T> Default for Directory<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Directory<T> {
    const_when_shipped! {
        /// No entries, and no places for any.
        pub fn new() -> Self {
            Self { buckets: array_of!(UnsafeCell::new(ptr::null_mut()); BUCKETS) }
        }
    }

    /// The most entries: 2^31 - 8.
    pub const LIMIT: usize = ((1 << BUCKETS) - 1) << FIRST_BITS;

    /// The layout of the memory that [`install`](Self::install) needs so that there are places for
    /// the first `count` entries.
    ///
    /// # Panics
    ///
    /// If `count` is above [`LIMIT`](Self::LIMIT).
    ///
    /// # Safety
    ///
    /// The caller holds the growth lock.
    pub unsafe fn missing(&self, count: usize) -> Layout {
        // SAFETY: by the caller.
        let absent = unsafe { self.absent(count) };
        let entries = absent.map(|bucket| 1 << bucket << FIRST_BITS).sum();
        Layout::array::<NonNull<T>>(entries).expect("twice a count below 2^31 fits")
    }

    /// Makes places for the first `count` entries in the given room.
    ///
    /// # Safety
    ///
    /// The caller has held the growth lock since [`missing`](Self::missing) returned the layout of
    /// `room`. `room` belongs to the directory from now on.
    pub unsafe fn install(&self, count: usize, room: NonNull<u8>) {
        let mut next = room.as_ptr().cast::<NonNull<T>>();
        // SAFETY: by the caller.
        for bucket in unsafe { self.absent(count) } {
            // SAFETY: the caller holds the growth lock, and no index of this bucket is published
            // yet (DI2).
            self.buckets[bucket].with_mut(|place| unsafe { *place = next });
            // SAFETY: the room holds all absent buckets, one after the other.
            next = unsafe { next.add(1 << bucket << FIRST_BITS) };
        }
    }

    /// The buckets that the first `count` entries need and that do not exist yet.
    ///
    /// # Safety
    ///
    /// The caller holds the growth lock, and uses the iterator under it.
    unsafe fn absent(&self, count: usize) -> impl Iterator<Item = usize> {
        assert!(count <= Self::LIMIT, "{count} entries are beyond the directory");
        let needed = count.checked_sub(1).map_or(0, |last| Self::locate(last).0 + 1);
        // SAFETY: under the growth lock no other thread writes a bucket.
        let is_absent = |place: *const *mut NonNull<T>| unsafe { *place }.is_null();
        (0..needed).filter(move |&bucket| self.buckets[bucket].with(is_absent))
    }

    /// Writes `item` to the entry of `index`.
    ///
    /// # Safety
    ///
    /// The caller holds the growth lock, and `install` has made a place for `index`. Indices come
    /// in rising order, and `index` is not published yet.
    pub unsafe fn register(&self, index: usize, item: NonNull<T>) {
        let (bucket, offset) = Self::locate(index);
        // SAFETY: DI2: installed before.
        let entries = self.buckets[bucket].with(|place| unsafe { *place });
        debug_assert!(!entries.is_null(), "DI2: an entry without a place, at index {index}");
        // SAFETY: `offset` is within the bucket by `locate`.
        let entry = unsafe { entries.add(offset) };
        // SAFETY: by the caller nobody reads the entry yet, and it is written once (DI1).
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
        // SAFETY: DI2: the bucket was written before the index was published.
        let entries = self.buckets[bucket].with(|place| unsafe { *place });
        // SAFETY: `offset` is within the bucket by `locate`.
        let entry = unsafe { entries.add(offset) };
        // SAFETY: DI1: the entry was written before the index was published.
        unsafe { entry.read() }
    }

    /// Bucket and offset of an index. If the size of the first bucket is added to all indices,
    /// bucket k covers the numbers that have k + FIRST_BITS + 1 binary digits.
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
        let mut regions = Regions::new(crate::source::SystemSource);
        let directory = Directory::<usize>::default();
        let mut items: Vec<usize> = (0..1000).collect();
        for (index, item) in items.iter_mut().enumerate() {
            // SAFETY: one thread.
            let missing = unsafe { directory.missing(index + 1) };
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
