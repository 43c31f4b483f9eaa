//! The shipped code misused from outside, which proves that the oracles of the bodies notice it.

use core::num::NonZeroUsize;
use core::ptr::NonNull;

use stampool::raw::block::Block;
use stampool::raw::chunk::Regions;
use stampool::raw::free_list::{Addressing, MagazineList, MagazineStore, Requirements};
use stampool::raw::sync::thread;
use stampool::{Strategy, SystemSource, TaggedPacked};

use super::twin::{LOST, TWICE, Twin, on_exchange};
use crate::explore::Bound;
use crate::scenarios::exchange::Op::{Allocate, Leave, Lose, OfferTwice, Request};
use crate::scenarios::exchange::{Scenario, Setup, attached, slice};
use crate::scenarios::make_magazine;

/// What all of these were made from.
const TWINNED: &str = "TaggedPacked";

const RECOUNTED: &str = "counted after its release";

pub(super) fn twins() -> Vec<Twin> {
    vec![
        on_exchange::<TaggedPacked>(TWINNED, "twin/lost_remainder", LOST, &LOST_REMAINDER),
        on_exchange::<TaggedPacked>(TWINNED, "twin/double_offer", TWICE, &DOUBLE_OFFER),
        Twin {
            strategy: TWINNED,
            name: "twin/late_count",
            bound: Bound::Unbounded,
            under_loom: RECOUNTED,
            under_shuttle: Some(RECOUNTED),
            body: Box::new(late_count),
        },
    ]
}

/// A handle leaves without what its cache held.
static LOST_REMAINDER: Scenario = slice(
    "lost_remainder",
    2,
    attached(2).thread(0, &[(1, Allocate)]),
    &[&[Lose, Leave], &[Allocate]],
);

/// A batch is offered twice.
static DOUBLE_OFFER: Scenario =
    slice("double_offer", 2, Setup::NONE, &[&[OfferTwice(2)], &[Request(2), Request(2)]])
        .holding(&[2, 0]);

/// One thread pushes a magazine with one block, and then counts what it pushed; the other adds one.
fn late_count() -> String {
    let mechanism = TaggedPacked::<32>::mechanism(Requirements::default()).expect("no requirement");
    assert_eq!(mechanism.addressing, Addressing::Index);
    let mut regions = Regions::new(SystemSource);
    let store: &'static MagazineStore =
        Box::leak(Box::new(MagazineStore::new(2, mechanism.addressing)));
    let list: &'static <TaggedPacked as Strategy>::List =
        Box::leak(Box::new(TaggedPacked::<32>::list(&mechanism)));
    let mut magazine = make_magazine(store, 0, &mut regions);
    let block = |id: usize| {
        Block::from(NonNull::without_provenance(
            NonZeroUsize::new(16 * id).expect("ids begin at 1"),
        ))
    };
    magazine.fill(&[block(1)]);

    let other = thread::spawn(move || {
        // SAFETY: the only magazine is of this store, and the strategy needs no pin.
        if let Some(mut magazine) = unsafe { list.pop(store, &()) } {
            magazine.append(&[block(2)]);
            list.push(magazine);
        }
    });
    let name = magazine.name();
    list.push(magazine);
    // SAFETY: a magazine of this store, made by this thread. It is somebody else's, that is the
    // fault.
    let magazine = unsafe { store.resolve(name) }.expect("a name");
    // SAFETY: magazines live as long as their store.
    let count = unsafe { magazine.as_ref() }.stale_count();
    assert_eq!(count, 1, "a magazine was counted after its release");
    other.join().expect("no panic unreported");
    "1".into()
}
