//! Shells: the descriptors in which blocks travel between threads.
//!
//! A block's own bytes never hold a link: a stale popper may read a link at any time, and the
//! block's user writes the bytes at any time. A shell is never freed before the pool is, so a
//! stale reader meets a shell, whoever owns it by now.
//!
//! # Who may touch what
//!
//! | field | owner of the shell | anyone who has met its reference |
//! |---|---|---|
//! | `link` | writes before publishing, reads after taking | reads; a removal CAS validates |
//! | `count` | writes before publishing, reads after taking; stale once unloaded | reads; a removal CAS validates |
//! | `index`, `born` | reads | reads |
//! | the blocks behind it | reads and writes | never |

use core::alloc::Layout;
use core::marker::PhantomData;
use core::ptr::NonNull;

use super::ShellStore;
use crate::block::{Block, LINE};
use crate::sync::{AtomicU32, AtomicUsize, UnsafeCell, Witness, site};

/// Head of a shell; the array of a batch of blocks follows it in memory.
#[repr(C)]
pub struct Shell {
    link: AtomicUsize,
    count: AtomicU32,
    /// Place in the directory, where the pool keeps one.
    pub(super) index: u32,
    /// Says that whoever reaches the shell has acquired its creation.
    born: Witness,
    /// Guards the array behind the head: one cell for all of it.
    blocks: UnsafeCell<()>,
}

/// What a link or a head holds: nothing, a shell's address, or its index.
///
/// Addresses are even; an index i stands as 2i + 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShellRef(usize);

impl ShellRef {
    /// No shell.
    pub const NONE: Self = Self(0);

    /// The shell at an exposed address, or none for 0.
    #[inline]
    pub const fn from_address(address: usize) -> Self {
        Self(address)
    }

    /// The shell with this directory index.
    #[inline]
    pub const fn from_index(index: u32) -> Self {
        Self((index as usize) << 1 | 1)
    }

    /// Whether there is no shell.
    #[inline]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The directory index, where this is one.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "an index was 32 bits wide")]
    pub const fn index(self) -> Option<u32> {
        if self.0 & 1 == 1 { Some((self.0 >> 1) as u32) } else { None }
    }

    /// The address, where this is one; 0 for none.
    #[inline]
    pub const fn address(self) -> usize {
        self.0
    }
}

impl Shell {
    /// Layout of a shell for `batch` blocks, padded to cache lines, or `None` where it overflows.
    pub fn layout(batch: usize) -> Option<Layout> {
        let blocks = Layout::array::<Block>(batch).ok()?;
        let (layout, offset) = Layout::new::<Self>().extend(blocks).ok()?;
        debug_assert_eq!(offset, size_of::<Self>(), "the blocks follow the head directly");
        // Keeps neighbouring shells off each other's lines.
        Some(layout.align_to(LINE).ok()?.pad_to_align())
    }

    pub(super) fn new(index: u32) -> Self {
        Self {
            link: AtomicUsize::new(0),
            count: AtomicU32::new(0),
            index,
            born: Witness::created(),
            blocks: UnsafeCell::new(()),
        }
    }

    /// The link as anyone may see it. It may belong to another list by now: only a removal CAS
    /// says whether it was the one meant.
    #[inline]
    pub fn stale_link(&self) -> ShellRef {
        self.born.acquired();
        // ORDERING(FL-6): Acquire. Observes the creation of the next shell of a walk, which may
        //   have been made since the walker loaded the head.
        //   pairs with FL-2 (push: link, Release); killed by list/walk_growth
        ShellRef(self.link.load(site::REMOVE_LINK.ordering()))
    }

    /// The count as anyone may see it.
    #[inline]
    pub fn stale_count(&self) -> u32 {
        self.born.acquired();
        // ORDERING(FL-7): Relaxed. A count of the list's own shell is ordered by the head or the
        //   link that led here; any other is refused by the CAS at FL-8.
        self.count.load(site::REMOVE_COUNT.ordering())
    }
}

/// Exclusive ownership of a shell that is in no list.
///
/// Letting go of one loses it and its blocks until the pool is dropped.
#[must_use = "a shell that is let go of is lost to the pool"]
pub struct OwnedShell<'s> {
    shell: NonNull<Shell>,
    store: &'s ShellStore,
    /// See [`confine`](Self::confine).
    confined: bool,
}

