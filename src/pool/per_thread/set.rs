//! Pools of one owner, by index, for which each thread has one table of handles.
//!
//! A thread finds its handle of any of the pools by one look at its thread-local storage and the
//! index. Each pool is built at its first use.
//!
//! ```text
//! thread-local storage --number of the set--> table of the thread
//!                                             | handle 0 | - | handle 2 | ..   attached at first use
//!                                                  |            |
//! set                                         | pool 0   | - | pool 2   | ..   built at first use
//! ```
//!
//! # Invariants
//!
//! - PS1. A member that is in `members` stays there, in its box, until the set is dropped or used by
//!   `&mut`.
//! - PS2. A table belongs to one thread, and is used while its set is borrowed. The thread's
//!   thread-local storage drops it: when the thread ends, or after the set is gone.
//!
//! # Progress
//!
//! That of a [`ThreadLocalPool`](super::ThreadLocalPool). A thread takes the lock of the members when it
//! uses an index for the first time, and then the pool is built under the lock if there is none. A
//! thread that cannot have handles takes it in each call.
//!
//! # Blocks that come to the lists
//!
//! The owner trims pools when it lacks memory, and asks first whether that may free any
//! ([`has_more`](PoolSet::has_more)). So each thread that brings blocks from a cache to a pool's lists
//! counts that afterwards in [`Changes`]: when an array is full, when a thread ends, and when a thread
//! without a handle uses the fallback cache, which anybody may hand in.

use core::cell::OnceCell;

use super::locals::{self, AnyLocal, OwnNumber};
use super::{Attached, Census, DetachedLocal, Fallback, Local, Pool, Stats};
use crate::block::Block;
use crate::checking::{Checking, Unchecked};
use crate::error::AllocError;
use crate::free_list::{Strategy, TaggedWide};
use crate::mediator::ShardId;
use crate::sync::{Arc, Mutex, MutexGuard, PoolId, Weak, lock};
use crate::thread_cache::SlotRef;
use crate::threads::Changes;

/// A pool of a set.
struct Member<S: Strategy, C: Checking> {
    /// Declared before the pool, so that it is dropped first.
    fallback: Mutex<Fallback<S, C>>,
    pool: Pool<S, C>,
}

/// Threads share members that they have found under the lock (`PoolSet::of`).
const _: () = {
    const fn is_shared<T: Sync>() {}
    is_shared::<Member<TaggedWide, Unchecked>>();
};

/// By index; `None` if the pool has not been built.
type Members<S, C> = Box<[Option<Box<Member<S, C>>>]>;

/// The pools.
pub(crate) struct PoolSet<S: Strategy, C: Checking> {
    members: Mutex<Members<S, C>>,
    /// How many indices there are.
    count: usize,
    /// How often blocks came to each pool's lists. The tables of the threads tell by this whether the
    /// set is gone.
    changes: Arc<Changes>,
    /// Declared last, because threads tell sets apart by it as long as the pools exist.
    number: OwnNumber,
}

/// The handles of one thread.
struct Table<S: Strategy, C: Checking> {
    handles: Box<[OnceCell<DetachedLocal<S, C>>]>,
    set: Weak<Changes>,
}

impl<S: Strategy, C: Checking> Drop for Table<S, C> {
    fn drop(&mut self) {
        for (index, handle) in self.handles.iter_mut().enumerate() {
            // The handle hands its blocks in.
            if handle.take().is_some()
                && let Some(changes) = self.set.upgrade()
            {
                changes.count(index);
            }
        }
    }
}

impl<S: Strategy, C: Checking> AnyLocal for Table<S, C> {
    fn is_orphaned(&self) -> bool {
        self.set.strong_count() == 0
    }

    fn handle(&self) -> (Option<SlotRef>, *const ()) {
        (None, self.handles.as_ptr().cast())
    }
}

impl<S: Strategy, C: Checking> PoolSet<S, C> {
    /// Room for `count` pools.
    pub(crate) fn new(count: usize) -> Self {
        Self {
            members: Mutex::new(core::iter::repeat_with(|| None).take(count).collect()),
            count,
            changes: Arc::new(Changes::new(count)),
            number: OwnNumber::new(PoolId::next()),
        }
    }

