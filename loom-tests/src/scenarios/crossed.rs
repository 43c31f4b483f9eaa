//! Two lists, and two threads that each push to one and then remove from the other.
//!
//! Both lists are changed only by RMWs, or under locks, so there is one order of all changes. The
//! thread whose push comes later in that order finds what the other thread has pushed. If a removal
//! relied on a plain load to find a list empty, both threads could find nothing.

use std::collections::BTreeSet;

use stampool::raw::chunk::Regions;
use stampool::raw::free_list::{MagazineList, MagazineStore, Reclaimer, Requirements};
use stampool::raw::sync::thread;
use stampool::{Strategy, SystemSource};

use super::{Standing, make_magazine};
use crate::one_at_a_time::operation;
use crate::spec::{self, Object};

/// Its name in the ledger.
pub const NAME: &str = "list/push_pop_crossed";

struct Rig<S: Strategy> {
    store: MagazineStore,
    lists: [S::List; 2],
    reclaimer: S::Reclaimer,
}

type Participant<S> = <<S as Strategy>::Reclaimer as Reclaimer>::Participant;

impl<S: Strategy> Rig<S> {
    /// Removes from a list, and ends what was there. Whether anything was.
    fn has(&self, list: usize, participant: &Participant<S>) -> bool {
        let guard = self.reclaimer.pin(participant);
        // SAFETY: all magazines are of the rig's store, the pin of its reclaimer.
        let found = unsafe { self.lists[list].pop(&self.store, &guard) };
        drop(guard);
        found.map(|magazine| magazine.end()).is_some()
    }
}

/// Runs the scenario once.
///
/// # Panics
/// Where a magazine is lost.
#[must_use]
pub fn body<S: Strategy>() -> String {
    let mechanism = S::mechanism(Requirements::default()).expect("no requirement, no refusal");
    let rig: &'static Rig<S> = Box::leak(Box::new(Rig::<S> {
        store: MagazineStore::new(1, mechanism.addressing),
        lists: [S::list(&mechanism), S::list(&mechanism)],
        reclaimer: S::Reclaimer::new(),
    }));
    let mut regions = Regions::new(SystemSource);
    let [mine, theirs] = [0, 1].map(|index| make_magazine(&rig.store, index, &mut regions));
    let (own, standing) = (rig.reclaimer.join(), Standing(rig.reclaimer.join()));
    let other = thread::spawn(move || {
        let Standing(participant) = &standing;
        operation(|| rig.lists[1].push(theirs));
        let found = operation(|| rig.has(0, participant));
        (standing, found)
    });
    operation(|| rig.lists[0].push(mine));
    let mut found = [operation(|| rig.has(1, &own)), false];
    let standing;
    (standing, found[1]) = other.join().expect("no panic unreported");

    let left = [0, 1].map(|list| rig.has(list, &own));
    assert_eq!(left, [!found[1], !found[0]], "a magazine was lost, or came twice");
    drop((own, standing));
    // SAFETY: leaked above, and nobody is left who refers to it.
    drop(unsafe { Box::from_raw(core::ptr::from_ref(rig).cast_mut()) });
    format!("{found:?}")
}

/// What each list has, and what each thread found.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Crossed {
    lists: [bool; 2],
    found: [bool; 2],
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Op {
    Push(usize),
    Pop(usize),
}

impl Object for Crossed {
    type Op = Op;

    fn apply(&self, thread: usize, op: &Op) -> Vec<Self> {
        let mut next = self.clone();
        match *op {
            Op::Push(list) => next.lists[list] = true,
            Op::Pop(list) => next.found[thread] = core::mem::take(&mut next.lists[list]),
        }
        vec![next]
    }

    fn outcome(&self) -> String {
        format!("{:?}", self.found)
    }
}

/// The outcomes that the specification allows.
#[must_use]
pub fn allowed() -> BTreeSet<String> {
    let programs = [vec![Op::Push(0), Op::Pop(1)], vec![Op::Push(1), Op::Pop(0)]];
    spec::interleavings(Crossed::default(), &programs)
}
