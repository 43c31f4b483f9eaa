//! One thread's handles of all thread-local pools that it has used.
//!
//! | where | what | how it ends |
//! |---|---|---|
//! | `LOCALS` | every [`DetachedLocal`] of the thread, by the place of its pool | its destructor hands all blocks in |
//! | `RECENT` | the handle of the pool that was used last, by the place of the pool modulo [`WAYS`] | it has no destructor, so a thread may look at it at any time; the destructor of `LOCALS` empties it |
//! | `LAST_SET` | the table of the set of pools that was used last (`set.rs`) | as `RECENT` |
//!
//! Each entry names its pool by a number. No number is used twice in a process, until 2^47 pools
//! have been made. So an entry of a dropped pool is never taken for one of a new pool, even if the
//! new pool has the same address.
//!
//! A pool's number contains its place, a small number that the pool gives back when it is dropped.
//! As long as places are free, no two living pools have the same place.
//!
//! - Up to [`WAYS`] pools that live at one time have an entry of `RECENT` each.
//! - With more pools, two pools whose places agree modulo [`WAYS`] share an entry. A thread that
//!   uses both alternately looks the handle up in `LOCALS`, by the pool's place.
//! - When all places but the last are taken, further pools share the last place. A thread searches
//!   a list for their handles.

use core::cell::{Cell, RefCell};
use core::{mem, ptr};

use super::super::Local;
use super::super::shared::Shared;
use super::DetachedLocal;
use crate::checking::Checking;
use crate::free_list::Strategy;
use crate::sync::{Number, Places, PoolId};
use crate::thread_cache::SlotRef;

/// The entries of `RECENT`.
const WAYS: usize = 64;
/// The place that all pools share which found no free place.
const SHARED_PLACE: usize = Places::COUNT - 1;
/// The places that living pools own.
static LENT: Places = Places::new();
/// How many pools were dropped. A thread looks for their handles only if the number has changed.
static GONE: Number = Number::new(0);

/// Identifies one pool of this process: the pool's id and its place, times the size of a
/// [`Recent`], so that the low bits are the distance of the pool's entry from the start of
/// `RECENT`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct PoolNumber(pub(super) u64);

impl PoolNumber {
    /// Not the number of any pool: a pool's number is a multiple of the size of a [`Recent`].
    pub(super) const NONE: Self = Self(u64::MAX);

    /// Its place in `LOCALS`.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
    const fn place(self) -> usize {
        self.0 as usize / size_of::<Recent>() % Places::COUNT
    }

    /// Its place in `RECENT`.
    #[inline(always)]
    const fn way(self) -> usize {
        self.place() % WAYS
    }
}

/// The number of one pool, owned by it. Dropping it gives the place back.
pub(super) struct OwnNumber(PoolNumber);

impl OwnNumber {
    /// The number of pool `id`, with a free place if there is one.
    pub(super) fn new(id: PoolId) -> Self {
        // The shared place is never given back.
        let place = LENT.claim().unwrap_or(SHARED_PLACE);
        // Refused, since a number that wraps would name another pool. No process gets there: it
        // would have to make a million pools a second for four years.
        let step = Places::COUNT as u64 * size_of::<Recent>() as u64;
        let number = id.get().checked_mul(step).expect("a process makes fewer than 2^47 pools");
        Self(PoolNumber(number + (place * size_of::<Recent>()) as u64))
    }

    /// The number.
    #[inline(always)]
    pub(super) const fn get(&self) -> PoolNumber {
        self.0
    }
}

impl Drop for OwnNumber {
    fn drop(&mut self) {
        if self.0.place() != SHARED_PLACE {
            LENT.release(self.0.place());
        }
        GONE.add(1);
    }
}

/// A handle of the calling thread. Its size is a power of two, so that a mask of the pool's number
/// gives the distance of the entry in the array.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Recent {
    /// 0 in an empty entry.
    pool: PoolNumber,
    /// The handle's slot. It is also in the handle, but reading it there costs one more load.
    slot: Option<SlotRef>,
    local: *const (),
}

const NONE: Recent = Recent { pool: PoolNumber(0), slot: None, local: ptr::null() };

/// The calling thread's handle of a pool, and its slot.
pub(super) struct AtHand<'p, S: Strategy, C: Checking> {
    pub(super) slot: SlotRef,
    pub(super) local: &'p Local<'p, S, C>,
}

