//! An instance of an allocator for each thread.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

use super::leases::{Lease, Leases};
use crate::alloc::{Allocator, Owner, Reset, Usage, inherent};
use crate::error::AllocError;
use crate::source::finish;
use crate::sync::const_when_shipped;

/// Instances of an allocator for one thread, each leased to one thread at a time.
///
/// A thread [leases](Self::lease) an instance, and allocates from it without a lock and without
/// atomics, as if the instance were its own. When the lease ends, the instance waits for the next
/// thread, with its memory and its blocks: a block outlives the thread that allocated it. There are about
/// as many instances as the largest number of leases at one time; a few more, if a lease ends while another
/// thread looks for an instance.
///
/// A block goes back through a lease of the instance that it came from, and not through another one.
/// A container borrows its lease. So where a job's results are containers, the owner takes the leases,
/// and lends one to each thread by `&mut`, as the page of [`Run`](crate::alloc::Run) shows for runs.
/// Once all leases have ended, the value's owner has all instances at hand, whatever the order in
/// which threads ended: it resets them, takes them out, or gives single blocks back.
///
/// # When to take it
///
/// Take it with a [`Linear`](crate::alloc::Linear) for each thread of a job whose results are used
/// until the job ends. For blocks that other threads free take a pool, or a
/// [`Locked`](super::Locked) allocator.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::alloc::Linear;
/// use stampool::alloc::wrap::PerThread;
///
/// let mut arenas: PerThread<Linear> = PerThread::new(Linear::default);
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| arenas.lease().allocate(Layout::new::<u64>()).is_ok());
///     }
/// });
/// let instances = arenas.instances().count();
/// assert!((1..=4).contains(&instances));
/// assert_eq!(arenas.usage().used_bytes, 4 * size_of::<u64>());
/// arenas.reset();
/// assert_eq!(arenas.usage().used_bytes, 0);
/// ```
///
/// # Progress
///
/// A lease is lock-free if `make` and the program's allocator are. It takes as many steps as there
/// are instances.
pub struct PerThread<A, F = fn() -> A> {
    make: F,
    instances: Leases<A>,
}

impl<A, F> PerThread<A, F> {
    const_when_shipped! {
        /// No instance yet; `make` makes them.
        pub fn new(make: F) -> Self {
            Self { make, instances: Leases::new() }
        }
    }

    /// All instances, the newest first. Their blocks stay valid if they are not reset.
    pub fn instances(&mut self) -> impl Iterator<Item = &mut A> {
        self.instances.values_mut()
    }

    /// Takes all instances out, the newest first. Their blocks stay valid as long as they do.
    pub fn into_instances(mut self) -> impl Iterator<Item = A> {
        core::iter::from_fn(move || self.instances.take())
    }
}

impl<A, F: Fn() -> A> PerThread<A, F> {
    /// Leases an instance to the caller: one that nobody leases, or a new one.
    pub fn lease(&self) -> Leased<'_, A> {
        Leased(self.instances.lease(&self.make))
    }
}

impl<A: Owner, F> PerThread<A, F> {
    /// The usage of all instances together. All blocks stay valid.
    pub fn usage(&mut self) -> Usage {
        let usages = self.instances().map(|instance| instance.usage());
        usages.reduce(super::both::sum).unwrap_or_default()
    }

    /// Gives a block back to its instance, whichever that is. All other blocks stay valid.
    ///
    /// # Panics
    ///
    /// If the block has bytes and no instance owns it.
    ///
    /// # Safety
    ///
    /// `block` is a live block of one of the instances, and `layout` fits it. No instance has its memory
    /// from another one, and each [owns](Owner::owns) the addresses of its own blocks.
    pub unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) {
        let owns = |instance: &&mut A| layout.size() != 0 && instance.owns(block);
        match self.instances().find(owns) {
            // SAFETY: by the caller; the block is of the instance that owns its address.
            Some(instance) => unsafe { instance.deallocate(block, layout) },
            None => assert!(layout.size() == 0, "no instance owns the block at {block:p}"),
        }
    }
}

impl<A: Reset, F> PerThread<A, F> {
    /// Resets all instances: every block is invalid, and nothing is in use afterwards.
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks.
    ///
    /// # Panics
    ///
    /// If the source of an instance panics in `release`. All instances are reset nevertheless.
    pub fn reset(&mut self) {
        let mut instances = self.instances();
        finish(|| {
            let instance = instances.next();
            let is_one = instance.is_some();
            instance.map(Reset::reset);
            is_one
        });
    }
}

impl<A: Default> Default for PerThread<A> {
    /// Instances are made by their own default.
    fn default() -> Self {
        Self::new(A::default)
    }
}

impl<A, F> fmt::Debug for PerThread<A, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerThread").finish_non_exhaustive()
    }
}

/// A leased instance of a [`PerThread`]: an allocator of one thread. Its blocks stay live when the
/// lease ends.
// All calls go to the instance, which keeps the rules. It lies in a node of the list, so moving this
// value moves nothing of it.
pub struct Leased<'a, A>(Lease<'a, A>);

impl<A> Leased<'_, A> {
    /// The instance.
    pub const fn get(&self) -> &A {
        self.0.get()
    }
}

impl<A: Allocator> Leased<'_, A> {
    /// Returns a block of `layout`, as the instance does.
    ///
    /// # Errors
    ///
    /// As the instance.
    #[inline]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.get().allocate(layout)
    }
}

impl<A: Owner> Leased<'_, A> {
    /// Whether `address` lies in a region of the instance.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        self.get().owns(address)
    }

    /// The usage of the instance.
    pub fn usage(&self) -> Usage {
        self.get().usage()
    }
}

inherent::member! {
    ['a, A: Allocator] Leased<'a, A>, blocks of "the leased instance": Owner for ['a, A: Owner];

    /// Takes a block back.
    unsafe deallocate(self, block, layout) = self.get().deallocate(block, layout);

    /// Makes a block longer where it is, as the instance does.
    ///
    /// # Errors
    ///
    /// As the instance.
    unsafe grow_in_place(self, block, old, new) = self.get().grow_in_place(block, old, new);

    /// Makes a block shorter where it is, as the instance does.
    ///
    /// # Errors
    ///
    /// As the instance.
    unsafe shrink_in_place(self, block, old, new) = self.get().shrink_in_place(block, old, new);
}

impl<A> fmt::Debug for Leased<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leased").finish_non_exhaustive()
    }
}
