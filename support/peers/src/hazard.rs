//! Hazard pointers: the library haphazard.
//!
//! A thread that is about to read a magazine publishes the magazine's address in a slot of its own,
//! and checks that the magazine is still on top. A retired magazine comes back when a scan finds
//! its address in no slot. A thread that sleeps while it reads holds up one magazine, not all of
//! them; epochs cannot do that.
//!
//! Source: Michael, Hazard pointers: safe memory reclamation for lock-free objects, IEEE TPDS 2004.
//! haphazard follows folly's implementation.
//!
//! # Invariants
//!
//! - H1. A removal protects the top magazine that its exchange compares, and nothing below: as long
//!   as the top has not come back the chain below it is the one that was seen, for `pop_up_to` too.
//! - H2. One slot is enough for a guard. An exchange of the mediator may remove several times under
//!   one guard (a partial magazine, then an empty one), but one after the other. After its last CAS
//!   a removal no longer reads magazines that it does not own. So its protection may end when the
//!   next removal begins, or when something is deferred. The blocks and magazines that it took are
//!   its own, whatever the slot says.
//! - H3. So a deferral first ends the caller's own protection. Otherwise each scan would find the
//!   magazine that was just removed in the caller's own slot, and the magazine would wait for
//!   another deferral.
//! - H4. A participant may be pinned twice at a time: the second pin gets a slot of its own.
//!
//! # What it costs here beyond its usual use
//!
//! - A ticket: haphazard runs a deleter that gets only the address. So the function to run is boxed
//!   in a table that is keyed by the magazine's address, behind a lock that is taken twice per
//!   magazine, for a few instructions. In its usual use the object lies at the address itself.
//! - A scan of all slots after every [`BATCH`](crate::BATCH) deferrals, or after each, instead of
//!   every 1,000: the limbo is bounded.
//!
//! Two costs are the library's own: a box and a read of the clock per retirement, and a fence per
//! protection. haphazard has no process-wide barrier (its light barrier is a fence, and not public:
//! pull request 56 of its repository).

use core::cell::Cell;
use core::ops::Deref;
use core::ptr;
use core::sync::atomic::{Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_utils::CachePadded;
use haphazard::HazardPointer;
use haphazard::raw::Pointer;
use stampool::raw::free_list::{Guard, Head, Reclaimer};

/// A domain of the pool's own. Family of all such domains.
#[derive(Debug)]
struct Magazines;

type Domain = haphazard::Domain<Magazines>;

/// Magazines come back when their address is in no slot: haphazard, with a domain of the pool's
/// own.
///
/// A participant looks for what has become free after every `EVERY` deferrals.
pub struct Hazard<const EVERY: usize>(Arc<Domain>);

/// A slot, and the domain that it belongs to.
pub struct Participant {
    /// Taken by the guard. First: the domain outlives it.
    slot: Cell<Option<HazardPointer<'static, Magazines>>>,
    deferred: Cell<usize>,
    domain: Arc<Domain>,
}

impl Participant {
    fn new_slot(&self) -> HazardPointer<'static, Magazines> {
        // SAFETY: the domain lies in its `Arc` until the participant is dropped, and slots don't
        // leave the participant and its guards.
        let domain = unsafe { &*Arc::as_ptr(&self.domain) };
        HazardPointer::new_in_domain(domain)
    }
}

/// A slot in use.
pub struct Slot<'g> {
    slot: Cell<Option<HazardPointer<'static, Magazines>>>,
    participant: &'g Participant,
}

impl Slot<'_> {
    #[inline]
    fn with<T>(&self, f: impl FnOnce(&mut HazardPointer<'static, Magazines>) -> T) -> T {
        let mut slot = self.slot.take().expect("there between two calls");
        let result = f(&mut slot);
        self.slot.set(Some(slot));
        result
    }
}

impl Guard for Slot<'_> {
    #[inline]
    fn protect(&self, mut seen: Head, mut load: impl FnMut() -> Head) -> Head {
        self.with(|slot| {
            while !seen.top.is_none() {
                slot.protect_raw(ptr::without_provenance_mut::<u8>(seen.top.address()));
                // Either a scan sees the address, or the look below sees that the magazine was
                // removed. Pairs with haphazard's heavy barrier.
                fence(Ordering::SeqCst);
                let found = load();
                if found == seen {
                    break;
                }
                seen = found;
            }
            seen
        })
    }
}

