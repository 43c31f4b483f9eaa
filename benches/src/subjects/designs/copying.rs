//! An array of two batches for each handle; exchanges copy a batch into a magazine or out of it.

use core::ptr::NonNull;

use super::Design;
use super::depot::Depot;
use super::name::{Arena, Name, To};
use super::stack::Owned;
use crate::{Handle, Never};

/// What is chosen about it.
pub trait Choice: 'static {
    /// How blocks are named in a handle's array.
    type Array: Name + To<Self::Magazine>;
    /// How they are named in a magazine.
    type Magazine: Name + To<Self::Array>;
    /// Batches that a flush gives away, 1 or 2.
    const GIVES: usize = 1;
    /// Magazines that a handle keeps for itself, full or empty, before it goes to the depot.
    const KEEPS: usize = 0;
}

impl<C: Choice, const B: usize> Design<B> for C {
    type Name = C::Magazine;
    type Handle<'s> = Copying<'s, C, B>;
    const HOLDS: usize = 2 + C::KEEPS;

    fn handle(depot: &Depot<C::Magazine, B>) -> Copying<'_, C, B> {
        // SAFETY: of this arena.
        let nothing = unsafe { C::Array::of(depot.arena.base, depot.arena) };
        Copying {
            len: 0,
            arena: depot.arena,
            depot,
            full: Vec::with_capacity(C::KEEPS),
            empty: Vec::with_capacity(C::KEEPS),
            array: [[nothing; B]; 2],
        }
    }
}

/// One thread's array.
pub struct Copying<'s, C: Choice, const B: usize> {
    /// Names in the array, of blocks of the depot's arena.
    len: usize,
    arena: Arena,
    depot: &'s Depot<C::Magazine, B>,
    /// Its own magazines, [`Choice::KEEPS`] of them at most.
    full: Vec<Owned<'s, C::Magazine, B>>,
    empty: Vec<Owned<'s, C::Magazine, B>>,
    array: [[C::Array; B]; 2],
}

impl<C: Choice, const B: usize> Copying<'_, C, B> {
    /// Copies a batch into the empty array.
    #[cold]
    #[inline(never)]
    fn refill(&mut self) {
        let mut magazine = self.full.pop().unwrap_or_else(|| self.depot.take_full());
        for (to, from) in self.array[0].iter_mut().zip(magazine.names()) {
            // SAFETY: a full magazine has names of its depot's arena.
            *to = unsafe { from.to(self.arena) };
        }
        self.len = B;
        if self.full.len() + self.empty.len() < C::KEEPS {
            self.empty.push(magazine);
        } else {
            self.depot.give_empty(magazine);
        }
    }

    /// Gives the oldest batch of the full array away, or both.
    #[cold]
    #[inline(never)]
    fn flush(&mut self) {
        const { assert!(C::GIVES == 1 || C::GIVES == 2, "an array has two batches") };
        for batch in &self.array[..C::GIVES] {
            let mut magazine = self.empty.pop().unwrap_or_else(|| self.depot.take_empty());
            for (to, from) in magazine.names().iter_mut().zip(batch) {
                // SAFETY: the array has names of the depot's arena.
                *to = unsafe { from.to(self.arena) };
            }
            if self.full.len() + self.empty.len() < C::KEEPS {
                self.full.push(magazine);
            } else {
                self.depot.give_full(magazine);
            }
        }
        self.array.copy_within(C::GIVES.., 0);
        self.len = (2 - C::GIVES) * B;
    }
}

impl<C: Choice, const B: usize> Handle for Copying<'_, C, B> {
    type Refusal = Never;

    #[inline]
    fn allocate(&mut self) -> Result<NonNull<u8>, Never> {
        if self.len == 0 {
            self.refill();
        }
        self.len -= 1;
        // SAFETY: the length is at most that of the array.
        let name = unsafe { self.array.as_flattened().get_unchecked(self.len) };
        // SAFETY: the array has names of the arena.
        Ok(unsafe { name.block(self.arena) })
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: NonNull<u8>) {
        if self.len == 2 * B {
            self.flush();
        }
        // SAFETY: by the caller it came from this arena.
        let name = unsafe { C::Array::of(block, self.arena) };
        // SAFETY: the length is below that of the array.
        *unsafe { self.array.as_flattened_mut().get_unchecked_mut(self.len) } = name;
        self.len += 1;
    }
}

impl<C: Choice, const B: usize> Drop for Copying<'_, C, B> {
    fn drop(&mut self) {
        self.full.drain(..).for_each(|magazine| self.depot.give_full(magazine));
        self.empty.drain(..).for_each(|magazine| self.depot.give_empty(magazine));
        let names = &self.array.as_flattened()[..self.len];
        // SAFETY: the array has names of the arena.
        self.depot.take_in(names.iter().map(|name| unsafe { name.block(self.arena) }));
    }
}
