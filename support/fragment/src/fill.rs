//! How much of a heap can be used. Blocks of random sizes come, are resized and go until the heap has
//! no room for one; then the bytes of the live blocks are a share of the heap. The sizes, alignments
//! and chances are those of talc's benchmark `heap_efficiency`.

use core::alloc::Layout;
use core::ptr::NonNull;

use stress::rng::Rng;

use crate::heap::Heap;

/// No new block has so many bytes.
const SIZES: usize = 10_000;
/// No resized block has so many bytes.
const RESIZED_SIZES: usize = 10 * SIZES;
/// The least size of a new block.
pub(crate) const LEAST_BYTES: usize = 4;

/// One round of filling one heap: the random numbers, and what came of it.
#[derive(Debug)]
pub(crate) struct Fill {
    rng: Rng,
    /// Bytes of live blocks at the first refusal, in percent of the heap.
    pub(crate) percent: f64,
}

/// A live block, its layout, and what frees it.
type Block<H> = (NonNull<u8>, Layout, <H as Heap>::Handle);

impl Fill {
    pub(crate) const fn new(rng: Rng) -> Self {
        Self { rng, percent: 0.0 }
    }

    /// Fills the heap of `bytes`.
    pub(crate) fn run<H: Heap>(&mut self, heap: &mut H, bytes: usize) {
        let mut live: Vec<Block<H>> = Vec::new();
        while self.step(heap, &mut live).is_some() {}
        let used: usize = live.iter().map(|(_, layout, _)| layout.size()).sum();
        self.percent = used as f64 / bytes as f64 * 100.0;
    }

    /// One step: half of all steps allocate, a tenth free, and the others resize. None if the heap has
    /// no room.
    fn step<H: Heap>(&mut self, heap: &mut H, live: &mut Vec<Block<H>>) -> Option<()> {
        let chance = self.rng.below(10);
        if chance < 5 {
            let layout = self.layout();
            let (block, handle) = heap.allocate(layout)?;
            live.push((block, layout, handle));
        } else if !live.is_empty() {
            let at = self.rng.below(live.len());
            if chance == 5 {
                let (block, layout, handle) = live.swap_remove(at);
                // SAFETY: the block is live, and this is its layout.
                unsafe { heap.deallocate(block, layout, handle) };
            } else {
                let size = self.rng.up_to(RESIZED_SIZES - 1);
                let (block, old, handle) = live[at];
                let new = Layout::from_size_align(size, old.align()).expect("a small layout");
                // SAFETY: as above; the alignment stays.
                let (block, handle) = unsafe { heap.resize(block, old, new, handle) }?;
                live[at] = (block, new, handle);
            }
        }
        Some(())
    }

    /// Small sizes are more frequent than large ones; each doubling of the alignment is a quarter as
    /// frequent as the one before.
    fn layout(&mut self) -> Layout {
        let limit = 16 + self.rng.below(SIZES - 16);
        let size = LEAST_BYTES + self.rng.below(limit - LEAST_BYTES);
        let zeros = (self.rng.below(1 << 16) | 1 << 16).trailing_zeros();
        let align = align_of::<usize>() << (zeros / 2);
        Layout::from_size_align(size, align).expect("a small layout")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::{Buffer, Memory};

    const BYTES: usize = 128 << 20;

    /// Half of the heap stays unused, and blocks never come back.
    struct Half(Buffer, usize);

    impl Heap for Half {
        type Handle = ();

        fn allocate(&mut self, layout: Layout) -> Option<(NonNull<u8>, ())> {
            let end = self.1 + layout.size();
            (end <= self.0.len / 2).then(|| {
                self.1 = end;
                (self.0.start, ())
            })
        }

        unsafe fn deallocate(&mut self, _: NonNull<u8>, _: Layout, (): ()) {}

        unsafe fn resize(
            &mut self,
            block: NonNull<u8>,
            old: Layout,
            new: Layout,
            (): (),
        ) -> Option<(NonNull<u8>, ())> {
            let end = self.1 - old.size() + new.size();
            (end <= self.0.len / 2).then(|| {
                self.1 = end;
                (block, ())
            })
        }
    }

    #[test]
    fn a_heap_that_leaves_half_of_its_bytes_has_less_than_half() {
        let memory = Memory::new(BYTES).expect("memory");
        let mut fill = Fill::new(Rng::new(1, 0));
        let buffer = memory.first(BYTES);
        fill.run(&mut Half(buffer, 0), buffer.len);
        assert!((30.0..50.0).contains(&fill.percent), "{}", fill.percent);
    }
}
