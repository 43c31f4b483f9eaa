//! One thread's seats in all pools that it has used.
//!
//! | where | what | how it ends |
//! |---|---|---|
//! | `SEATS` | every [`Tenant`] of the thread | its destructor hands all blocks in |
//! | `NEAR` | address of the seat used last, by pool number modulo [`WAYS`] | it has no destructor, so it may be asked at any time; emptied by that of `SEATS` |
//!
//! Pools go by number, and no number comes twice in a process. So what is remembered of a pool that
//! is gone is never taken for a new one, whatever its address.

use core::any::Any;
use core::cell::{Cell, RefCell};
use core::ptr;

use super::super::Local;
use super::super::core::Core;
use super::Tenant;
use crate::error::AllocError;
use crate::free_list::Strategy;
use crate::sync::serial;
use crate::thread_cache::SlotRef;

/// A thread that goes round more pools than this finds some of them by a search.
const WAYS: usize = 8;

/// Names a pool, like no other of this process: a serial number, times the size of a [`Near`], so that
/// its low bits are the distance of its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct PoolNumber(pub(super) u64);

impl PoolNumber {
    /// No pool's: none comes so far.
    pub(super) const NONE: Self = Self(u64::MAX);

    pub(super) fn fresh() -> Self {
        Self(serial() * size_of::<Near>() as u64)
    }

    /// Its place among the [`WAYS`].
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
    const fn place(self) -> usize {
        self.0 as usize / size_of::<Near>() % WAYS
    }
}

/// Of a size that makes its place in an array a mask of its pool's number.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Near {
    /// 0 for none.
    pool: PoolNumber,
    /// What the handle knows too, a load further on.
    slot: Option<SlotRef>,
    local: *const (),
}

const NOBODY: Near = Near { pool: PoolNumber(0), slot: None, local: ptr::null() };

/// The calling thread's handle of a pool, and its slot.
pub(super) struct AtHand<'p, S: Strategy> {
    pub(super) slot: SlotRef,
    pub(super) local: &'p Local<'p, S>,
}

crate::sync::thread_local! {
    static NEAR: [Cell<Near>; WAYS] = const { [const { Cell::new(NOBODY) }; WAYS] };
    static SEATS: Seats = const { Seats(RefCell::new(Vec::new())) };
}

/// The seats, in no order.
struct Seats(RefCell<Vec<Seat>>);

struct Seat {
    pool: PoolNumber,
    /// Boxed: `NEAR` knows the address.
    tenant: Box<dyn Sitting>,
}

/// A tenant of whatever strategy.
trait Sitting: Any {
    fn is_bereft(&self) -> bool;
}

impl<S: Strategy> Sitting for Tenant<S> {
    fn is_bereft(&self) -> bool {
        self.is_bereft()
    }
}

impl Drop for Seats {
    fn drop(&mut self) {
        // From here on the thread goes without: whatever destructor runs later finds nothing near.
        NEAR.with(|near| near.iter().for_each(|place| place.set(NOBODY)));
        self.0.get_mut().clear();
    }
}

/// The calling thread's handle of `pool`, if it is the one used last of its kind.
///
/// # Safety
///
/// `pool` is the number of a pool of strategy `S` that is borrowed for `'p`.
#[inline(always)]
pub(super) unsafe fn near<'p, S: Strategy>(pool: PoolNumber) -> Option<AtHand<'p, S>> {
    let near = NEAR.with(|near| near[pool.place()].get());
    if near.pool != pool {
        return None;
    }
    // SAFETY: entered by `sit`, together with the number.
    let slot = unsafe { near.slot.unwrap_unchecked() };
    // SAFETY: entered by `sit` for the same number, so for the same pool and strategy, which is
    // there; seats of a pool that is there stay in `SEATS`, until their thread ends.
    let local = unsafe { &*near.local.cast::<Local<'p, S>>() };
    Some(AtHand { slot, local })
}

/// Runs `f` on the calling thread's handle of `pool`, seated now where it was not. `None`: the thread
/// has no seats any more, or is just taking one.
///
/// # Errors
///
/// [`AllocError`] where there is no memory for a seat.
///
/// # Safety
///
/// `pool` is the number of `core`'s pool.
pub(super) unsafe fn sit<S: Strategy, R>(
    pool: PoolNumber,
    core: &Core<S>,
    f: impl FnOnce(&Local<'_, S>) -> R,
) -> Result<Option<R>, AllocError> {
    let local = SEATS.try_with(|seats| {
        // Busy: an allocator or a source below has come back to us.
        let Ok(mut seats) = seats.0.try_borrow_mut() else { return Ok(None) };
        let known = seats.iter().position(|seat| seat.pool == pool);
        let at = match known {
            Some(at) => at,
            None => {
                seats.retain(|seat| !seat.tenant.is_bereft());
                // SAFETY: used through a borrowed pool alone, here and by `near`.
                let tenant = unsafe { Tenant::attach(core, core.home()) }?;
                seats.push(Seat { pool, tenant: Box::new(tenant) });
                seats.len() - 1
            }
        };
        let tenant: &dyn Any = &*seats[at].tenant;
        let tenant = tenant.downcast_ref::<Tenant<S>>().expect("one pool has one strategy");
        let local: *const Local<'static, S> = &**tenant;
        let slot = Some(tenant.slot());
        let near = Near { pool, slot, local: local.cast() };
        NEAR.with(|all| all[pool.place()].set(near));
        Ok(Some(local))
    });
    let Ok(seated) = local else { return Ok(None) };
    // SAFETY: boxed in `SEATS`, which keeps it as long as the pool is there.
    Ok(seated?.map(|local| f(unsafe { &*local.cast::<Local<'_, S>>() })))
}
