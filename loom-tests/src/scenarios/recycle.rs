//! One list and the reclaimer that decides when its magazines come back, without a mediator between
//! them: the shortest way to ABA.
//!
//! One thread pops under a guard. The other one pops twice under one guard, and defers the first
//! magazine back to the list from which it came.

use core::num::NonZeroUsize;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, Ordering};
use std::collections::BTreeSet;
use std::sync::Mutex;

use stampool::raw::block::Block;
use stampool::raw::chunk::Regions;
use stampool::raw::free_list::{
    Deferred, DeferredList, Magazine, MagazineList, MagazineStore, OwnedMagazine, Reclaimer,
    Requirements,
};
use stampool::raw::sync::thread;
use stampool::{Strategy, SystemSource};

use super::{Payload, Standing, make_magazine};
use crate::one_at_a_time::operation;

/// Its name in the ledger.
pub const NAME: &str = "recycle/pop_pop_defer";

/// Magazines, the top one last.
const MAGAZINES: usize = 3;

struct Rig<R: Reclaimer> {
    store: MagazineStore,
    list: DeferredList<R>,
    reclaimer: R,
    owners: Payload,
    /// Addresses of the magazines, in the order in which they were pushed.
    names: Mutex<Vec<usize>>,
    landed: AtomicBool,
}

/// A magazine on its way back.
struct Reusable<R: Reclaimer>(NonNull<Magazine>, &'static Rig<R>);

// SAFETY: the magazine has no other owner, and the rig is shared by threads anyway.
unsafe impl<R: Reclaimer> Send for Reusable<R> {}

impl<R: Reclaimer> Reusable<R> {
    fn land(self) {
        // SAFETY: released by its owner for this; of the rig's store.
        let magazine = unsafe { OwnedMagazine::assume(self.0, &self.1.store) };
        self.1.list.push(magazine);
        self.1.landed.store(true, Ordering::Relaxed);
    }
}

impl<R: Reclaimer> Rig<R> {
    fn pop(&self, guard: &R::Guard<'_>) -> Option<OwnedMagazine<'_>> {
        // SAFETY: all magazines are of the rig's store, the pins of its reclaimer.
        let magazine = unsafe { self.list.pop(&self.store, guard) }?;
        self.owners.taken(magazine.name().address());
        Some(magazine)
    }

    /// Which one it is.
    fn number(&self, magazine: &OwnedMagazine<'_>) -> usize {
        let names = self.names.lock().expect("no panic unreported");
        names
            .iter()
            .position(|name| *name == magazine.name().address())
            .expect("a magazine of the rig")
    }
}

/// Runs the scenario once.
///
/// # Panics
/// At a violation.
#[must_use]
pub fn body<R: Reclaimer>() -> String {
    let mechanism =
        Deferred::<R>::mechanism(Requirements::default()).expect("no requirement, no refusal");
    let rig: &'static Rig<R> = Box::leak(Box::new(Rig {
        store: MagazineStore::new(1, mechanism.addressing),
        list: Deferred::<R>::list(&mechanism),
        reclaimer: R::new(),
        owners: Payload::default(),
        names: Mutex::default(),
        landed: AtomicBool::new(false),
    }));
    let mut regions = Regions::new(SystemSource);
    for index in 0..MAGAZINES {
        let mut magazine = make_magazine(&rig.store, index, &mut regions);
        rig.names.lock().expect("alone").push(magazine.name().address());
        magazine.fill(&[Block::from(NonNull::without_provenance(
            NonZeroUsize::new(16 * (index + 1)).expect("one up"),
        ))]);
        rig.owners.taken(magazine.name().address());
        rig.owners.given(magazine.name().address());
        rig.list.push(magazine);
    }

    let standing = Standing(rig.reclaimer.join());
    let participant = rig.reclaimer.join();
    let other = thread::spawn(move || {
        let standing = standing;
        let guard = rig.reclaimer.pin(&standing.0);
        let first = operation(|| rig.pop(&guard)).expect("three magazines, three removals");
        let second = operation(|| rig.pop(&guard)).expect("three magazines, three removals");
        let address = first.name().address();
        rig.owners.given(address);
        let reusable = Reusable(first.release(), rig);
        // SAFETY: the rig is there until `drain` has returned.
        operation(|| unsafe { rig.reclaimer.defer(&guard, address, move || reusable.land()) });
        drop(guard);
        (Reusable(second.release(), rig), standing)
    });
    let guard = rig.reclaimer.pin(&participant);
    let own = operation(|| rig.pop(&guard)).expect("three magazines, three removals");
    drop(guard);
    let (Reusable(other, _), standing) = other.join().expect("no panic unreported");
    drop(standing);
    drop(participant);

    // SAFETY: the other thread was joined, and this thread's guard and standing are dropped.
    unsafe { rig.reclaimer.drain(|| rig.landed.load(Ordering::Relaxed)) };
    let participant = rig.reclaimer.join();
    let guard = rig.reclaimer.pin(&participant);
    let left: Vec<OwnedMagazine<'_>> = core::iter::from_fn(|| rig.pop(&guard)).collect();
    drop(guard);
    drop(participant);
    assert_eq!(left.len(), MAGAZINES - 2, "a block was lost");
    let outcome = format!("took {}", rig.number(&own));
    // SAFETY: released by its owner.
    let other = unsafe { OwnedMagazine::assume(other, &rig.store) };
    left.into_iter().chain([own, other]).for_each(OwnedMagazine::end);
    // SAFETY: leaked above, and nobody is left who refers to it.
    drop(unsafe { Box::from_raw(core::ptr::from_ref(rig).cast_mut()) });
    outcome
}

/// Each of the three: as the first, as the second, or as the last one; and the first one again,
/// when it has come back.
#[must_use]
pub fn allowed() -> BTreeSet<String> {
    (0..MAGAZINES).map(|number| format!("took {number}")).collect()
}
