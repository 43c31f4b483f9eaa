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
//! - PS1. An entry of `members` is null, or leads to a member in a box, which stays until the set is
//!   dropped. Only a thread that holds `building` writes an entry.
//! - PS2. A table belongs to one thread, and is used while its set is borrowed. The thread's
//!   thread-local storage drops it: when the thread ends, or after the set is gone.
//!
//! # Orderings
//!
//! | site | access | ordering | why |
//! |---|---|---|---|
//! | PS-1 | load a member | Acquire | observes the creation of the pool |
//! | PS-2 | store a member | Release | publishes the creation of the pool |
//! | PS-3 | load a member under the lock, or by `&mut` | Relaxed | the lock or the borrow orders it |
//!
//! # Progress
//!
//! That of a [`ThreadLocalPool`](super::ThreadLocalPool). The first use of an index takes the lock, and
//! threads that use the index meanwhile wait until its pool is built.

use core::cell::OnceCell;
use core::ptr;

use super::locals::{self, AnyLocal, OwnNumber};
use super::{Attached, DetachedLocal, Fallback, Local, Pool};
use crate::block::Block;
use crate::checking::Checking;
use crate::error::AllocError;
use crate::free_list::Strategy;
use crate::mediator::ShardId;
use crate::sync::{Arc, AtomicPtr, Mutex, PoolId, Weak, Witness, lock, site};
use crate::thread_cache::SlotRef;

/// A pool of a set.
struct Member<S: Strategy, C: Checking> {
    /// Declared before the pool, so that it is dropped first.
    fallback: Mutex<Fallback<S, C>>,
    pool: Pool<S, C>,
    created: Witness,
}

/// The pools.
pub(crate) struct PoolSet<S: Strategy, C: Checking> {
    members: Box<[AtomicPtr<Member<S, C>>]>,
    building: Mutex<()>,
    /// The tables of the threads tell by this whether the set is gone.
    life: Arc<()>,
    /// Declared last, because threads tell sets apart by it as long as the pools exist.
    number: OwnNumber,
}

