//! An array of two batches for each handle; exchanges copy a batch into a magazine or out of it.

use core::marker::PhantomData;

use stampool::Block;

use super::Design;
use super::depot::Depot;
use super::name::{Arena, Index, Name, To};
use super::stack::Owned;
use crate::{Handle, Never};

/// What is chosen about it.
pub trait Choice: 'static {
    /// How blocks are named in a handle's array.
    type Array: Name + To<Self::Magazine>;
    /// How they are named in a magazine.
    type Magazine: Name + To<Self::Array>;
    /// Batches that a flush gives away, 1 or 2.
    const GIVES: usize;
    /// Magazines that a handle keeps for itself, full or empty, before it goes to the depot.
    const KEEPS: usize;
}

/// The choice of these.
pub struct Chosen<Array, Magazine, const GIVES: usize, const KEEPS: usize>(
    PhantomData<(Array, Magazine)>,
);

impl<A, M, const GIVES: usize, const KEEPS: usize> Choice for Chosen<A, M, GIVES, KEEPS>
where
    A: Name + To<M>,
    M: Name + To<A>,
{
    type Array = A;
    type Magazine = M;
    const GIVES: usize = GIVES;
    const KEEPS: usize = KEEPS;
}

/// What the shipped pool does: pointers, copied; a flush gives away the older half.
pub type Copy = Chosen<Block, Block, 1, 0>;
/// 32-bit indices in the magazines: half the lines to move, a translation at each exchange.
pub type IndexedMagazines = Chosen<Block, Index, 1, 0>;
/// 32-bit indices in the handle's array too: exchanges copy them, each hit translates one.
pub type Indexed = Chosen<Index, Index, 1, 0>;
/// A flush gives away the whole array, as two magazines. A refill brings one all the same.
pub type FullFlush = Chosen<Block, Block, 2, 0>;
/// A handle keeps `K` magazines of its own, and goes to the depot when these are all full, or all
/// empty.
pub type Backlog<const K: usize> = Chosen<Block, Block, 1, K>;

impl<C: Choice, const B: usize> Design<B> for C {
    type Name = C::Magazine;
    type Handle<'s> = Copying<'s, C, B>;
    const HOLDS: usize = 2 + C::KEEPS;

    fn handle(depot: &Depot<C::Magazine, B>) -> Copying<'_, C, B> {
        // SAFETY: of this arena.
        let nothing = unsafe { C::Array::of(Block(depot.arena.base), depot.arena) };
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
    fn allocate(&mut self) -> Result<Block, Never> {
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
    unsafe fn deallocate(&mut self, block: Block) {
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
