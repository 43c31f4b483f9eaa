//! An allocator that counts what it does.

mod statistics;

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

pub use statistics::Statistics;
use statistics::Tally;

use super::exact_length::exactly;
use super::leases::{Lease, Leases};
use crate::alloc::served::Served;
use crate::alloc::{Allocator, Owner, Reset, Usage, inherent};
use crate::sync::const_when_shipped;

/// An allocator that counts its blocks, their bytes, and what it refused.
///
/// A thread that calls often takes a [handle](Self::thread), which counts in a record of the thread's
/// own, without an atomic read-modify-write. Calls without a handle count in one record that all
/// threads share. [`statistics`](Self::statistics) adds all records up. The sum is exact if no other
/// thread is in a call, and everything that other threads did happened before, for instance because
/// they were joined. The record of a handle that was dropped still counts, and serves the next handle.
///
/// A block is exactly as long as it was asked for, so that each byte that a caller may use is counted.
///
/// # When to take it
///
/// Take it to learn how many blocks and bytes a part of a program asks for. Leave it if the bytes in use
/// are enough: most members tell them by [`usage`](Owner::usage), and count nothing more for that.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::alloc::AsyncLinear;
/// use stampool::alloc::wrap::Counted;
///
/// let counted = Counted::new(AsyncLinear::default());
/// std::thread::scope(|scope| {
///     for _ in 0..3 {
///         scope.spawn(|| {
///             let own = counted.thread();
///             (0..10).all(|_| own.allocate(Layout::new::<u64>()).is_ok())
///         });
///     }
/// });
/// assert_eq!(counted.statistics().allocations, 30);
/// assert_eq!(counted.statistics().live_bytes(), 30 * 8);
/// ```
// All calls go to the allocator inside, which keeps the rules. A block is as long as its layout
// says, so one size alone fits it (A4), and what a free takes off is what was added.
pub struct Counted<A> {
    inner: A,
    shared: Tally,
    threads: Leases<Tally>,
}

impl<A> Counted<A> {
    const_when_shipped! {
        /// Counts what `inner` does from now on.
        pub fn new(inner: A) -> Self {
            Self { inner, shared: Tally::new(), threads: Leases::new() }
        }
    }

    /// The allocator inside. What it does directly is not counted.
    pub const fn get(&self) -> &A {
        &self.inner
    }

    /// The allocator, without this wrapper. Its blocks stay live.
    pub fn into_inner(self) -> A {
        self.inner
    }

    /// A handle for one thread, which counts in a record of its own.
    pub fn thread(&self) -> CountedThread<'_, A> {
        let tally = self.threads.lease(Tally::new);
        CountedThread { inner: &self.inner, tally, of_one_thread: PhantomData }
    }

    /// Everything that was counted, by all threads.
    pub fn statistics(&self) -> Statistics {
        let mut sum = self.shared.get();
        self.threads.values().for_each(|tally| sum += tally.get());
        sum
    }
}

/// A thread's handle on a [`Counted`] allocator. Threads do not share one: its record is counted by a
/// load and a store.
pub struct CountedThread<'a, A> {
    inner: &'a A,
    tally: Lease<'a, Tally>,
    /// `Send` and not `Sync`.
    of_one_thread: PhantomData<Cell<()>>,
}

impl<A: Allocator> Counted<A> {
    /// Returns a block of `layout`, exactly as long as that.
    ///
    /// # Errors
    ///
    /// As the allocator inside.
    pub fn allocate(&self, layout: Layout) -> Served {
        self.allocate_by(layout, |inner| inner.allocate(layout))
    }

    /// The same by another call of the allocator inside, which returns such a block.
    pub(in crate::alloc) fn allocate_by(
        &self,
        layout: Layout,
        by: impl FnOnce(&A) -> Served,
    ) -> Served {
        allocated(by(&self.inner), layout, |more| self.shared.add(more))
    }
}

impl<A: Allocator> CountedThread<'_, A> {
    /// Returns a block of `layout`, exactly as long as that.
    ///
    /// # Errors
    ///
    /// As the allocator inside.
    pub fn allocate(&self, layout: Layout) -> Served {
        self.allocate_by(layout, |inner| inner.allocate(layout))
    }

    /// The same by another call of the allocator inside, which returns such a block.
    pub(in crate::alloc) fn allocate_by(
        &self,
        layout: Layout,
        by: impl FnOnce(&A) -> Served,
    ) -> Served {
        allocated(by(self.inner), layout, |more| self.tally.get().add_alone(more))
    }

    /// The allocator inside.
    pub(in crate::alloc) const fn get(&self) -> &A {
        self.inner
    }
}

/// What the statistics gain if the size of a block changes from `old` to `new`. A block without bytes does
/// not count, so a change from or to zero is an allocation or a deallocation.
fn change(old: usize, new: usize) -> Statistics {
    Statistics {
        allocations: u64::from(old == 0 && new != 0),
        deallocations: u64::from(old != 0 && new == 0),
        allocated_bytes: new.saturating_sub(old) as u64,
        deallocated_bytes: old.saturating_sub(new) as u64,
        refusals: 0,
    }
}

