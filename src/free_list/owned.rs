//! The ownership of a magazine that is in no list, and what only the owner may do with it.

use core::ptr::NonNull;

use super::magazine::{LARGE, Magazine, MagazineRef};
use super::store::{Addressing, MagazineStore};
use crate::block::{Block, MaybeBlock};
use crate::sync::{AtomicU32, AtomicUsize, UnsafeCell, Witness, opaque, site};

impl MagazineStore {
    /// Makes magazine number `index`, an ordinary one.
    ///
    /// # Panics
    ///
    /// If `index` does not fit into 32 bits; `names_missing` refuses such a number before.
    ///
    /// # Safety
    ///
    /// The caller holds the growth lock, passes rising indices, and has called `add_names` for this
    /// one. `room` has [`Magazine::layout`] and belongs to the new magazine until the store is
    /// dropped.
    pub unsafe fn create(&self, index: usize, room: NonNull<u8>) -> OwnedMagazine<'_> {
        // SAFETY: by the caller.
        unsafe { self.make(index, 0, room) }
    }

    /// As [`create`](Self::create), a large one: `room` has the layout for
    /// [`large_room`](Self::large_room).
    ///
    /// # Panics
    ///
    /// As [`create`](Self::create).
    ///
    /// # Safety
    ///
    /// As [`create`](Self::create).
    pub unsafe fn create_large(&self, index: usize, room: NonNull<u8>) -> OwnedMagazine<'_> {
        // SAFETY: by the caller.
        unsafe { self.make(index, LARGE, room) }
    }

    /// # Safety
    ///
    /// As [`create`](Self::create); the room is that of a large magazine if `mark` says so.
    unsafe fn make(&self, index: usize, mark: u32, room: NonNull<u8>) -> OwnedMagazine<'_> {
        let magazine = room.cast::<Magazine>();
        let head = Magazine {
            link: AtomicUsize::new(0),
            count: AtomicU32::new(0),
            index: mark
                | match self.addressing {
                    Addressing::Address => 0,
                    Addressing::Index => u32::try_from(index).expect("named, so below the limit"),
                },
            created: Witness::created(),
            blocks: UnsafeCell::new(()),
        };
        // SAFETY: by the caller the room is aligned, large enough and unused.
        unsafe { magazine.write(head) };
        match self.addressing {
            // Links and heads recover the address in `resolve`.
            Addressing::Address => _ = magazine.as_ptr().expose_provenance(),
            // SAFETY: by the caller: locked, rising, with a name, not published yet.
            Addressing::Index => unsafe { self.directory.register(index, magazine) },
        }
        // SAFETY: just made, and in no list.
        unsafe { OwnedMagazine::assume(magazine, self) }
    }
}

/// The exclusive ownership of a magazine that is in no list.
///
/// Dropping this value loses the magazine and its blocks until the pool is dropped.
#[must_use = "a magazine that is let go of is lost to the pool"]
pub struct OwnedMagazine<'s> {
    magazine: NonNull<Magazine>,
    store: &'s MagazineStore,
    pub(super) reuse: Reuse,
}

opaque! { [] OwnedMagazine<'_>; }

/// Where a magazine may be pushed, under the strategies that defer reuse. The other strategies
/// ignore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// No thread can be reading it: it may go to a stack that threads read without a lock.
    Reusable,
    /// Just removed from such a stack: a thread may still be reading it.
    Observed,
    /// Removed from a stack behind a lock, where it was because it was not reusable. It still is
    /// not.
    LockOnly,
}

// SAFETY: the magazine is in no list and has one owner; it holds blocks, which are `Send`.
unsafe impl Send for OwnedMagazine<'_> {}

impl<'s> OwnedMagazine<'s> {
    /// Takes ownership.
    ///
    /// # Safety
    ///
    /// The magazine is of `store`, it is in no list, no other thread owns it, and, if the strategy
    /// defers reuse, no thread can be reading it any more.
    #[inline]
    pub unsafe fn assume(magazine: NonNull<Magazine>, store: &'s MagazineStore) -> Self {
        Self { magazine, store, reuse: Reuse::Reusable }
    }

