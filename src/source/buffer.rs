//! A buffer of the caller's, as a source.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::{OwningSource, Source};

/// Cuts regions one after another from a buffer of the caller's. The buffer never grows.
///
/// The buffer may have any address and any length; bytes that are skipped for alignment are lost. If
/// the last region goes back, its bytes serve again; those of other regions do not. So a pool on a
/// buffer keeps its chunks if it is [shrunk](crate::Pool::shrink).
///
/// # When to take it
///
/// Take it for a buffer of yours, in a `static`, on the heap and leaked, or in shared memory. Leave
/// it where the memory must grow. A buffer on the stack needs
/// [`from_raw_parts`](Self::from_raw_parts), which is unsafe, because a source may outlive the
/// function. `alloc::Static` borrows a buffer of any lifetime, so it takes one on the stack in safe
/// code.
///
/// # Shape
///
/// A pool on a buffer takes its blocks, magazines and thread caches from it. The pool's own control
/// structure is on the heap; apart from that the pool asks for no other memory. The last region can
/// be [extended](Source::extend), so a linear allocator on a buffer has one chunk.
#[derive(Debug)]
pub struct BufferSource {
    base: NonNull<u8>,
    len: usize,
    used: usize,
}

// SAFETY: the source owns its buffer; the base pointer is not shared with anyone.
unsafe impl Send for BufferSource {}

impl BufferSource {
    /// Takes over a buffer that is never given back.
    pub const fn new(buffer: &'static mut [MaybeUninit<u8>]) -> Self {
        let len = buffer.len();
        Self { base: NonNull::from_mut(buffer).cast(), len, used: 0 }
    }

    /// Takes over `len` bytes at `base`.
    ///
    /// # Safety
    ///
    /// The bytes lie in one allocation, are `isize::MAX` at most, are valid for reads and writes, and
    /// nobody else uses them, until the source is dropped. Nor are they a region of another source that
    /// [owns](crate::source::OwningSource::owns) its regions. A pool drops its source when the pool is
    /// dropped, with three exceptions:
    ///
    /// - While another thread is ending and is handing its cache in, that thread drops the source a
    ///   little later. [`Pool::end`](crate::Pool::end) waits for it.
    /// - An [`ObjectPool`](crate::ObjectPool) that is dropped while objects are live (detached, or
    ///   their handles forgotten) never drops its source, unless it was built with
    ///   [`LivePolicy::Free`](crate::LivePolicy::Free). The bytes must then stay valid for good.
    /// - A pool under [`EpochDeferred`](crate::EpochDeferred) never drops its source if a thread
    ///   that ends at that instant is held up in the collector for so long that the pool gives up
    ///   waiting.
    ///   [`Pool::end`](crate::Pool::end) does not wait longer either. Under that strategy a buffer is
    ///   only safe if it stays valid for good.
    pub const unsafe fn from_raw_parts(base: NonNull<u8>, len: usize) -> Self {
        Self { base, len, used: 0 }
    }

    /// Bytes that are not handed out yet. Some of them may be skipped for alignment.
    pub const fn remaining(&self) -> usize {
        self.len - self.used
    }
}

// SAFETY: regions are cut from the buffer from front to back, within its length. One that is cut anew
// was released before.
unsafe impl Source for BufferSource {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let next = self.base.addr().get().checked_add(self.used)?;
        let padding = next.checked_next_multiple_of(layout.align())? - next;
        let start = self.used.checked_add(padding)?;
        let end = start.checked_add(layout.size())?;
        if end > self.len {
            return None;
        }
        self.used = end;
        // SAFETY: start <= end <= len, so the result lies in the buffer.
        Some(unsafe { self.base.add(start) })
    }

    /// Takes the last region back, so that its bytes serve again. The bytes of any other region are
    /// not used again.
    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        let start = region.addr().get() - self.base.addr().get();
        if start + layout.size() == self.used {
            self.used = start;
        }
    }

    fn reuses(&self) -> bool {
        false
    }

    /// Extends the last region, as far as the buffer reaches.
    unsafe fn extend(&mut self, region: NonNull<u8>, old: Layout, new: Layout) -> bool {
        let end = region.addr().get() + old.size() - self.base.addr().get();
        let more = new.size() - old.size();
        if end != self.used || more > self.remaining() {
            return false;
        }
        self.used += more;
        true
    }
}

