//! An allocator that checks what is given back to it.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;
use std::collections::BTreeMap;

use crate::alloc::served::Served;
use crate::alloc::{Allocator, Owner, Reset, Usage, inherent};
use crate::error::AllocError;
use crate::sync::{Mutex, lock};

/// An allocator that knows which of its blocks are live, and panics if a block is given back or
/// resized that is not one of them, or with a layout that does not fit it.
///
/// The panic says which it is: a block that was freed before, one from before a reset, an address
/// inside a live block, or a block that belongs to another allocator. A scope of a
/// [`Stack`](crate::alloc::Stack) is an allocator of its own: a block of its parent is another
/// allocator's there. Blocks without bytes take no memory and are not checked, so a block that is given
/// back with a layout of no bytes is not reported, and stays live. The two calls that resize a block
/// where it lies also panic if the new size is on the wrong side of the old one.
///
/// # When to take it
///
/// Take it in tests. Leave it in a program that ships: each call takes a lock, and searches maps that
/// lie in the memory of the program's allocator; they keep every address at which a block ever began.
///
/// # Panics
///
/// `deallocate`, and the calls that resize a block, panic as said above. The block is then as it
/// was.
///
/// # Example
///
/// ```should_panic
/// use std::alloc::Layout;
/// use stampool::alloc::Stack;
/// use stampool::alloc::wrap::Checked;
///
/// let stack = Checked::new(Stack::default());
/// let block = stack.allocate(Layout::new::<u64>()).expect("memory");
/// let scope = Checked::new(stack.get().enter().expect("no scope is open"));
/// // SAFETY: not so: the block is the parent's.
/// unsafe { scope.deallocate(block.cast(), Layout::new::<u64>()) };
/// ```
// All calls go to the inner allocator, which keeps the rules.
pub struct Checked<A> {
    inner: A,
    books: Mutex<Books>,
}

/// What is known of the blocks that have bytes, by their addresses.
struct Books {
    live: BTreeMap<usize, Extent>,
    /// How the last block at an address ended, where none is live.
    past: BTreeMap<usize, End>,
}

#[derive(Clone, Copy)]
enum End {
    Freed,
    Reset,
}

impl Books {
    const EMPTY: Self = Self { live: BTreeMap::new(), past: BTreeMap::new() };

    /// Why no block is live at `address`.
    fn reason(&self, address: usize) -> String {
        let below = self.live.range(..address).next_back();
        let around = below.filter(|(start, extent)| address < *start + extent.length);
        match (around, self.past.get(&address)) {
            (Some((start, extent)), _) => {
                format!("it lies inside a live block, the {} bytes at {start:#x}", extent.length)
            }
            (None, Some(End::Freed)) => "it was freed before".to_owned(),
            (None, Some(End::Reset)) => {
                "the allocator was reset after it had handed the block out".to_owned()
            }
            (None, None) => "it belongs to another allocator or scope".to_owned(),
        }
    }
}

/// What is known of a live block: every size from `requested` to `length` fits it (A4).
#[derive(Clone, Copy)]
struct Extent {
    requested: usize,
    length: usize,
    align: usize,
}

impl<A> Checked<A> {
    crate::sync::const_when_shipped! {
        /// Checks what is given back to `inner`, whose blocks are unknown until now.
        pub fn new(inner: A) -> Self {
            Self { inner, books: Mutex::new(Books::EMPTY) }
        }
    }

    /// The allocator inside. Its blocks are unknown to this value.
    pub const fn get(&self) -> &A {
        &self.inner
    }

    /// The allocator, without this wrapper. Its blocks stay live.
    pub fn into_inner(self) -> A {
        self.inner
    }

    fn note(&self, block: NonNull<[u8]>, layout: Layout) {
        if layout.size() != 0 {
            let (requested, align) = (layout.size(), layout.align());
            let extent = Extent { requested, length: block.len(), align };
            let (mut books, address) = (lock(&self.books), block.cast::<u8>().addr().get());
            books.live.insert(address, extent);
            books.past.remove(&address);
        }
    }

    /// Takes a block out of the map, if it has bytes. Refuses one that is not live, or that the
    /// layout does not fit.
    #[track_caller]
    fn take(&self, block: NonNull<u8>, layout: Layout) -> Option<Extent> {
        if layout.size() == 0 {
            return None;
        }
        let (mut books, address) = (lock(&self.books), block.addr().get());
        let Some(&extent) = books.live.get(&address) else {
            let reason = books.reason(address);
            drop(books);
            panic!("a block at {block:p} was given back or resized that is not live: {reason}");
        };
        let Extent { requested, length, align } = extent;
        if !(requested..=length).contains(&layout.size()) || layout.align() != align {
            drop(books);
            panic!(
                "a block at {block:p} was given back or resized with a layout that does not fit \
                 it: it has {requested} to {length} bytes and the alignment {align}, the layout \
                 says {} and {}",
                layout.size(),
                layout.align(),
            );
        }
        books.live.remove(&address);
        books.past.insert(address, End::Freed);
        Some(extent)
    }
}