    /// States that a magazine that was removed from an open stack is still as reusable as when it
    /// was pushed there.
    ///
    /// # Safety
    ///
    /// The magazine comes from a list whose open stack receives only reusable magazines (a
    /// lock-only magazine stays lock-only). The next list to which it is pushed is not the list
    /// from which it comes.
    #[inline]
    pub unsafe fn assume_reusable(mut self) -> Self {
        if self.reuse == Reuse::Observed {
            self.reuse = Reuse::Reusable;
        }
        self
    }

    /// Whether it may go to a stack that threads read without a lock.
    #[inline]
    pub fn is_reusable(&self) -> bool {
        self.reuse == Reuse::Reusable
    }

    /// Gives the ownership up. [`assume`](Self::assume) takes it again, once the magazine is
    /// reusable.
    #[inline]
    pub fn release(self) -> NonNull<Magazine> {
        self.magazine
    }

    /// The magazine's name in links and heads.
    #[inline]
    pub fn name(&self) -> MagazineRef {
        match self.store.addressing {
            Addressing::Address => MagazineRef(self.magazine.addr().get()),
            Addressing::Index => MagazineRef::from_index(self.head().index & !LARGE),
        }
    }

    #[inline(always)]
    fn head(&self) -> &Magazine {
        // SAFETY: magazines live as long as their store, and heads are only shared, never `&mut`.
        unsafe { self.magazine.as_ref() }
    }

    /// Whether it has room for the largest batch.
    #[inline]
    pub fn is_large(&self) -> bool {
        self.head().index & LARGE != 0
    }

    /// How many blocks are in it.
    #[inline]
    pub fn len(&self) -> usize {
        self.head().created.acquired();
        // ORDERING(FL-12): Relaxed. Exclusive owner.
        self.head().count.load(site::OWNED_COUNT.ordering()) as usize
    }

