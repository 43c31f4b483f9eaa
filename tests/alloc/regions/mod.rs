//! Members on one region, of which a block is a place in the region: [`Bitmap`] and [`Buddy`].

mod bitmap_bugs;
mod bitmap_model;
mod buddy_bugs;
mod buddy_model;
// Hundreds of thousands of calls, which Miri would take hours for.
#[cfg(not(miri))]
mod go_pages;

use core::alloc::Layout;
use core::ptr::NonNull;

use stampool::SystemSource;
use stampool::alloc::{AllocError, Bitmap, Buddy, Contiguous, Fit};

/// Numbers of blocks, fewer under Miri.
fn lens(more: &'static [usize]) -> impl Iterator<Item = usize> {
    let few = if cfg!(miri) { 4 } else { 70 };
    (1..few).chain(more.iter().copied().filter(|len| !cfg!(miri) || *len < 200))
}

/// Bytes of a block.
const BLOCK: usize = 8;

/// So many blocks, aligned to so many.
fn blocks(n: usize, align: usize) -> Layout {
    Layout::from_size_align(n * BLOCK, align * BLOCK).expect("a layout")
}

/// A member whose blocks are known by the number of the first one.
struct Numbered<A>(A);

impl<A: Contiguous> Numbered<A> {
    fn start(&self) -> usize {
        self.0.memory_range().start.addr().get()
    }

    /// The first number, and how many blocks were returned.
    fn try_take(&self, n: usize, align: usize) -> Result<(usize, usize), AllocError> {
        let block = self.0.allocate(blocks(n, align))?;
        let address = block.cast::<u8>().addr().get();
        assert!(address.is_multiple_of(align * BLOCK), "a misaligned block");
        Ok(((address - self.start()) / BLOCK, block.len() / BLOCK))
    }

    /// The same, and nothing if there is no room.
    fn take(&self, n: usize) -> Option<usize> {
        self.try_take(n, 1).ok().map(|(first, _)| first)
    }

    fn at(&self, first: usize) -> NonNull<u8> {
        // SAFETY: the tests pass numbers of blocks.
        unsafe { self.0.memory_range().start.add(first * BLOCK) }
    }

    fn give(&self, first: usize, n: usize, align: usize) {
        // SAFETY: the tests pass live blocks.
        unsafe { self.0.deallocate(self.at(first), blocks(n, align)) };
    }

    /// Resizes in place. Answers whether that was possible.
    fn resize(&self, first: usize, old: usize, new: usize) -> bool {
        let (block, old, new) = (self.at(first), blocks(old, 1), blocks(new, 1));
        let resized = if new.size() >= old.size() {
            // SAFETY: the tests pass live blocks, and the new size is not smaller.
            unsafe { self.0.grow_in_place(block, old, new) }
        } else {
            // SAFETY: the tests pass live blocks, and the new size is smaller.
            unsafe { self.0.shrink_in_place(block, old, new) }
        };
        resized.is_ok_and(|resized| {
            assert_eq!(resized.cast(), block, "a block in place has moved");
            true
        })
    }

    /// The blocks that can be allocated one by one. They are all taken afterwards.
    fn drain(&self) -> Vec<usize> {
        let mut free: Vec<_> = core::iter::from_fn(|| self.take(1)).collect();
        free.sort_unstable();
        free
    }
}

fn bitmap(len: usize, fit: Fit) -> Numbered<Bitmap> {
    let bitmap = Bitmap::new(BLOCK, len, SystemSource).expect("a region");
    Numbered(bitmap.with_fit(fit))
}

fn buddy(len: usize) -> Numbered<Buddy> {
    Numbered(Buddy::new(BLOCK, len, SystemSource).expect("a region"))
}

/// A bitmap of which these ranges are taken: first block and number. They are in rising order.
fn bitmap_with(len: usize, taken: &[(usize, usize)]) -> Numbered<Bitmap> {
    let bitmap = bitmap(len, Fit::First);
    let (mut at, mut free) = (0, Vec::new());
    for (first, n) in taken.iter().copied().chain([(len, 0)]) {
        for (first, n, is_free) in [(at, first - at, true), (first, n, false)] {
            if n > 0 {
                assert_eq!(bitmap.take(n), Some(first), "an empty bitmap is filled from the front");
                free.extend(is_free.then_some((first, n)));
            }
        }
        at = first + n;
    }
    free.into_iter().for_each(|(first, n)| bitmap.give(first, n, 1));
    bitmap
}

/// Asserts that exactly these ranges are taken. All of the bitmap is taken afterwards.
fn assert_taken(bitmap: &Numbered<Bitmap>, len: usize, taken: &[(usize, usize)], case: &str) {
    let is_free = |at: &usize| !taken.iter().any(|(first, n)| (*first..first + n).contains(at));
    let free: Vec<_> = (0..len).filter(is_free).collect();
    assert_eq!(bitmap.drain(), free, "{case}");
}