impl Drop for Slot<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(mut slot) = self.slot.take() {
            slot.reset_protection();
            self.participant.slot.set(Some(slot));
        }
    }
}

// SAFETY: haphazard's contract: what is retired runs once, when a scan that began later has found
// its address in no slot of the domain; and a slot that was published before such a scan, and found
// right after the fence, is seen by it (H1 to H3).
unsafe impl<const EVERY: usize> Reclaimer for Hazard<EVERY> {
    const NAME: &'static str = if EVERY == 1 { "HazardEager" } else { "Hazard" };
    type Participant = Participant;
    type Guard<'g> = Slot<'g>;
    type Place<T: Send + Sync> = Box<T>;

    fn new() -> Self {
        Self(Arc::new(Domain::new(&Magazines)))
    }

    fn join(&self) -> Participant {
        let domain = Arc::clone(&self.0);
        Participant { slot: Cell::new(None), deferred: Cell::new(0), domain }
    }

    #[inline]
    fn pin<'g>(&'g self, participant: &'g Participant) -> Slot<'g> {
        let slot = participant.slot.take().unwrap_or_else(|| participant.new_slot());
        Slot { slot: Cell::new(Some(slot)), participant }
    }

    unsafe fn defer(&self, guard: &Slot<'_>, magazine: usize, on_safe: impl FnOnce() + Send) {
        guard.with(HazardPointer::reset_protection);
        // SAFETY: by the caller it may run until `drain` has returned.
        unsafe { put_aside(magazine, on_safe) };
        let magazine = ptr::without_provenance_mut::<Ticket>(magazine);
        // SAFETY: removed, so no slot that is published from now on is found right (H1); a magazine
        // is deferred once in a round. Of no size, it may be referred to anywhere.
        unsafe { self.0.retire_ptr::<Ticket, Landed>(magazine) };
        let deferred = &guard.participant.deferred;
        deferred.set(deferred.get() + 1);
        if deferred.get().is_multiple_of(EVERY) {
            self.0.eager_reclaim();
        }
    }

    fn collect(&self, guard: &Slot<'_>) {
        guard.with(HazardPointer::reset_protection);
        self.0.eager_reclaim();
    }

    unsafe fn drain(&self, is_done: impl Fn() -> bool) {
        // Nothing is protected: one scan finds everything free.
        self.0.eager_reclaim();
        assert!(is_done(), "something waits that was never deferred");
    }
}

/// Stands at the address of a magazine, for haphazard.
struct Ticket;

/// What haphazard makes of a ticket when its address is free.
struct Landed;

impl Deref for Landed {
    type Target = Ticket;

    fn deref(&self) -> &Ticket {
        &Ticket
    }
}

// SAFETY: of no size: any address is that of a ticket. Nobody asks for one back.
unsafe impl Pointer<Ticket> for Landed {
    fn into_raw(self) -> *mut Ticket {
        ptr::dangling_mut()
    }

    unsafe fn from_raw(ticket: *mut Ticket) -> Self {
        let land = of(ticket.addr()).take(ticket.addr());
        land.expect("whatever is retired has a ticket")();
        Self
    }
}

type Land = Box<dyn FnOnce() + Send>;

/// What waits, by the address of its magazine: magazines that live have one address each, in all
/// pools.
static TICKETS: [CachePadded<Tickets>; 16] = [const { CachePadded::new(Tickets::new()) }; 16];

/// A few of them: more than the limbo are never there.
struct Tickets(Mutex<Vec<(usize, Land)>>);

fn of(magazine: usize) -> &'static Tickets {
    // Magazines lie a few lines apart.
    &TICKETS[(magazine >> 8) % TICKETS.len()]
}

impl Tickets {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn all(&self) -> MutexGuard<'_, Vec<(usize, Land)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, magazine: usize) -> Option<Land> {
        let mut all = self.all();
        let at = all.iter().position(|(address, _)| *address == magazine)?;
        Some(all.swap_remove(at).1)
    }
}

/// # Safety
///
/// `on_safe` may run until its ticket is taken.
unsafe fn put_aside(magazine: usize, on_safe: impl FnOnce() + Send) {
    let land: Box<dyn FnOnce() + Send + '_> = Box::new(on_safe);
    // SAFETY: by the caller.
    let land: Land = unsafe { core::mem::transmute(land) };
    of(magazine).all().push((magazine, land));
}