/// Counts a block that was asked for, or the refusal.
fn allocated(answer: Served, layout: Layout, count: impl FnOnce(Statistics)) -> Served {
    match answer {
        Ok(block) => {
            count(change(0, layout.size()));
            Ok(exactly(block, layout))
        }
        Err(reason) => {
            count(Statistics { refusals: 1, ..Statistics::default() });
            Err(reason)
        }
    }
}

/// # Safety
///
/// As for [`Allocator::deallocate`].
unsafe fn free<A: Allocator>(
    inner: &A,
    block: NonNull<u8>,
    layout: Layout,
    count: impl FnOnce(Statistics),
) {
    // SAFETY: by the caller.
    unsafe { inner.deallocate(block, layout) }
    count(change(layout.size(), 0));
}

/// Counts a block that was resized where it lies. One that was not is no refusal: it may move.
fn resized(answer: Served, old: Layout, new: Layout, count: impl FnOnce(Statistics)) -> Served {
    let block = answer?;
    count(change(old.size(), new.size()));
    Ok(exactly(block, new))
}

/// # Safety
///
/// As for [`Allocator::grow_in_place`].
unsafe fn grow<A: Allocator>(
    inner: &A,
    (block, old, new): (NonNull<u8>, Layout, Layout),
    count: impl FnOnce(Statistics),
) -> Served {
    // SAFETY: by the caller.
    resized(unsafe { inner.grow_in_place(block, old, new) }, old, new, count)
}

/// # Safety
///
/// As for [`Allocator::shrink_in_place`].
unsafe fn shrink<A: Allocator>(
    inner: &A,
    (block, old, new): (NonNull<u8>, Layout, Layout),
    count: impl FnOnce(Statistics),
) -> Served {
    // SAFETY: by the caller.
    resized(unsafe { inner.shrink_in_place(block, old, new) }, old, new, count)
}

impl<A: Owner> Counted<A> {
    /// Whether `address` lies in a region of the allocator inside.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        self.inner.owns(address)
    }

    /// The usage of the allocator inside.
    pub fn usage(&self) -> Usage {
        self.inner.usage()
    }
}

impl<A: Reset> Counted<A> {
    /// Invalidates all blocks. Every block that was live counts as taken back.
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks.
    ///
    /// # Panics
    ///
    /// If the source panics in `release`. All that was said here is done nevertheless.
    pub fn reset(&mut self) {
        let before = self.statistics();
        self.shared.add(Statistics {
            deallocations: before.live_blocks(),
            deallocated_bytes: before.live_bytes(),
            ..Statistics::default()
        });
        self.inner.reset();
    }
}

inherent::member! {
    [A: Allocator] Counted<A>, blocks of "this allocator":
        Owner for [A: Owner], Reset for [A: Reset];

    /// Takes a block back.
    unsafe deallocate(self, block, layout) =
        free(&self.inner, block, layout, |more| self.shared.add(more));

    /// Makes a block longer where it is, as the allocator inside does.
    ///
    /// # Errors
    ///
    /// As the allocator inside.
    unsafe grow_in_place(self, block, old, new) =
        grow(&self.inner, (block, old, new), |more| self.shared.add(more));

    /// Makes a block shorter where it is, as the allocator inside does.
    ///
    /// # Errors
    ///
    /// As the allocator inside.
    unsafe shrink_in_place(self, block, old, new) =
        shrink(&self.inner, (block, old, new), |more| self.shared.add(more));
}

inherent::member! {
    ['a, A: Allocator] CountedThread<'a, A>, blocks of "the counted allocator":;

    /// Takes a block back, whichever thread allocated it.
    unsafe deallocate(self, block, layout) =
        free(self.inner, block, layout, |more| self.tally.get().add_alone(more));

    /// Makes a block longer where it is, as the allocator inside does.
    ///
    /// # Errors
    ///
    /// As the allocator inside.
    unsafe grow_in_place(self, block, old, new) =
        grow(self.inner, (block, old, new), |more| self.tally.get().add_alone(more));

    /// Makes a block shorter where it is, as the allocator inside does.
    ///
    /// # Errors
    ///
    /// As the allocator inside.
    unsafe shrink_in_place(self, block, old, new) =
        shrink(self.inner, (block, old, new), |more| self.tally.get().add_alone(more));
}

impl<A: Default> Default for Counted<A> {
    fn default() -> Self {
        Self::new(A::default())
    }
}

impl<A> fmt::Debug for Counted<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counted").field("statistics", &self.statistics()).finish_non_exhaustive()
    }
}

impl<A> fmt::Debug for CountedThread<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountedThread").finish_non_exhaustive()
    }
}
