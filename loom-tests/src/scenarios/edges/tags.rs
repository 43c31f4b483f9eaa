//! A list whose tags must not wrap, with tags left for one removal.
//!
//! Two threads remove. One of them gets the top and the last tag, the other one nothing, although a
//! magazine is left. Only a thread that is alone with the list gets that one.

use std::collections::BTreeSet;

use stampool::raw::chunk::Regions;
use stampool::raw::free_list::{
    MagazineList, MagazineStore, OwnedMagazine, Reclaimer, Requirements,
};
use stampool::raw::sync::thread;
use stampool::{Strategy, SystemSource, TagPolicy};

use crate::one_at_a_time::operation;
use crate::scenarios::{Standing, make_magazine};

/// Its name in the ledger.
pub const NAME: &str = "tag/last_removal";

/// Magazines in the list.
const MAGAZINES: usize = 2;
/// Bits of the tag.
pub const BITS: u32 = 2;

struct Rig<S: Strategy> {
    store: MagazineStore,
    list: S::List,
    reclaimer: S::Reclaimer,
}

type Participant<S> = <<S as Strategy>::Reclaimer as Reclaimer>::Participant;

impl<S: Strategy> Rig<S> {
    fn pop(&self, participant: &Participant<S>) -> Option<OwnedMagazine<'_>> {
        let guard = self.reclaimer.pin(participant);
        // SAFETY: all magazines are of the rig's store, the pin of its reclaimer.
        unsafe { self.list.pop(&self.store, &guard) }
    }
}

/// Runs it once, on a strategy whose tags have [`BITS`] bits.
///
/// # Panics
/// At a violation.
#[must_use]
pub fn body<S: Strategy>() -> String {
    let requirements = Requirements {
        tag_policy: TagPolicy::Refuse,
        narrow_tags: true,
        ..Requirements::default()
    };
    let mechanism = S::mechanism(requirements).expect("tags that may be narrow");
    let rig: &'static Rig<S> = Box::leak(Box::new(Rig::<S> {
        store: MagazineStore::new(1, mechanism.addressing),
        list: S::list(&mechanism),
        reclaimer: S::Reclaimer::new(),
    }));
    let mut regions = Regions::new(SystemSource);
    for index in 0..MAGAZINES {
        rig.list.push(make_magazine(&rig.store, index, &mut regions));
    }
    let (own, standing) = (rig.reclaimer.join(), Standing(rig.reclaimer.join()));
    // Tags go from 0 to the last one, which no removal leaves behind.
    for _ in 0..(1 << BITS) - 2 {
        rig.list.push(rig.pop(&own).expect("tags are left"));
    }
    let other = thread::spawn(move || {
        let Standing(participant) = &standing;
        let had = operation(|| rig.pop(participant));
        (had, standing)
    });
    let had = operation(|| rig.pop(&own));
    let (theirs, standing) = other.join().expect("no panic unreported");

    assert!(rig.list.refuses(), "half of the tags were used long ago");
    assert!(rig.pop(&own).is_none(), "a tag came back");
    let guard = rig.reclaimer.pin(&own);
    // SAFETY: as in `pop`; the other thread has ended.
    let left: Vec<_> = unsafe { rig.list.take_all_alone(&rig.store, &guard) }.collect();
    drop(guard);
    let outcome = match (&had, &theirs) {
        (Some(_), None) => "here",
        (None, Some(_)) => "there",
        (None, None) => panic!("a tag was left, and no thread had it"),
        (Some(_), Some(_)) => panic!("two removals with one tag"),
    };
    assert_eq!(left.len(), MAGAZINES - 1, "a magazine was lost");
    left.into_iter().chain(had).chain(theirs).for_each(|magazine| magazine.end());
    drop((own, standing));
    // SAFETY: leaked above, and nobody is left who refers to it.
    drop(unsafe { Box::from_raw(core::ptr::from_ref(rig).cast_mut()) });
    outcome.into()
}

/// One of the two gets it.
#[must_use]
pub fn allowed() -> BTreeSet<String> {
    ["here", "there"].map(String::from).into()
}
