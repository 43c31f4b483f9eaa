//! Two magazines for each handle; exchanges swap a magazine whole. Bonwick & Adams 2001
//! (papers/README.md).

use core::mem;

use stampool::Block;

use super::Design;
use super::depot::Depot;
use super::stack::Owned;
use crate::{Handle, Never};

/// No copy: a handle works in a magazine itself, keeps the one before, and swaps them whole.
pub enum Swap {}

impl<const B: usize> Design<B> for Swap {
    type Name = Block;
    type Handle<'s> = Swapping<'s, B>;
    const HOLDS: usize = 2;

    fn handle(depot: &Depot<Block, B>) -> Swapping<'_, B> {
        let (loaded, previous) = (depot.take_empty(), depot.take_empty());
        Swapping { len: 0, loaded, previous, previous_is_full: false, depot }
    }
}

/// One thread's magazines.
pub struct Swapping<'s, const B: usize> {
    /// Blocks in the loaded magazine.
    len: usize,
    loaded: Owned<'s, Block, B>,
    /// Full or empty.
    previous: Owned<'s, Block, B>,
    previous_is_full: bool,
    depot: &'s Depot<Block, B>,
}

impl<const B: usize> Swapping<'_, B> {
    /// Loads a full magazine in place of the empty one: the previous, or one of the depot.
    #[cold]
    #[inline(never)]
    fn refill(&mut self) {
        if !self.previous_is_full {
            let empty = mem::replace(&mut self.previous, self.depot.take_full());
            self.depot.give_empty(empty);
        }
        mem::swap(&mut self.loaded, &mut self.previous);
        (self.len, self.previous_is_full) = (B, false);
    }

    /// Loads an empty magazine in place of the full one: the previous, or one of the depot.
    #[cold]
    #[inline(never)]
    fn flush(&mut self) {
        if self.previous_is_full {
            let full = mem::replace(&mut self.previous, self.depot.take_empty());
            self.depot.give_full(full);
        }
        mem::swap(&mut self.loaded, &mut self.previous);
        (self.len, self.previous_is_full) = (0, true);
    }
}

impl<const B: usize> Handle for Swapping<'_, B> {
    type Refusal = Never;

    #[inline]
    fn allocate(&mut self) -> Result<Block, Never> {
        if self.len == 0 {
            self.refill();
        }
        self.len -= 1;
        // SAFETY: the length is at most that of a magazine.
        Ok(*unsafe { self.loaded.names().get_unchecked(self.len) })
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: Block) {
        if self.len == B {
            self.flush();
        }
        // SAFETY: the length is below that of a magazine.
        *unsafe { self.loaded.names().get_unchecked_mut(self.len) } = block;
        self.len += 1;
    }
}

impl<const B: usize> Drop for Swapping<'_, B> {
    fn drop(&mut self) {
        // SAFETY: the handle is not used again.
        let previous = unsafe { Owned::leave(&mut self.previous) };
        if self.previous_is_full {
            self.depot.give_full(previous);
        } else {
            self.depot.give_empty(previous);
        }
        // SAFETY: as above.
        let mut loaded = unsafe { Owned::leave(&mut self.loaded) };
        self.depot.take_in(loaded.names()[..self.len].iter().copied());
        self.depot.give_empty(loaded);
    }
}
