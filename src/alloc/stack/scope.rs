//! Scopes of a stack.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

use super::places::Opened;
use super::state::StackState;
use super::whole::Stack;
use crate::alloc::{Usage, inherent};
use crate::error::AllocError;
use crate::source::{DefaultSource, Source};

/// What `open` says if it cannot open a scope: it borrows the parent by `&mut`, so no guard of an
/// open scope can exist.
const STILL_OPEN: &str = "stampool: a scope above this one was forgotten and is still open";

/// An open scope of a [`Stack`]: it allocates above everything that existed when it was opened.
/// Dropping it invalidates its blocks and moves the mark back. It runs no destructors: a value in a
/// block is not dropped, and what it owns elsewhere leaks.
///
/// A scope that is forgotten stays open. Its parent then answers [`AllocError::Sealed`] until the
/// parent is closed or reset; nothing becomes invalid.
///
/// # Panics
///
/// The drop of a scope panics if the source panics in `release`. The scope is closed nevertheless.
pub struct Scope<'s, S: Source = DefaultSource> {
    stack: &'s StackState<S>,
    depth: usize,
    opened: Opened,
}

/// The three ways to open a scope above a stack or a scope.
macro_rules! opens {
    ([$($generics:tt)*] $parent:ty: $self:ident => $core:expr, $depth:expr) => {
        impl<$($generics)*> $parent {
            /// Runs `f` with a scope, and closes the scope when `f` returns or unwinds. A container
            /// in `f` takes the scope as `&*scope`: `f` gets a `&mut`, which is no allocator.
            ///
            /// # Panics
            ///
            /// If a scope was forgotten and is therefore still open.
            #[inline]
            #[track_caller]
            pub fn scope<R>(&mut self, f: impl FnOnce(&mut Scope<'_, S>) -> R) -> R {
                f(&mut self.open())
            }

            /// Opens a scope that closes when the guard is dropped.
            ///
            /// # Panics
            ///
            /// If a scope was forgotten and is therefore still open.
            #[inline]
            #[track_caller]
            pub fn open(&mut self) -> Scope<'_, S> {
                self.enter().expect(STILL_OPEN)
            }

            /// Opens a scope by a shared borrow, so that the parent can still be named. While the
            /// guard exists, the parent refuses every allocation with bytes, also for its containers
            /// that have to grow.
            ///
            /// # Errors
            ///
            /// [`AllocError::Sealed`] if a scope is open already.
            #[inline]
            pub fn enter(&$self) -> Result<Scope<'_, S>, AllocError> {
                Scope::above($core, $depth)
            }
        }
    };
}

opens! { [S: Source] Stack<S>: self => self.state(), 0 }
opens! { ['s, S: Source] Scope<'s, S>: self => self.stack, self.depth }

impl<'s, S: Source> Scope<'s, S> {
    #[inline(always)]
    fn above(stack: &'s StackState<S>, depth: usize) -> Result<Self, AllocError> {
        Ok(Self { stack, depth: depth + 1, opened: stack.open(depth)? })
    }

    /// Returns a block of `layout`, which is live until the scope closes.
    ///
    /// # Errors
    ///
    /// As [`Stack::allocate`].
    #[inline(always)]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.stack.allocate(self.depth, layout)
    }

    /// Whether `address` lies in a chunk of the stack, in this scope or outside of it.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        self.stack.owns(address)
    }

    /// The usage of the whole stack.
    pub fn usage(&self) -> Usage {
        self.stack.usage()
    }
}

impl<S: Source> Drop for Scope<'_, S> {
    #[inline(always)]
    fn drop(&mut self) {
        self.stack.close(self.depth, self.opened);
    }
}

inherent::member! {
    ['s, S: Source] Scope<'s, S>, blocks of "this scope": Owner;

    /// Takes a block back.
    unsafe deallocate(self, block, layout) = self.stack.deallocate(block, layout.size());

    /// Makes a block longer where it is, as [`Stack::grow_in_place`].
    ///
    /// # Errors
    ///
    /// As there.
    unsafe grow_in_place(self, block, old, new) =
        self.stack.grow_in_place(self.depth, block, old, new);

    /// Makes a block shorter where it is, as [`Stack::shrink_in_place`].
    ///
    /// # Errors
    ///
    /// As there.
    unsafe shrink_in_place(self, block, old, new) = self.stack.shrink_in_place(block, old, new);
}

impl<S: Source> fmt::Debug for Scope<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("depth", &self.depth).finish_non_exhaustive()
    }
}