    /// Whether there are no blocks in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    fn set_len(&mut self, len: usize) {
        let len = u32::try_from(len).expect("a batch is below 2^32");
        // ORDERING(FL-12): Relaxed. Exclusive owner; published by FL-3.
        self.head().count.store(len, site::OWNED_COUNT.ordering());
    }

    /// Writes the link for a push. The push loop may call this several times before its CAS
    /// succeeds.
    #[inline]
    pub(super) fn set_link(&mut self, next: MagazineRef) {
        // ORDERING(FL-2): Release. Publishes the creation of `next`, which this thread acquired at
        //   FL-1, to walkers that have a stale head.
        //   pairs with FL-6 (walk: link, Acquire); killed by list/walk_growth
        self.head().link.store(next.0, site::PUSH_LINK.ordering());
    }

    /// The link as the last push left it, for walking along a chain that the caller has taken.
    #[inline]
    pub(super) fn link(&self) -> MagazineRef {
        // ORDERING(FL-11): Relaxed. Exclusive owner.
        MagazineRef(self.head().link.load(site::OWNED_LINK.ordering()))
    }

    /// The array behind the head.
    #[inline(always)]
    fn array(&self) -> *mut Block {
        self.head().created.acquired();
        // SAFETY: the array begins right behind the head, in the same allocation.
        unsafe { self.magazine.add(1) }.cast().as_ptr()
    }

    /// Makes `blocks` the magazine's blocks. Blocks that it held before are lost, so call this on a
    /// new or unloaded magazine.
    ///
    /// # Panics
    ///
    /// If they are more than the smallest batch.
    #[inline]
    pub fn fill(&mut self, blocks: &[Block]) {
        self.write(0, blocks, self.store.room());
    }

    /// As [`fill`](Self::fill), for up to the largest batch, and not in the order of `blocks`: those of
    /// its second half come between those of its first half.
    ///
    /// Blocks that lie side by side and cross between two threads in the order of their addresses
    /// cost both threads more than blocks in no order, because each thread's core fetches the next
    /// lines ahead, while the other one still writes or reads them. One such interleaving changes
    /// little, but a block that comes round is interleaved each time
    /// (`papers/producer-consumer.md`).
    ///
    /// # Panics
    ///
    /// If they don't fit, or if the magazine is not a large one.
    pub fn fill_large(&mut self, blocks: &[Block]) {
        assert!(self.is_large(), "a magazine with room for the largest batch");
        let (total, room) = (blocks.len(), self.store.large_room());
        assert!(total <= room, "{total} blocks in a magazine for {room}");
        let array = self.array();
        let (first, second) = blocks.split_at(total / 2);
        self.head().blocks.with_mut(|_| {
            for (nth, (&one, &other)) in first.iter().zip(second).enumerate() {
                // SAFETY: `total` blocks fit, and each pass writes two of them.
                let places = unsafe { array.add(2 * nth) }.cast::<[Block; 2]>();
                // SAFETY: only this owner has access to the array.
                unsafe { places.write([one, other]) };
            }
            // The second half has as many blocks as the first, or one more, which comes last.
            if let Some(&last) = second.get(first.len()) {
                // SAFETY: `total` blocks fit.
                let place = unsafe { array.add(total - 1) };
                // SAFETY: only this owner has access to the array.
                unsafe { place.write(last) };
            }
        });
        self.set_len(total);
    }

    /// Adds blocks after the ones that it holds.
    ///
    /// # Panics
    ///
    /// If it would hold more than the smallest batch then.
    #[inline]
    pub fn append(&mut self, blocks: &[Block]) {
        self.write(self.len(), blocks, self.store.room());
    }

    /// Writes `blocks` behind the first `len`. The magazine has room for `room` blocks, or more.
    #[inline]
    fn write(&mut self, len: usize, blocks: &[Block], room: usize) {
        let total = len + blocks.len();
        assert!(total <= room, "{total} blocks in a magazine for {room}");
        let array = self.array();
        self.head().blocks.with_mut(|_| {
            // SAFETY: `len` is within the array.
            let end = unsafe { array.add(len) };
            // SAFETY: `blocks` fits behind `len` by the assertion. Only this owner has access to
            // the array, so it does not overlap the caller's slice.
            unsafe { blocks.as_ptr().copy_to_nonoverlapping(end, blocks.len()) };
        });
        self.set_len(total);
    }

    /// Copies all its blocks to the start of `out` and returns how many. The magazine's count and its
    /// array stay as they were, which saves a write.
    ///
    /// # Panics
    ///
    /// If `out` is shorter than what it holds.
    ///
    /// # Safety
    ///
    /// Nobody takes the blocks that the magazine still seems to hold. The caller, or the thread that
    /// takes the magazine from a list of empty ones later, calls [`fill`](Self::fill) before anything
    /// else.
    #[inline]
    pub unsafe fn unload(&mut self, out: &mut [MaybeBlock]) -> usize {
        let len = self.len();
        let (array, out) = (self.array(), &mut out[..len]);
        self.head().blocks.with_mut(|_| {
            // SAFETY: `len` written blocks from the array's start; `out` has room for them and is
            // not the array.
            unsafe { array.copy_to_nonoverlapping(out.as_mut_ptr().cast(), len) };
        });
        len
    }

    /// Takes up to `out.len()` blocks from the end of the array. Returns how many.
    #[inline]
    pub fn take(&mut self, out: &mut [MaybeBlock]) -> usize {
        let len = self.len();
        let taken = len.min(out.len());
        let array = self.array();
        self.head().blocks.with_mut(|_| {
            // SAFETY: `taken <= len`, and `len` blocks are in the array.
            let start = unsafe { array.add(len - taken) };
            // SAFETY: `taken` written blocks from `start`; `out` has room for them and is not
            // the array.
            unsafe { start.copy_to_nonoverlapping(out.as_mut_ptr().cast(), taken) };
        });
        self.set_len(len - taken);
        taken
    }

    /// Drops the magazine in place; it will be in no list again. Only a checker's atomics need it,
    /// since a shipped magazine is plain memory.
    pub fn end(self) {
        // SAFETY: owned, and not used again. In a shipped build a stale reader would still find
        // plain memory; a checker calls this at the end of an execution, when no reader is left.
        unsafe { self.magazine.drop_in_place() };
    }
}