/// The handles of one thread.
struct Table<S: Strategy, C: Checking> {
    handles: Box<[OnceCell<DetachedLocal<S, C>>]>,
    set: Weak<()>,
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
        let none = || AtomicPtr::new(ptr::null_mut());
        Self {
            members: core::iter::repeat_with(none).take(count).collect(),
            building: Mutex::new(()),
            life: Arc::new(()),
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
        debug_assert!(index < self.members.len(), "no such pool");
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
        let member = self.member_or_build(index, build)?;
        self.here(index, member).allocate()
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
        let member = self.member(index);
        let member = member.expect("no block of this size was ever allocated here");
        // SAFETY: by the caller.
        unsafe { self.here(index, member).deallocate(block) };
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
            let handles = core::iter::repeat_with(OnceCell::new).take(self.members.len());
            let set = Arc::downgrade(&self.life);
            Some(Box::new(Table::<S, C> { handles: handles.collect(), set }))
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

    fn member(&self, index: usize) -> Option<&Member<S, C>> {
        // ORDERING(PS-1): Acquire. Observes the creation of the pool.
        //   pairs with PS-2; killed by slab/class_built_twice
        let member = self.members[index].load(site::SET_MEMBER_LOAD.ordering());
        // SAFETY: a member stays until the set is dropped (PS1).
        let member = unsafe { member.as_ref() }?;
        member.created.acquired();
        Some(member)
    }

    fn member_or_build(
        &self,
        index: usize,
        build: impl FnOnce() -> Result<Pool<S, C>, AllocError>,
    ) -> Result<&Member<S, C>, AllocError> {
        if let Some(member) = self.member(index) {
            return Ok(member);
        }
        let _building = lock(&self.building);
        // ORDERING(PS-3): Relaxed. The lock orders it.
        let built = self.members[index].load(site::SET_MEMBER_OWNED.ordering());
        // SAFETY: as in `member`.
        if let Some(member) = unsafe { built.as_ref() } {
            return Ok(member);
        }
        let pool = build()?;
        // SAFETY: the fallback is used only through the set, and is dropped before the pool.
        let fallback = unsafe { DetachedLocal::attach(pool.shared(), ShardId::default()) }?;
        let fallback = Mutex::new(Fallback(fallback));
        let member =
            Box::into_raw(Box::new(Member { fallback, pool, created: Witness::created() }));
        // ORDERING(PS-2): Release. Publishes the creation of the pool.
        //   pairs with PS-1; killed by slab/class_built_twice
        self.members[index].store(member, site::SET_MEMBER_PUBLISH.ordering());
        // SAFETY: just made, and stays until the set is dropped (PS1).
        Ok(unsafe { &*member })
    }

    /// The pool of an index, if it has been built.
    pub(crate) fn pool(&self, index: usize) -> Option<&Pool<S, C>> {
        self.member(index).map(|member| &member.pool)
    }

    /// The pool of an index, if it has been built.
    pub(crate) fn pool_mut(&mut self, index: usize) -> Option<&mut Pool<S, C>> {
        // ORDERING(PS-3): Relaxed. The borrow orders it.
        let member = self.members[index].load(site::SET_MEMBER_OWNED.ordering());
        // SAFETY: the member is this set's, which is borrowed by `&mut` (PS1).
        let member = unsafe { member.as_mut() }?;
        Some(&mut member.pool)
    }

    /// Free blocks in the calling thread's handle of a pool.
    pub(crate) fn cached_here(&self, index: usize) -> usize {
        assert!(index < self.members.len(), "no such pool");
        let Some(table) = locals::known_table(self.number.get()) else { return 0 };
        // SAFETY: the table is this set's, and the index was just compared.
        let handle = unsafe { Self::in_table(table, index) };
        handle.get().map_or(0, |handle| handle.len_blocks())
    }

    /// Hands in what the caches of the calling thread, and of threads without one, hold of a pool.
    pub(crate) fn hand_in(&self, index: usize) {
        if let Some(member) = self.member(index) {
            if let Attached::Own(local) = self.here(index, member) {
                local.hand_in();
            }
            lock(&member.fallback).0.hand_in();
        }
    }

    /// Runs `f` while no pool is built and none grows, as [`Pool::without_growth`], and keeps other
    /// threads out of all fallback caches.
    pub(crate) fn without_growth<R>(&self, f: impl FnOnce() -> R) -> R {
        let _building = lock(&self.building);
        let (mut f, mut result) = (Some(f), None);
        self.hold_from(0, &mut || result = f.take().map(|f| f()));
        result.expect("it was called once")
    }

    /// Holds the locks of the pools from `first` on, in the order of their indices, while `f` runs.
    fn hold_from(&self, first: usize, f: &mut dyn FnMut()) {
        let mut later = (first..self.members.len()).filter_map(|at| Some((at, self.member(at)?)));
        match later.next() {
            Some((at, member)) => {
                let _fallback = lock(&member.fallback);
                member.pool.without_growth(|| self.hold_from(at + 1, f));
            }
            None => f(),
        }
    }

    /// Ends each pool, as [`Pool::end`]. The indices have no pool afterwards.
    pub(crate) fn end(&mut self) {
        let members = core::mem::take(&mut self.members);
        *self = Self::new(members.len());
        for mut member in members {
            if let Some(member) = Self::taken(&mut member) {
                let Member { fallback, pool, created: _ } = *member;
                drop(fallback);
                pool.end();
            }
        }
    }

    /// The member of an entry that is not used any more.
    fn taken(entry: &mut AtomicPtr<Member<S, C>>) -> Option<Box<Member<S, C>>> {
        // ORDERING(PS-3): Relaxed. The borrow orders it.
        let member = entry.load(site::SET_MEMBER_OWNED.ordering());
        *entry = AtomicPtr::new(ptr::null_mut());
        // SAFETY: made by a box, in one entry, which no longer leads there (PS1).
        (!member.is_null()).then(|| unsafe { Box::from_raw(member) })
    }
}

impl<S: Strategy, C: Checking> Drop for PoolSet<S, C> {
    fn drop(&mut self) {
        // The drop of a pool may panic, if its source does.
        let mut members = self.members.iter_mut();
        crate::source::finish(|| members.next().map(|entry| drop(Self::taken(entry))).is_some());
    }
}