crate::sync::thread_local! {
    static RECENT: [Cell<Recent>; WAYS] = const { [const { Cell::new(NONE) }; WAYS] };
    static LAST_SET: Cell<(PoolNumber, *const ())> = const { Cell::new((PoolNumber(0), ptr::null())) };
    static LOCALS: Locals = const { Locals(RefCell::new(Table::new())) };
}

/// All handles of a thread.
struct Locals(RefCell<Table>);

/// Handles by the places of their pools.
struct Table {
    by_place: Vec<Option<Entry>>,
    /// The handles of the pools that share the last place.
    others: Vec<Entry>,
    /// What [`GONE`] was when the handles of dropped pools were dropped last.
    gone: u64,
}

impl Table {
    const fn new() -> Self {
        Self { by_place: Vec::new(), others: Vec::new(), gone: 0 }
    }

    fn find(&self, pool: PoolNumber) -> Option<&Entry> {
        let entry = match pool.place() {
            SHARED_PLACE => self.others.iter().find(|entry| entry.recent.pool == pool),
            place => self.by_place.get(place)?.as_ref(),
        };
        entry.filter(|entry| entry.recent.pool == pool)
    }

    /// Enters a handle. If a dropped pool had the same place, its handle is dropped.
    fn insert(&mut self, entry: Entry) -> &mut Entry {
        let place = entry.recent.pool.place();
        if place == SHARED_PLACE {
            self.others.push(entry);
            return self.others.last_mut().expect("just pushed");
        }
        if place >= self.by_place.len() {
            self.by_place.resize_with(place + 1, || None);
        }
        self.by_place[place].insert(entry)
    }

    /// Drops the handles of dropped pools. Costs nothing if no pool was dropped since the last
    /// call, so a thread that uses many living pools does not walk all its handles for each.
    fn prune(&mut self) {
        let gone = GONE.get();
        if mem::replace(&mut self.gone, gone) == gone {
            return;
        }
        let is_orphaned = |entry: &mut Entry| entry.local.is_orphaned();
        self.by_place.iter_mut().for_each(|place| drop(place.take_if(is_orphaned)));
        self.others.retain_mut(|entry| !is_orphaned(entry));
    }
}

struct Entry {
    /// The entry for `RECENT`. Its `local` points into the box.
    recent: Recent,
    local: Box<dyn AnyLocal>,
}

/// What a thread keeps for a pool, or for a set of pools: a detached handle, or a table of such.
pub(super) trait AnyLocal {
    /// Whether what it belongs to has been dropped.
    fn is_orphaned(&self) -> bool;
    /// The slot, if it is one handle, and the address.
    fn handle(&self) -> (Option<SlotRef>, *const ());
}

impl<S: Strategy, C: Checking> AnyLocal for DetachedLocal<S, C> {
    fn is_orphaned(&self) -> bool {
        self.is_orphaned()
    }

    fn handle(&self) -> (Option<SlotRef>, *const ()) {
        let local: *const Local<'static, S, C> = &**self;
        (Some(self.slot()), local.cast())
    }
}

impl Entry {
    fn new(pool: PoolNumber, local: Box<dyn AnyLocal>) -> Self {
        Self { recent: Recent { pool, ..NONE }, local }
    }

    /// Takes the handle's address. From here on the box may move only together with the table that
    /// it lies in: moving the box by itself would invalidate the pointer.
    fn enter_address(&mut self) -> Recent {
        let (slot, local) = self.local.handle();
        self.recent = Recent { slot, local, ..self.recent };
        self.recent
    }
}

impl Drop for Locals {
    fn drop(&mut self) {
        // A destructor that runs later finds no handle, so its calls use the fallback cache.
        RECENT.with(|recent| recent.iter().for_each(|place| place.set(NONE)));
        LAST_SET.with(|last| last.set((NONE.pool, NONE.local)));
        *self.0.get_mut() = Table::new();
    }
}

/// The calling thread's handle of `pool`, if `pool` is the pool that the thread used last among
/// those that share its entry of `RECENT`.
///
/// # Safety
///
/// `pool` is the number of a pool of strategy `S` and checking `C` that is borrowed for `'p`.
#[inline(always)]
pub(super) unsafe fn recent<'p, S: Strategy, C: Checking>(
    pool: PoolNumber,
) -> Option<AtHand<'p, S, C>> {
    let recent = RECENT.with(|recent| recent[pool.way()].get());
    if recent.pool != pool {
        return None;
    }
    // SAFETY: `find_or_attach` entered the slot together with the number.
    let slot = unsafe { recent.slot.unwrap_unchecked() };
    // SAFETY: `find_or_attach` entered the handle for the same number, so for the same pool,
    // strategy and checking. The caller borrows the pool, and the handles of an existing pool stay
    // in `LOCALS` until their thread ends.
    let local = unsafe { &*recent.local.cast::<Local<'p, S, C>>() };
    Some(AtHand { slot, local })
}

