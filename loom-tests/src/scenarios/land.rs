//! A magazine that waits in limbo counts until it is back in `empty` (L1 of the mediator's limbo).
//!
//! There are two blocks, a batch each, and three magazines: one for each block, and one that may
//! wait. No remainder is ever put down, so no handle needs a magazine of its own.
//!
//! One thread ends the pin for which an emptied magazine waits, so this thread returns the
//! magazine. Meanwhile another thread, which is pinned from before its first step until after its
//! last one, empties a second magazine and puts both blocks down. If the first magazine still
//! counts, the second one may not wait and is back in `empty` at once. If the first one does not
//! count any more, it is in `empty` itself. So there are always two magazines for the two blocks.
//! If the first one stopped counting before it is in `empty`, the second one could wait as well,
//! and only one magazine would be left.

use core::num::NonZeroUsize;
use core::ptr::NonNull;
use std::collections::BTreeSet;

use stampool::raw::block::{Block, MaybeBlock};
use stampool::raw::chunk::Regions;
use stampool::raw::free_list::{Deferred, Reclaimer, Requirements, Take};
use stampool::raw::mediator::{Mediator, Participant, ShardId};
use stampool::raw::sync::thread;
use stampool::{Strategy, SystemSource};

use super::{Standing, make_magazine};
use crate::one_at_a_time::operation;

/// Its name in the ledger.
pub const NAME: &str = "recycle/land_offer";

/// Blocks, in a magazine each.
const BLOCKS: usize = 2;
/// Magazines that may wait.
const LIMBO: usize = 1;

type DeferredMediator<R> = Mediator<Deferred<R>>;

fn block(number: usize) -> Block {
    Block::from(NonNull::without_provenance(
        NonZeroUsize::new(16 * number).expect("numbers begin at 1"),
    ))
}

/// Takes the one block that lies on top.
fn request<R: Reclaimer>(
    mediator: &DeferredMediator<R>,
    participant: &Participant<Deferred<R>>,
) -> usize {
    let mut out = [MaybeBlock::uninit()];
    // SAFETY: the callers' participants have joined this mediator.
    let client = unsafe { mediator.client(participant, ShardId::default()) };
    assert_eq!(client.request(Take::UpTo(out.len()), &mut out), 1, "a block was listed");
    // SAFETY: one block was written.
    unsafe { out[0].assume_init() }.as_non_null().addr().get() / 16
}

fn offer<R: Reclaimer>(
    mediator: &DeferredMediator<R>,
    participant: &Participant<Deferred<R>>,
    number: usize,
) {
    // SAFETY: the callers' participants have joined this mediator.
    unsafe { mediator.client(participant, ShardId::default()) }.offer(&[block(number)]);
}

/// Runs the scenario once.
///
/// # Panics
/// At a violation.
#[must_use]
pub fn body<R: Reclaimer>() -> String {
    let requirements = Requirements { limbo_magazines: LIMBO, ..Requirements::default() };
    let mechanism = Deferred::<R>::mechanism(requirements).expect("no requirement, no refusal");
    let mediator: &'static DeferredMediator<R> =
        Box::leak(Box::new(DeferredMediator::<R>::new(1, 1, &mechanism)));
    let mut regions = Regions::new(SystemSource);
    for index in 0..BLOCKS + LIMBO {
        // SAFETY: of the mediator's store.
        unsafe { mediator.add_magazine(make_magazine(mediator.store(), index, &mut regions)) };
    }
    mediator.extend_limbo(LIMBO);
    let own = mediator.join();
    (1..=BLOCKS).for_each(|number| offer(mediator, &own, number));

    let standing = Standing(mediator.join());
    let pin = mediator.join();
    let mut other = None;
    mediator.linger(&pin, || {
        let first = request(mediator, &own);
        other = Some(thread::spawn(move || {
            let Standing(participant) = &standing;
            mediator.linger(participant, || {
                let second = operation(|| request(mediator, participant));
                operation(|| offer(mediator, participant, first));
                operation(|| offer(mediator, participant, second));
            });
            standing
        }));
    });
    // The first magazine has landed by now, or waits for the other thread too.
    drop(other.expect("started above").join().expect("no panic unreported"));
    drop((own, pin));

    // SAFETY: leaked above; the other thread has ended.
    let mut mediator = unsafe { Box::from_raw(core::ptr::from_ref(mediator).cast_mut()) };
    let refused = mediator.overflows();
    let (full, partial, empty) = mediator.census();
    assert_eq!((full, partial, empty), (BLOCKS, 0, LIMBO), "a block or a magazine was lost");
    mediator.end_magazines();
    format!("{refused} refused")
}

/// The second magazine may wait, or it may not.
#[must_use]
pub fn allowed() -> BTreeSet<String> {
    ["0 refused", "1 refused"].into_iter().map(Into::into).collect()
}
