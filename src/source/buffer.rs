//! A buffer of the caller's, as a source.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::Source;

/// Cuts regions one after another from a buffer of the caller's. The buffer never grows.
///
/// The buffer may have any address and any length; bytes that are skipped for alignment are lost. A
/// pool on a buffer takes its blocks, magazines and thread caches from it. The pool's own control
/// structure is on the heap; apart from that the pool asks for no other memory.
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
    pub fn new(buffer: &'static mut [MaybeUninit<u8>]) -> Self {
        let len = buffer.len();
        Self { base: NonNull::from(buffer).cast(), len, used: 0 }
    }

    /// Takes over `len` bytes at `base`.
    ///
    /// # Safety
    ///
    /// The bytes are valid for reads and writes, and nobody else uses them, until the source is
    /// dropped. A pool drops its source when the pool is dropped, with three exceptions:
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

// SAFETY: regions are cut from the buffer from front to back, within its length, and never twice.
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

    /// Does nothing: the buffer is the caller's.
    unsafe fn release(&mut self, _region: NonNull<u8>, _layout: Layout) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn regions_are_aligned_disjoint_and_inside(
            len in 0_usize..5000,
            skew in 0_usize..64,
            asks in proptest::collection::vec((1_usize..700, 0_u32..10), 0..40),
        ) {
            let mut memory = vec![MaybeUninit::<u8>::uninit(); len + skew];
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
}