// SAFETY: the shell is in no list and has one owner; what it holds are blocks, which are `Send`.
unsafe impl Send for OwnedShell<'_> {}

impl<'s> OwnedShell<'s> {
    /// Takes ownership.
    ///
    /// # Safety
    ///
    /// The shell is of `store`, it is in no list, and nobody else owns it.
    #[inline]
    pub unsafe fn assume(shell: NonNull<Shell>, store: &'s ShellStore) -> Self {
        Self { shell, store, confined: false }
    }

    /// Forbids the shell to go where poppers look without a lock: it has just been removed from such
    /// a place, and somebody may still look at it. Lists that tell lookalikes apart take no notice.
    #[inline]
    pub fn confine(mut self) -> Self {
        self.confined = true;
        self
    }

    /// Whether it may not go where poppers look without a lock.
    #[inline]
    pub const fn is_confined(&self) -> bool {
        self.confined
    }

    /// Lets go of it for [`assume`](Self::assume), once it is ripe again.
    #[inline]
    pub fn release(self) -> NonNull<Shell> {
        self.shell
    }

    /// The shell's name in links and heads.
    #[inline]
    pub fn name(&self) -> ShellRef {
        self.store.name(self.shell)
    }

    #[inline]
    fn head(&self) -> &Shell {
        // SAFETY: shells live as long as their store, and heads are only shared, never `&mut`.
        unsafe { self.shell.as_ref() }
    }

    /// How many blocks are in it.
    #[inline]
    pub fn len(&self) -> usize {
        self.head().born.acquired();
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

    /// Writes the link for a push. The push loop may do this several times before it publishes.
    #[inline]
    pub(super) fn set_link(&mut self, next: ShellRef) {
        // ORDERING(FL-2): Release. Publishes the creation of `next`, which this thread acquired
        //   at FL-1, to walkers that come by a stale head.
        //   pairs with FL-6 (walk: link, Acquire); killed by list/walk_growth
        self.head().link.store(next.0, site::PUSH_LINK.ordering());
    }

    /// The link as left by the last push, for walking a chain that the caller took.
    #[inline]
    pub(super) fn link(&self) -> ShellRef {
        // ORDERING(FL-11): Relaxed. Exclusive owner.
        ShellRef(self.head().link.load(site::OWNED_LINK.ordering()))
    }

    /// Runs `f` on the array behind the head.
    #[inline]
    fn with_blocks<R>(&mut self, f: impl FnOnce(*mut Block) -> R) -> R {
        self.head().born.acquired();
        // SAFETY: the array begins right behind the head, in the same allocation.
        let blocks = unsafe { self.shell.add(1) }.cast::<Block>().as_ptr();
        self.head().blocks.with_mut(|_| f(blocks))
    }

    /// Makes `blocks` its blocks. Whatever it held is forgotten: call on an unloaded or a new shell.
    ///
    /// # Panics
    ///
    /// If they don't fit: a shell holds one batch.
    #[inline]
    pub fn fill(&mut self, blocks: &[Block]) {
        self.write(0, blocks);
    }

    /// Adds blocks behind those that it holds.
    ///
    /// # Panics
    ///
    /// If they don't fit: a shell holds one batch.
    #[inline]
    pub fn append(&mut self, blocks: &[Block]) {
        self.write(self.len(), blocks);
    }

    #[inline]
    fn write(&mut self, len: usize, blocks: &[Block]) {
        let total = len + blocks.len();
        assert!(total <= self.store.batch(), "{total} blocks in a shell of one batch");
        self.with_blocks(|array| {
            // SAFETY: `len` is within the array.
            let end = unsafe { array.add(len) };
            // SAFETY: `blocks` fits behind `len` by the assertion; the array is ours, so it does
            // not overlap what the caller lent.
            unsafe { blocks.as_ptr().copy_to_nonoverlapping(end, blocks.len()) };
        });
        self.set_len(total);
    }

    /// Copies all its blocks to the start of `out` and returns how many. The shell is void
    /// afterwards: its count is stale, and only [`fill`](Self::fill) makes sense of it again.
    ///
    /// # Panics
    ///
    /// If `out` is shorter than what it holds.
    #[inline]
    pub fn unload(&mut self, out: &mut [MaybeBlock]) -> usize {
        let len = self.len();
        let out = &mut out[..len];
        self.with_blocks(|array| {
            // SAFETY: `len` written blocks from the array's start; `out` has room for them and is
            // not the array.
            unsafe { array.copy_to_nonoverlapping(out.as_mut_ptr().cast(), len) };
        });
        len
    }

    /// Takes up to `out.len()` blocks off its end. Returns how many.
    #[inline]
    pub fn take(&mut self, out: &mut [MaybeBlock]) -> usize {
        let len = self.len();
        let taken = len.min(out.len());
        self.with_blocks(|array| {
            // SAFETY: `taken <= len`, and `len` blocks are in the array.
            let start = unsafe { array.add(len - taken) };
            // SAFETY: `taken` written blocks from `start`; `out` has room for them and is not
            // the array.
            unsafe { start.copy_to_nonoverlapping(out.as_mut_ptr().cast(), taken) };
        });
        self.set_len(len - taken);
        taken
    }
}

impl OwnedShell<'_> {
    /// Ends the shell: it is in no list, and will be in none again. Only a checker's atomics need
    /// it; a shipped shell is plain memory.
    pub fn end(self) {
        // SAFETY: owned, and this is the last that is heard of it. A stale look at it meets plain
        // memory where it is shipped, and none comes where a checker's execution ends.
        unsafe { self.shell.drop_in_place() };
    }
}

