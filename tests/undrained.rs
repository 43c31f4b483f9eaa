//! A pool whose emptied magazines still wait when it is dropped. Its memory stays, because another
//! thread may still return a magazine.

mod common;

use core::alloc::Layout;
use core::cell::RefCell;

use stampool::raw::block::Block;
use stampool::raw::chunk::Regions;
use stampool::raw::free_list::{Deferred, Magazine, Reclaimer, Take};
use stampool::raw::mediator::Mediator;
use stampool::source::{CountingSource, SourceCounts};
use stampool::{EpochDeferred, Pool, Strategy, SystemSource};

thread_local! {
    static WAITING: RefCell<Vec<Box<dyn FnOnce()>>> = const { RefCell::new(Vec::new()) };
}

/// Whatever is deferred waits until the test runs it: as if a thread slept for ever in the middle
/// of the collector.
struct HeldUp;

// SAFETY: what is deferred runs when the test says so, and no guard is held then.
unsafe impl Reclaimer for HeldUp {
    const NAME: &'static str = "HeldUp";
    type Participant = ();
    type Guard<'g> = ();
    type Place<T: Send + Sync> = Box<T>;

    fn new() -> Self {
        Self
    }

    fn join(&self) {}

    fn pin<'g>(&'g self, _participant: &'g ()) {}

    unsafe fn defer(&self, _guard: &(), _magazine: usize, land: impl FnOnce() + Send) {
        let land: Box<dyn FnOnce() + '_> = Box::new(land);
        // SAFETY: it runs on this thread, and what it leads to is there until it has run.
        let land: Box<dyn FnOnce()> = unsafe { core::mem::transmute(land) };
        WAITING.with_borrow_mut(|waiting| waiting.push(land));
    }

    fn collect(&self, _guard: &()) {}

    /// Gives up.
    unsafe fn drain(&self, _is_done: impl Fn() -> bool) {}
}

#[test]
#[cfg_attr(miri, ignore = "what stays is a leak, as it should be")]
fn memory_that_a_waiting_magazine_leads_to_is_not_freed() {
    let counts = SourceCounts::default();
    let builder = Pool::builder(Layout::new::<[u64; 4]>()).strategy::<Deferred<HeldUp>>();
    let pool = builder
        .batch(2)
        .source(CountingSource::with_counts(SystemSource, counts.clone()))
        .build()
        .unwrap();
    {
        let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
        for _ in 0..20 {
            let block = one.allocate().unwrap();
            // SAFETY: live, and freed once; both handles are on this thread.
            unsafe { other.deallocate(block) };
        }
    }
    let waiting = pool.stats().limbo_magazines;
    assert!(waiting > 0, "nothing waits");
    drop(pool);
    assert_eq!(counts.released(), 0, "freed, and {waiting} magazines still lead there");
    let lands = WAITING.take();
    assert_eq!(lands.len(), waiting);
    lands.into_iter().for_each(|land| land());
    assert_eq!(counts.released(), 0);
    assert_eq!(counts.sources(), 1, "the source stays with its regions");
}

/// All of it has run when the pool goes: nothing stays.
#[test]
fn memory_goes_back_when_nothing_waits() {
    let counts = SourceCounts::default();
    let builder = Pool::builder(Layout::new::<[u64; 4]>()).strategy::<Deferred<HeldUp>>();
    let pool = builder
        .batch(2)
        .source(CountingSource::with_counts(SystemSource, counts.clone()))
        .build()
        .unwrap();
    for _ in 0..20 {
        let block = pool.local().unwrap().allocate().unwrap();
        // SAFETY: live, and freed once.
        unsafe { pool.local().unwrap().deallocate(block) };
    }
    WAITING.take().into_iter().for_each(|land| land());
    drop(pool);
    assert_eq!(counts.released(), counts.obtained());
    assert_eq!(counts.sources(), 0);
}

/// The collector itself, with a pin that goes on: the mediator's end does not wait for ever, and
/// what lands afterwards finds everything where it was.
#[test]
#[cfg_attr(miri, ignore = "what stays is a leak, as it should be; and a million rounds")]
fn a_pin_that_goes_on_does_not_hold_the_end_up() {
    let mut regions = Regions::new(SystemSource);
    let mechanism =
        EpochDeferred::mechanism(stampool::raw::free_list::Requirements::default()).unwrap();
    let mediator = Mediator::<EpochDeferred>::new(1, 1, &mechanism);
    for index in 0..4 {
        let room = regions.obtain(Magazine::layout(1).unwrap()).unwrap();
        // SAFETY: one thread, with rising indices; the regions outlive all use of the magazines.
        let magazine = unsafe { mediator.store().create(index, room) };
        // SAFETY: made by the mediator's store.
        unsafe { mediator.add_magazine(magazine) };
    }
    mediator.extend_limbo(2);
    let block = Block::from(regions.obtain(Layout::new::<u64>()).unwrap());
    let (sleeper, participant) = (mediator.join(), mediator.join());
    let pin = sleeper.pin();
    // SAFETY: the participant has joined this mediator.
    let client = unsafe { mediator.client(&participant, mediator.shard_id(0)) };
    client.offer(&[block]);
    let mut room = [core::mem::MaybeUninit::uninit()];
    assert_eq!(client.request(Take::UpTo(room.len()), &mut room), 1);
    assert_eq!(mediator.limbo().0, 1);
    drop(mediator);
    drop(pin);
    for _ in 0..8 {
        participant.pin().flush();
    }
}
