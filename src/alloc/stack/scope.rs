//! Scopes of a stack.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

use super::places::Opened;
use super::shared::Core;
use super::whole::Stack;
use crate::alloc::{Owner, Usage, inherent};
use crate::error::AllocError;
use crate::source::{DefaultSource, Source};

/// An open scope of a [`Stack`]: it allocates above everything that existed when it was opened.
/// Dropping it invalidates its blocks and moves the mark back.
///
/// A scope that is forgotten stays open. Its parent then answers [`AllocError::Sealed`] until it is
/// closed or reset itself; nothing becomes invalid.
pub struct Scope<'s, S: Source = DefaultSource> {
    core: &'s Core<S>,
    depth: usize,
    opened: Opened,
}

impl<S: Source> Stack<S> {
    /// Runs `f` with a scope, and closes the scope when `f` returns or unwinds.
    ///
    /// # Panics
    ///
    /// If a scope was forgotten and is therefore still open.
    #[inline]
    pub fn scope<R>(&mut self, f: impl FnOnce(&mut Scope<'_, S>) -> R) -> R {
        f(&mut self.open())
    }

    /// Opens a scope that closes when the guard is dropped.
    ///
    /// # Panics
    ///
    /// If a scope was forgotten and is therefore still open.
    #[inline]
    pub fn open(&mut self) -> Scope<'_, S> {
        self.enter().expect("no scope of this stack is open, unless one was forgotten")
    }

    /// Opens a scope by a shared borrow, so that the parent can still be named. While the guard
    /// exists, the parent refuses every allocation.
    ///
    /// # Errors
    ///
    /// [`AllocError::Sealed`] if a scope is open already.
    #[inline]
    pub fn enter(&self) -> Result<Scope<'_, S>, AllocError> {
        Scope::above(self.core(), 0)
    }
}

impl<'s, S: Source> Scope<'s, S> {
    #[inline(always)]
    fn above(core: &'s Core<S>, depth: usize) -> Result<Self, AllocError> {
        Ok(Self { core, depth: depth + 1, opened: core.open(depth)? })
    }

    /// Runs `f` with a scope above this one, as [`Stack::scope`].
    ///
    /// # Panics
    ///
    /// As there.
    #[inline]
    pub fn scope<R>(&mut self, f: impl FnOnce(&mut Scope<'_, S>) -> R) -> R {
        f(&mut self.open())
    }

    /// Opens a scope above this one, as [`Stack::open`].
    ///
    /// # Panics
    ///
    /// As there.
    #[inline]
    pub fn open(&mut self) -> Scope<'_, S> {
        self.enter().expect("no scope of this scope is open, unless one was forgotten")
    }

    /// Opens a scope above this one, as [`Stack::enter`].
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn enter(&self) -> Result<Scope<'_, S>, AllocError> {
        Scope::above(self.core, self.depth)
    }

    /// Returns a block of `layout`, which is live until the scope closes.
    ///
    /// # Errors
    ///
    /// As [`Stack::allocate`].
    #[inline(always)]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.core.allocate(self.depth, layout)
    }

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// `block` is a live block of this scope, and `layout` fits it.
    #[inline(always)]
    pub unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.core.deallocate(block, layout.size()) }
    }

    /// Makes a block longer where it is, as [`Stack::grow_in_place`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// `block` is a live block of this scope, `old` fits it, and `new` is not smaller.
    #[inline(always)]
    pub unsafe fn grow_in_place(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: by the caller.
        unsafe { self.core.grow_in_place(self.depth, block, old, new) }
    }

    /// Makes a block shorter where it is, as [`Stack::shrink_in_place`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// `block` is a live block of this scope, `old` fits it, and `new` is not larger.
    #[inline(always)]
    pub unsafe fn shrink_in_place(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: by the caller.
        unsafe { self.core.shrink_in_place(block, old, new) }
    }

    /// Whether `address` lies in a chunk of the stack, in this scope or outside of it.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        self.core.owns(address)
    }

    /// The usage of the whole stack.
    pub fn usage(&self) -> Usage {
        self.core.usage()
    }
}

impl<S: Source> Drop for Scope<'_, S> {
    #[inline(always)]
    fn drop(&mut self) {
        self.core.close(self.depth, self.opened);
    }
}

inherent::by_inherent! { ['s, S: Source] Scope<'s, S> }

impl<S: Source> Owner for Scope<'_, S> {
    fn owns(&self, address: NonNull<u8>) -> bool {
        self.owns(address)
    }

    fn usage(&self) -> Usage {
        self.usage()
    }
}

impl<S: Source> fmt::Debug for Scope<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("depth", &self.depth).finish_non_exhaustive()
    }
}