/// Room for a block.
pub type MaybeBlock = core::mem::MaybeUninit<Block>;

/// Shells taken from a list in one removal, in list order.
///
/// The caller owns all of them; what it does not take out is lost until the pool is dropped.
#[must_use = "shells that are not taken out are lost to the pool"]
pub struct Chain<'s> {
    next: ShellRef,
    /// Shells left, or `usize::MAX` for all up to the end of the links.
    left: usize,
    /// Whether they are [confined](OwnedShell::confine).
    confined: bool,
    /// What comes after these, up to the end of the links, and whether that is confined.
    then: (ShellRef, bool),
    store: &'s ShellStore,
    _owned: PhantomData<OwnedShell<'s>>,
}

impl<'s> Chain<'s> {
    /// Nothing.
    pub fn empty(store: &'s ShellStore) -> Self {
        // SAFETY: no shell.
        unsafe { Self::assume(ShellRef::NONE, 0, store) }
    }

    /// `shells` shells from `first` on, by their links; `usize::MAX` for all.
    ///
    /// # Safety
    ///
    /// They were all removed from one list by the caller, in one step.
    #[inline]
    pub unsafe fn assume(first: ShellRef, shells: usize, store: &'s ShellStore) -> Self {
        let then = (ShellRef::NONE, false);
        Self { next: first, left: shells, confined: false, then, store, _owned: PhantomData }
    }

    /// The same shells, confined.
    #[inline]
    pub fn confined(mut self) -> Self {
        self.confined = true;
        self
    }

    /// These, and after them the shells of `rest`, which is all of a list.
    pub fn then(mut self, rest: Self) -> Self {
        debug_assert!(rest.left == 0 || rest.left == usize::MAX, "all of a list");
        self.then = (rest.next, rest.confined);
        self
    }

    /// The name of the first shell, or none; `all` of a list can be named so.
    pub fn into_all(self) -> ShellRef {
        debug_assert!(self.left == usize::MAX || self.next.is_none(), "all of a list");
        self.next
    }

    /// Whether no shell is left.
    #[inline]
    pub fn is_empty(&self) -> bool {
        (self.left == 0 || self.next.is_none()) && self.then.0.is_none()
    }
}

impl<'s> Iterator for Chain<'s> {
    type Item = OwnedShell<'s>;

    #[inline]
    fn next(&mut self) -> Option<OwnedShell<'s>> {
        if self.left == 0 || self.next.is_none() {
            (self.next, self.confined) =
                core::mem::replace(&mut self.then, (ShellRef::NONE, false));
            self.left = usize::MAX;
            if self.next.is_none() {
                return None;
            }
        }
        // SAFETY: `next` was the list's head or a link in it when the chain was removed from it.
        let shell = unsafe { self.store.resolve(self.next) }?;
        // SAFETY: by `assume`, the caller of this chain owns the shell, and it leaves the chain
        // here.
        let mut shell = unsafe { OwnedShell::assume(shell, self.store) };
        shell.confined = self.confined;
        self.next = shell.link();
        self.left = self.left.saturating_sub(1);
        Some(shell)
    }
}