/// A block that was taken out of the map for a call, and goes back into it unless the call succeeds.
struct Taken<'a> {
    books: &'a Mutex<Books>,
    block: NonNull<u8>,
    extent: Extent,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let (mut books, address) = (lock(self.books), self.block.addr().get());
        books.live.insert(address, self.extent);
        books.past.remove(&address);
    }
}

impl<A: Allocator> Checked<A> {
    /// Returns a block of `layout`, as the inner allocator does.
    ///
    /// # Errors
    ///
    /// As the inner allocator.
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let block = self.inner.allocate(layout)?;
        self.note(block, layout);
        Ok(block)
    }

    /// # Safety
    ///
    /// `block` is a live block of this allocator, and `layout` fits it.
    #[track_caller]
    unsafe fn free(&self, block: NonNull<u8>, layout: Layout) {
        // First, because the inner allocator may then hand its memory out to another thread.
        self.take(block, layout);
        // SAFETY: by the caller.
        unsafe { self.inner.deallocate(block, layout) }
    }

    /// # Safety
    ///
    /// As [`Allocator::grow_in_place`].
    #[track_caller]
    unsafe fn grow_there(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Served {
        assert!(
            new.size() >= old.size(),
            "a block at {block:p} was to grow from {} bytes to {}, which are fewer",
            old.size(),
            new.size()
        );
        // SAFETY: by the caller.
        self.resize((block, old, new), |inner| unsafe { inner.grow_in_place(block, old, new) })
    }

    /// # Safety
    ///
    /// As [`Allocator::shrink_in_place`].
    #[track_caller]
    unsafe fn shrink_there(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Served {
        assert!(
            new.size() <= old.size(),
            "a block at {block:p} was to shrink from {} bytes to {}, which are more",
            old.size(),
            new.size()
        );
        // SAFETY: by the caller.
        self.resize((block, old, new), |inner| unsafe { inner.shrink_in_place(block, old, new) })
    }

    /// Resizes a block by `resize`.
    #[track_caller]
    fn resize(
        &self,
        (block, old, new): (NonNull<u8>, Layout, Layout),
        resize: impl FnOnce(&A) -> Result<NonNull<[u8]>, AllocError>,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // First, for the same reason: a block may lose all of its bytes.
        let taken = self.take(block, old).map(|extent| Taken { books: &self.books, block, extent });
        let resized = resize(&self.inner)?;
        core::mem::forget(taken);
        self.note(resized, new);
        Ok(resized)
    }
}

impl<A: Owner> Checked<A> {
    /// Whether `address` lies in a region of the inner allocator.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        self.inner.owns(address)
    }

    /// The usage of the inner allocator.
    pub fn usage(&self) -> Usage {
        self.inner.usage()
    }
}

impl<A: Reset> Checked<A> {
    /// Invalidates all blocks, and notes for each of them that a reset ended it.
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks.
    ///
    /// # Panics
    ///
    /// If the source panics in `release`. All blocks are invalid nevertheless.
    pub fn reset(&mut self) {
        let mut books = lock(&self.books);
        let ended = core::mem::take(&mut books.live);
        books.past.extend(ended.into_keys().map(|address| (address, End::Reset)));
        drop(books);
        self.inner.reset();
    }
}

inherent::member! {
    [A: Allocator] Checked<A>, blocks of "this allocator":
        Owner for [A: Owner], Reset for [A: Reset];

    /// Takes a block back.
    unsafe deallocate(self, block, layout) = self.free(block, layout);

    /// Makes a block longer where it is, as the inner allocator does.
    ///
    /// # Errors
    ///
    /// As the inner allocator.
    unsafe grow_in_place(self, block, old, new) =
        self.grow_there(block, old, new);

    /// Makes a block shorter where it is, as the inner allocator does.
    ///
    /// # Errors
    ///
    /// As the inner allocator.
    unsafe shrink_in_place(self, block, old, new) =
        self.shrink_there(block, old, new);
}

impl<A: Default> Default for Checked<A> {
    fn default() -> Self {
        Self::new(A::default())
    }
}

impl<A> fmt::Debug for Checked<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checked").finish_non_exhaustive()
    }
}
