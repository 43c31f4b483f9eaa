//! Sources behind a pointer.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::{OwningSource, Source};

macro_rules! through_a_pointer {
    ($($pointer:ty),*) => {$(
        // SAFETY: the source behind the pointer keeps the contract, and the pointer is its only
        // user. Moving the pointer does not even move the source.
        unsafe impl<S: Source + ?Sized> Source for $pointer {
            fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
                (**self).obtain(layout)
            }

            unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
                // SAFETY: by the caller.
                unsafe { (**self).release(region, layout) }
            }

            unsafe fn extend(&mut self, region: NonNull<u8>, old: Layout, new: Layout) -> bool {
                // SAFETY: by the caller.
                unsafe { (**self).extend(region, old, new) }
            }

            fn obtain_records(&mut self, layout: Layout) -> Option<NonNull<u8>> {
                (**self).obtain_records(layout)
            }

            unsafe fn release_records(&mut self, region: NonNull<u8>, layout: Layout) {
                // SAFETY: by the caller.
                unsafe { (**self).release_records(region, layout) }
            }

            fn granule(&self) -> usize {
                (**self).granule()
            }

            fn reuses(&self) -> bool {
                (**self).reuses()
            }

            fn max_align(&self) -> usize {
                (**self).max_align()
            }
        }

        // SAFETY: as above.
        unsafe impl<S: OwningSource + ?Sized> OwningSource for $pointer {
            fn owns(&self, address: NonNull<u8>) -> bool {
                (**self).owns(address)
            }
        }
    )*};
}

#[cfg(feature = "std")]
through_a_pointer!(Box<S>);
through_a_pointer!(&mut S);

#[cfg(test)]
mod tests {
    use core::mem::MaybeUninit;

    use super::*;
    use crate::source::{BufferSource, SystemSource};

    /// A source that serves an alignment of 64 at most.
    struct Narrow(SystemSource);

    // SAFETY: everything is passed on.
    unsafe impl Source for Narrow {
        fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
            self.0.obtain(layout)
        }

        unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
            // SAFETY: by the caller.
            unsafe { self.0.release(region, layout) }
        }

        fn max_align(&self) -> usize {
            64
        }
    }

    /// Obtains a region, writes it and gives it back.
    fn use_once(mut source: impl Source) {
        let layout = Layout::from_size_align(100, 8).expect("a layout");
        let region = source.obtain(layout).expect("memory");
        // SAFETY: the region is as long as the layout.
        unsafe { region.write_bytes(1, 100) };
        // SAFETY: the region is given back once, and nobody uses it any more.
        unsafe { source.release(region, layout) };
    }

    #[test]
    fn a_source_in_a_box_and_a_borrowed_one_are_sources() {
        let boxed: Box<dyn Source> = Box::new(Narrow(SystemSource));
        assert_eq!(boxed.max_align(), 64);
        use_once(boxed);
        let mut narrow = Narrow(SystemSource);
        let borrowed = &mut narrow;
        assert_eq!(Source::max_align(&borrowed), 64);
        use_once(borrowed);
    }

    #[test]
    fn a_borrowed_buffer_is_used_on() {
        let mut memory = [MaybeUninit::<u8>::uninit(); 300];
        let base = NonNull::from(&mut memory).cast();
        // SAFETY: the buffer outlives the source, and nobody else uses it.
        let mut buffer = unsafe { BufferSource::from_raw_parts(base, 300) };
        let mut borrowed = &mut buffer;
        assert!(Source::obtain(&mut borrowed, Layout::new::<[u8; 100]>()).is_some());
        assert_eq!(buffer.remaining(), 200);
    }
}