/// The calling thread's table of the set `set`, if that is the set that the thread used last.
#[cfg(feature = "family")]
#[inline(always)]
pub(super) fn last_table(set: PoolNumber) -> Option<*const ()> {
    let (number, table) = LAST_SET.with(Cell::get);
    (number == set).then_some(table)
}

/// The calling thread's table of the set `set`, if it has one. It is the thread's last one then.
#[cfg(feature = "family")]
pub(super) fn known_table(set: PoolNumber) -> Option<*const ()> {
    table(set, || None)
}

/// The calling thread's table of the set `set`, which `make` makes if the thread has none. It is the
/// thread's last one then. `None` as [`find_or_enter`].
#[cfg(feature = "family")]
pub(super) fn table(
    set: PoolNumber,
    make: impl FnOnce() -> Option<Box<dyn AnyLocal>>,
) -> Option<*const ()> {
    let recent = RECENT.with(|recent| recent[set.way()].get());
    let table = if recent.pool == set { recent.local } else { find_or_enter(set, make)? };
    LAST_SET.with(|last| last.set((set, table)));
    Some(table)
}

/// The calling thread's handle of `pool`, attached now if the thread had none. `None` if the thread
/// cannot have one: its thread-local storage is gone, or the program's allocator, called from here,
/// has called back, or there is no memory for a new cache.
///
/// # Safety
///
/// `pool` is the number of `shared`'s pool.
pub(super) unsafe fn find_or_attach<'p, S: Strategy, C: Checking>(
    pool: PoolNumber,
    shared: &'p Shared<S, C>,
) -> Option<&'p Local<'p, S, C>> {
    let local = find_or_enter(pool, || {
        // SAFETY: the handle is used only while its pool is borrowed, here and in `recent`.
        let detached = unsafe { DetachedLocal::attach(shared, shared.current_shard()) }.ok()?;
        Some(Box::new(detached))
    })?;
    // SAFETY: the handle is boxed in `LOCALS`, which keeps it as long as the pool exists. The
    // number is that of `shared`'s pool, so the handle has its strategy and its checking.
    Some(unsafe { &*local.cast::<Local<'p, S, C>>() })
}

/// The address of what the calling thread keeps for the pool or set of this number, which `make` makes
/// if the thread has nothing yet. It is also in `RECENT` then. `None` if the thread cannot keep it, or
/// `make` returns nothing.
pub(super) fn find_or_enter(
    pool: PoolNumber,
    make: impl FnOnce() -> Option<Box<dyn AnyLocal>>,
) -> Option<*const ()> {
    let recent = LOCALS.try_with(|locals| {
        let known = locals.0.try_borrow().ok()?.find(pool).map(|entry| entry.recent);
        let recent = match known {
            Some(recent) => recent,
            None => {
                // No borrow of `LOCALS` is held here, because the source, which may be called, may
                // use other pools.
                let made = make()?;
                let mut locals = locals.0.try_borrow_mut().ok()?;
                locals.prune();
                match locals.find(pool) {
                    // A topology's hook has used this pool, and so has attached a handle meanwhile.
                    Some(entry) => entry.recent,
                    None => locals.insert(Entry::new(pool, made)).enter_address(),
                }
            }
        };
        RECENT.with(|all| all[pool.way()].set(recent));
        Some(recent.local)
    });
    recent.ok()?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "it takes long, and no pointer is in it")]
    fn a_place_is_free_again_when_its_pool_is_gone() {
        for _ in 0..2 * Places::COUNT {
            drop(OwnNumber::new(PoolId::next()));
        }
        assert_ne!(
            OwnNumber::new(PoolId::next()).get().place(),
            SHARED_PLACE,
            "no place came back"
        );
        // More pools at one time than there are places: the further ones share the last place,
        // which is never given back.
        for _ in 0..2 {
            let numbers: Vec<_> =
                (0..Places::COUNT + 5).map(|_| OwnNumber::new(PoolId::next())).collect();
            let shared = |number: &&OwnNumber| number.get().place() == SHARED_PLACE;
            assert!(numbers.iter().filter(shared).count() > 5);
        }
        assert_ne!(
            OwnNumber::new(PoolId::next()).get().place(),
            SHARED_PLACE,
            "no place came back"
        );
    }
}