    /// The calling thread's handle of a pool, if it has one, and its table was the last one used.
    ///
    /// # Safety
    ///
    /// The index is less than the count of [`new`](Self::new).
    #[inline(always)]
    unsafe fn at_hand(&self, index: usize) -> Option<&Local<'_, S, C>> {
        debug_assert!(index < self.count, "no such pool");
        let table = locals::last_table(self.number.get())?;
        // SAFETY: the table was entered for the number of this set; by the caller, the index.
        let handle = unsafe { Self::in_table(table, index) };
        handle.get().map(|handle| &**handle)
    }

    /// The handle of an index in a table.
    ///
    /// # Safety
    ///
    /// The table was made for this set, by `attach`, so for as many handles as the set has pools. The
    /// set is borrowed for `'t`, and the index is one of its pools.
    #[inline(always)]
    unsafe fn in_table<'t>(table: *const (), index: usize) -> &'t OnceCell<DetachedLocal<S, C>> {
        // SAFETY: by the caller, the table has so many handles.
        let handle = unsafe { table.cast::<OnceCell<DetachedLocal<S, C>>>().add(index) };
        // SAFETY: the table stays while its set is borrowed (PS2).
        unsafe { &*handle }
    }

    /// Takes a block from the calling thread's cache of the pool of this index, if there is one at hand.
    ///
    /// # Safety
    ///
    /// The index is less than the count of [`new`](Self::new).
    #[inline(always)]
    #[track_caller]
    pub(crate) unsafe fn hit(&self, index: usize) -> Option<Block> {
        // SAFETY: by the caller.
        let local = unsafe { self.at_hand(index) }?;
        // SAFETY: the slot is the handle's.
        unsafe { local.allocate_hit(local.slot()) }
    }

    /// Takes a block from the pool of this index, which `build` builds if it is not there.
    ///
    /// # Errors
    ///
    /// As `build` and [`Local::allocate`].
    #[track_caller]
    pub(crate) fn allocate(
        &self,
        index: usize,
        build: impl FnOnce() -> Result<Pool<S, C>, AllocError>,
    ) -> Result<Block, AllocError> {
        if let Some(local) = self.known(index) {
            return local.allocate();
        }
        let member = self.member_or_build(index, build)?;
        let attached = self.here(index, member);
        let block = attached.allocate();
        if matches!(attached, Attached::Fallback(_)) {
            self.changes.count(index);
        }
        block
    }

    /// The calling thread's handle of a pool, if it has one.
    fn known(&self, index: usize) -> Option<&Local<'_, S, C>> {
        assert!(index < self.count, "no such pool");
        let table = locals::known_table(self.number.get())?;
        // SAFETY: the table is this set's, and the index was just compared.
        let handle = unsafe { Self::in_table(table, index) };
        handle.get().map(|handle| &**handle)
    }

    /// Gives a block back to the pool of this index.
    ///
    /// # Safety
    ///
    /// As [`Local::deallocate`], for that pool, so it has been built.
    #[inline(always)]
    #[track_caller]
    pub(crate) unsafe fn deallocate(&self, index: usize, block: Block) {
        // SAFETY: a pool of this index has been built, so it is one of ours.
        if let Some(local) = unsafe { self.at_hand(index) }
            // SAFETY: by the caller, and the slot is the handle's.
            && unsafe { local.deallocate_hit(local.slot(), block) }
        {
            return;
        }
        // SAFETY: by the caller.
        unsafe { self.deallocate_far(index, block) };
    }

    /// # Safety
    ///
    /// As [`deallocate`](Self::deallocate).
    #[cold]
    #[inline(never)]
    #[track_caller]
    unsafe fn deallocate_far(&self, index: usize, block: Block) {
        if let Some(local) = self.known(index) {
            // SAFETY: by the caller.
            unsafe { local.deallocate(block) };
        } else {
            let member = self.member(index);
            let member = member.expect("stampool: no block of this size was ever allocated here");
            // SAFETY: by the caller.
            unsafe { self.here(index, member).deallocate(block) };
        }
        self.changes.count(index);
    }

    /// The calling thread's handle of a pool, attached now if the thread had none, or the fallback
    /// cache if the thread cannot have a handle.
    fn here<'p>(&self, index: usize, member: &'p Member<S, C>) -> Attached<'p, S, C> {
        match self.attach(index, member) {
            Some(local) => Attached::Own(local),
            None => Attached::Fallback(lock(&member.fallback)),
        }
    }

    fn attach<'p>(&self, index: usize, member: &'p Member<S, C>) -> Option<&'p Local<'p, S, C>> {
        let table = locals::table(self.number.get(), || {
            let mut handles = Vec::new();
            handles.try_reserve_exact(self.count).ok()?;
            handles.resize_with(self.count, OnceCell::new);
            let (handles, set) = (handles.into_boxed_slice(), Arc::downgrade(&self.changes));
            Some(Box::new(Table::<S, C> { handles, set }))
        })?;
        // SAFETY: the table is this set's, which is borrowed for `'p`, and has a member of this index.
        let handle: &'p OnceCell<_> = unsafe { Self::in_table(table, index) };
        if handle.get().is_none() {
            let shared = member.pool.shared();
            // SAFETY: the handle is used only while its set is borrowed, and so its pool (PS1).
            let attached = unsafe { DetachedLocal::attach(shared, shared.current_shard()) }.ok()?;
            // A source that used this pool may have attached a handle meanwhile, which stays.
            _ = handle.set(attached);
        }
        handle.get().map(|handle| &**handle)
    }

    /// The member of an index, for longer than the lock is held.
    fn of<'s>(
        &'s self,
        members: &MutexGuard<'s, Members<S, C>>,
        index: usize,
    ) -> Option<&'s Member<S, C>> {
        let member: *const Member<S, C> = &raw const **members[index].as_ref()?;
        // SAFETY: the member stays while the set is borrowed (PS1).
        Some(unsafe { &*member })
    }

    fn member(&self, index: usize) -> Option<&Member<S, C>> {
        self.of(&lock(&self.members), index)
    }

    fn member_or_build(
        &self,
        index: usize,
        build: impl FnOnce() -> Result<Pool<S, C>, AllocError>,
    ) -> Result<&Member<S, C>, AllocError> {
        let mut members = lock(&self.members);
        if members[index].is_none() {
            let pool = build()?;
            // SAFETY: the fallback is used only through the set, and is dropped before the pool.
            let fallback = unsafe { DetachedLocal::attach(pool.shared(), ShardId::default()) }?;
            let fallback = Mutex::new(Fallback(fallback));
            members[index] = Some(Box::new(Member { fallback, pool }));
        }
        Ok(self.of(&members, index).expect("just looked"))
    }

    /// The pool of an index, if it has been built.
    pub(crate) fn pool(&self, index: usize) -> Option<&Pool<S, C>> {
        self.member(index).map(|member| &member.pool)
    }

    /// The counts of a pool, and its free blocks, if it has been built.
    pub(crate) fn census(&mut self, index: usize) -> Option<(Stats, Census)> {
        let mut members = lock(&self.members);
        let pool = &mut members[index].as_mut()?.pool;
        Some((pool.stats(), pool.census()))
    }

    /// Free blocks in the calling thread's handle of a pool.
    pub(crate) fn cached_here(&self, index: usize) -> usize {
        self.known(index).map_or(0, Local::len_blocks)
    }

    /// Whether there may be free blocks of a pool that the last call of [`hand_in`](Self::hand_in)
    /// did not find: in its lists, in the cache of the calling thread, or in that of threads without a
    /// handle.
    pub(crate) fn has_more(&self, index: usize) -> bool {
        let changes = self.changes.take(index);
        changes > 0 || self.cached_here(index) > 0
    }

    /// Makes the next call of [`has_more`](Self::has_more) answer that there may be.
    pub(crate) fn look_again(&self, index: usize) {
        self.changes.count(index);
    }

    /// Hands in what the caches of the calling thread, and of threads without one, hold of a pool.
    pub(crate) fn hand_in(&self, index: usize) {
        if let Some(member) = self.member(index) {
            // A thread without a handle has nothing to hand in.
            if let Some(local) = self.known(index) {
                local.hand_in();
            }
            lock(&member.fallback).0.hand_in();
        }
    }

    /// Runs `f` while no pool is built and none grows, as [`Pool::without_growth`], and keeps other
    /// threads out of all fallback caches.
    pub(crate) fn without_growth<R>(&self, f: impl FnOnce() -> R) -> R {
        let members = lock(&self.members);
        let (mut f, mut result) = (Some(f), None);
        hold_all(&members, &mut || result = f.take().map(|f| f()));
        result.expect("it was called once")
    }

    /// Ends each pool, as [`Pool::end`]. The indices have no pool afterwards.
    pub(crate) fn end(&mut self) {
        let none = core::iter::repeat_with(|| None).take(self.count).collect();
        let members = core::mem::replace(&mut *lock(&self.members), none);
        // The tables of all threads belong to a set that is gone.
        self.changes = Arc::new(Changes::new(self.count));
        self.number = OwnNumber::new(PoolId::next());
        for member in members.into_iter().flatten() {
            let Member { fallback, pool } = *member;
            drop(fallback);
            pool.end();
        }
    }
}

/// Holds the locks of the pools, in the order of their indices, while `f` runs.
fn hold_all<S: Strategy, C: Checking>(members: &[Option<Box<Member<S, C>>>], f: &mut dyn FnMut()) {
    match members.split_first() {
        Some((Some(member), later)) => {
            let _fallback = lock(&member.fallback);
            member.pool.without_growth(|| hold_all(later, f));
        }
        Some((None, later)) => hold_all(later, f),
        None => f(),
    }
}

impl<S: Strategy, C: Checking> Drop for PoolSet<S, C> {
    fn drop(&mut self) {
        let mut members = lock(&self.members);
        // The drop of a pool may panic, if its source does.
        let mut members = members.iter_mut();
        crate::source::finish(|| members.next().map(|member| drop(member.take())).is_some());
    }
}