// SAFETY: all regions lie in the buffer, which the source has to itself.
unsafe impl OwningSource for BufferSource {
    fn owns(&self, address: NonNull<u8>) -> bool {
        // An address in front of the buffer wraps around to a large number.
        address.addr().get().wrapping_sub(self.base.addr().get()) < self.len
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_byte_behind_the_buffer_is_not_its_own() {
        let mut memory = [MaybeUninit::<u8>::uninit(); 64];
        let base = NonNull::from(&mut memory).cast();
        // SAFETY: the buffer outlives the source, and nobody else uses it.
        let source = unsafe { BufferSource::from_raw_parts(base, 64) };
        // SAFETY: the last byte, and the address behind it.
        let [last, behind] = [63, 64].map(|at| unsafe { base.add(at) });
        assert!(source.owns(base) && source.owns(last) && !source.owns(behind));
        assert!(!source.owns(base.map_addr(|at| at.get().wrapping_sub(1).try_into().unwrap())));
    }

    proptest! {
        #[test]
        fn regions_are_aligned_disjoint_and_inside(
            len in 0_usize..5000,
            skew in 0_usize..64,
            asks in proptest::collection::vec((1_usize..700, 0_u32..10), 0..40),
        ) {
            let mut memory = Box::<[u8]>::new_uninit_slice(len + skew);
            let base = NonNull::from(&mut memory[skew..]).cast::<u8>();
            // SAFETY: the vector outlives the source, and nobody else uses it.
            let mut source = unsafe { BufferSource::from_raw_parts(base, len) };
            let mut last_end = base.addr().get();
            for (size, shift) in asks {
                let before = source.remaining();
                let layout = Layout::from_size_align(size, 1 << shift).unwrap();
                match source.obtain(layout) {
                    Some(region) => {
                        let at = region.addr().get();
                        prop_assert_eq!(at % layout.align(), 0);
                        prop_assert!(at >= last_end);
                        last_end = at + size;
                        prop_assert!(last_end <= base.addr().get() + len);
                    }
                    None => {
                        prop_assert_eq!(source.remaining(), before);
                        prop_assert!(before < size + layout.align());
                    }
                }
            }
        }
    }

    #[test]
    fn an_absurd_size_is_refused() {
        let mut byte = [MaybeUninit::<u8>::uninit()];
        let base = NonNull::from(&mut byte).cast();
        // SAFETY: the array outlives the source.
        let mut source = unsafe { BufferSource::from_raw_parts(base, 1) };
        let layout = Layout::from_size_align(isize::MAX as usize, 1).unwrap();
        assert!(source.obtain(layout).is_none());
        assert_eq!(source.remaining(), 1);
    }

    #[test]
    fn the_last_region_alone_is_extended() {
        let mut memory = [MaybeUninit::<u8>::uninit(); 100];
        let base = NonNull::from(&mut memory).cast();
        // SAFETY: the array outlives the source, and nobody else uses it.
        let mut source = unsafe { BufferSource::from_raw_parts(base, 100) };
        let bytes = |size| Layout::from_size_align(size, 1).unwrap();
        let first = source.obtain(bytes(10)).unwrap();
        // SAFETY: the region is live and has this layout.
        assert!(unsafe { source.extend(first, bytes(10), bytes(20)) });
        // SAFETY: the region is as long as that.
        unsafe { first.write_bytes(1, 20) };
        let second = source.obtain(bytes(30)).unwrap();
        assert_eq!(second.addr().get(), first.addr().get() + 20);
        // SAFETY: as above.
        assert!(!unsafe { source.extend(first, bytes(20), bytes(21)) }, "another lies behind it");
        // SAFETY: as above.
        assert!(!unsafe { source.extend(second, bytes(30), bytes(81)) }, "the buffer ends");
        assert_eq!(source.remaining(), 50, "a refusal changes nothing");
        // SAFETY: as above.
        assert!(unsafe { source.extend(second, bytes(30), bytes(80)) });
        assert_eq!(source.remaining(), 0);
        // SAFETY: the region is as long as that.
        unsafe { second.write_bytes(2, 80) };
    }

    #[test]
    fn the_last_region_alone_is_taken_back() {
        let mut memory = [MaybeUninit::<u8>::uninit(); 100];
        let base = NonNull::from(&mut memory).cast();
        // SAFETY: the array outlives the source, and nobody else uses it.
        let mut source = unsafe { BufferSource::from_raw_parts(base, 100) };
        let bytes = Layout::from_size_align(40, 1).unwrap();
        let (first, second) = (source.obtain(bytes).unwrap(), source.obtain(bytes).unwrap());
        // SAFETY: of this layout, and not used any more.
        unsafe { source.release(first, bytes) };
        assert_eq!(source.remaining(), 20, "another lies behind it");
        // SAFETY: as above.
        unsafe { source.release(second, bytes) };
        assert_eq!((source.remaining(), source.obtain(bytes)), (60, Some(second)));
    }
}
