//! [`TagPolicy::Refuse`]: a tag never comes back, however many threads have already passed a check
//! of it.

use core::alloc::Layout;
use core::cell::RefCell;
use core::convert::Infallible;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;
use std::collections::BTreeSet;

use stampool::raw::block::{Batch, Block};
use stampool::raw::chunk::Regions;
use stampool::raw::free_list::{
    Addressing, Head, HeadWord, Magazine, MagazineList, MagazineStore, Mechanism, OwnedMagazine,
    PackedHead, Requirements, Take, Treiber,
};
use stampool::raw::mediator::Mediator;
use stampool::{Pool, Strategy, SystemSource, TagPolicy, TaggedPacked, TaggedWide};

fn refusing() -> Requirements {
    Requirements { tag_policy: TagPolicy::Refuse, ..Requirements::default() }
}

fn regions() -> Regions<SystemSource> {
    Regions::new(SystemSource)
}

/// Magazine number `index` of the store.
fn magazine<'s>(
    store: &'s MagazineStore,
    index: usize,
    regions: &mut Regions<SystemSource>,
) -> OwnedMagazine<'s> {
    let room = named_room(store, index, store.room(), regions);
    // SAFETY: one thread; indices rise.
    unsafe { store.create(index, room) }
}

/// As [`magazine`], a large one.
fn large_magazine<'s>(
    store: &'s MagazineStore,
    index: usize,
    regions: &mut Regions<SystemSource>,
) -> OwnedMagazine<'s> {
    let room = named_room(store, index, store.large_room(), regions);
    // SAFETY: one thread; indices rise.
    unsafe { store.create_large(index, room) }
}

/// Gives magazine number `index` a name, and returns room for it and so many blocks.
fn named_room(
    store: &MagazineStore,
    index: usize,
    blocks: usize,
    regions: &mut Regions<SystemSource>,
) -> NonNull<u8> {
    // SAFETY: one thread.
    let names = unsafe { store.names_missing(index + 1) }.unwrap();
    if names.size() > 0 {
        let room = regions.obtain(names).unwrap();
        // SAFETY: one thread; the regions outlive the store's use.
        unsafe { store.add_names(index + 1, room) };
    }
    regions.obtain(Magazine::layout(blocks).unwrap()).unwrap()
}

fn mechanism<S: Strategy>() -> Mechanism {
    S::mechanism(refusing()).unwrap()
}

thread_local! {
    /// What other threads do before the next exchange of a head, while its popper sleeps.
    static MEANWHILE: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

/// A head whose poppers can be put to sleep between their load and their exchange.
struct Sleepy(PackedHead);

// SAFETY: as the word inside.
unsafe impl HeadWord for Sleepy {
    fn empty() -> Self {
        Self(PackedHead::empty())
    }

    fn load(&self, order: Ordering) -> Head {
        self.0.load(order)
    }

    fn compare_exchange(
        &self,
        current: Head,
        new: Head,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Head, Head> {
        let meanwhile = MEANWHILE.take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        self.0.compare_exchange(current, new, success, failure)
    }
}

/// Others take both magazines, and put one of them back until the tag is again what it was: the
/// popper that slept meanwhile must not exchange the head for its stale link.
#[test]
fn a_popper_that_sleeps_through_all_tags_takes_nothing_twice() {
    const BITS: u32 = 3;
    let mut regions = regions();
    let store: &'static MagazineStore =
        Box::leak(Box::new(MagazineStore::new(1, Addressing::Index)));
    let stack = Treiber::<Sleepy>::new(BITS, TagPolicy::Refuse);
    let stack: &'static _ = Box::leak(Box::new(stack));
    let (below, top) = (magazine(store, 0, &mut regions), magazine(store, 1, &mut regions));
    let name_below = below.name();
    stack.push(below);
    stack.push(top);
    // SAFETY: all magazines are of this store, and the tag does not wrap.
    let pop = || unsafe { stack.remove(Take::One, store, &()) }.next();
    MEANWHILE.set(Some(Box::new(move || {
        let mut top = pop().expect("the upper magazine");
        let _taken = pop().expect("the lower magazine");
        stack.push(top);
        for _ in 2..1 << BITS {
            top = match pop() {
                Some(top) => top,
                None => return,
            };
            stack.push(top);
        }
    })));
    let slept = pop().map(|magazine| magazine.name());
    let next = pop().map(|magazine| magazine.name());
    assert!(
        slept != Some(name_below) && next != Some(name_below),
        "the lower magazine was taken twice: {slept:?}, {next:?}"
    );
}

#[test]
fn removals_end_with_the_tags() {
    for_widths::<TaggedPacked<3>, TaggedWide<3>>(3);
    for_widths::<TaggedPacked<6>, TaggedWide<6>>(6);
    for_widths::<TaggedPacked<10>, TaggedWide<10>>(10);
}

fn for_widths<P: Strategy, W: Strategy>(bits: u32)
where
    for<'g> P::List: MagazineList<Guard<'g> = ()>,
    for<'g> W::List: MagazineList<Guard<'g> = ()>,
{
    run_out::<P>(bits);
    run_out::<W>(bits);
}

fn run_out<S: Strategy>(bits: u32)
where
    for<'g> S::List: MagazineList<Guard<'g> = ()>,
{
    let (mechanism, mut regions) = (mechanism::<S>(), regions());
    let (store, list) = (MagazineStore::new(1, mechanism.addressing), S::list(&mechanism));
    list.push(magazine(&store, 0, &mut regions));
    let mut removals = 0_u64;
    // SAFETY: all magazines are of this store, and the strategies need no pin.
    while let Some(magazine) = unsafe { list.pop(&store, &()) } {
        list.push(magazine);
        removals += 1;
        assert!(removals < 1 << bits, "a tag of {bits} bits came back");
        let half = (1 << bits) / 2 - 1;
        assert_eq!(list.refuses(), removals >= half, "after {removals} removals");
    }
    assert_eq!(removals, (1 << bits) - 1, "each tag is for use");
    for take in [Take::UpTo(8), Take::All] {
        // SAFETY: as above.
        assert!(unsafe { list.remove(take, &store, &()) }.is_empty());
    }
    assert!(list.refuses());
    // SAFETY: as above, and nobody else is here.
    let left = unsafe { list.take_all_alone(&store, &()) };
    assert_eq!(left.count(), 1, "the magazine is still there");
}

/// Each request comes from another thread, which looked whether the pool refuses before the first
/// of them was through: none of these looks counts any more.
#[test]
fn any_number_of_threads_past_the_look_takes_no_block_twice() {
    // The mediator's requests of one block out of a larger magazine put the magazine back where it
    // was.
    for (batch, ask) in [(Batch::fixed(1), 1), (Batch::fixed(4), 4), (Batch { min: 1, max: 4 }, 1)]
    {
        past_the_look::<TaggedPacked<5>>(batch, ask);
        past_the_look::<TaggedWide<5>>(batch, ask);
    }
}

fn past_the_look<S: Strategy>(batch: Batch, ask: usize) {
    const BLOCKS: usize = 4;
    let mut regions = regions();
    let mediator = Mediator::<S>::new(batch, 1, &mechanism::<S>());
    for index in 0..BLOCKS + 2 {
        // SAFETY: of the mediator's store.
        unsafe { mediator.add_magazine(magazine(mediator.store(), index, &mut regions)) };
    }
    for index in 0..if batch.grows() { BLOCKS } else { 0 } {
        let index = BLOCKS + 2 + index;
        // SAFETY: of the mediator's store.
        unsafe { mediator.add_magazine(large_magazine(mediator.store(), index, &mut regions)) };
    }
    let memory = regions.obtain(Layout::new::<[u8; BLOCKS]>()).unwrap();
    // SAFETY: within the room.
    let block = |nth| Block::from(unsafe { memory.add(nth) });
    let mut held: BTreeSet<Block> = (0..BLOCKS).map(block).collect();
    let (participant, shard) = (mediator.join(), mediator.shard_id(0));
    // SAFETY: the participant has joined this mediator.
    let client = unsafe { mediator.client(&participant, shard) };
    let mut refused = false;
    for round in 0..1000 {
        // What is held goes back in pieces of all sizes.
        let piece = if batch.max == 1 { 1 } else { 1 + round % batch.max };
        let back: Vec<Block> = held.iter().take(piece).copied().collect();
        held.retain(|&held| !back.contains(&held));
        let is_large =
            back.len() > batch.min && client.offer_large(|| Ok::<_, Infallible>(&back)) == Ok(true);
        if !is_large {
            back.chunks(batch.min).for_each(|batch| client.offer(batch));
        }
        let mut room = vec![MaybeUninit::uninit(); ask];
        let count = client.request(Take::UpTo(room.len()), &mut room);
        for block in &room[..count] {
            // SAFETY: so many were written.
            let block = unsafe { block.assume_init() };
            assert!(held.insert(block), "a block was handed out twice");
        }
        assert!(mediator.refuses() || !refused, "tags began again");
        refused = mediator.refuses();
    }
    assert!(refused, "5 bits must run out");
}

/// A census takes all magazines and puts them back, and nobody else is there: that needs no tag.
#[test]
fn a_census_uses_no_tags_up() {
    let builder = Pool::builder(Layout::new::<u64>()).strategy::<TaggedPacked<8>>().batch(2);
    let mut pool = builder.tag_policy(TagPolicy::Refuse).build().unwrap();
    pool.prefill(8, 1).unwrap();
    for _ in 0..1000 {
        assert_eq!(pool.census().free_blocks(), 8, "a census loses blocks");
    }
    assert!(pool.local().unwrap().allocate().is_ok());
}

/// A pool out of tags carves nothing either: what it carved could not be put into a magazine.
#[test]
fn a_pool_that_refuses_does_not_grow() {
    let builder = Pool::builder(Layout::new::<u64>()).strategy::<TaggedPacked<8>>().batch(2);
    let pool = builder.tag_policy(TagPolicy::Refuse).chunk_blocks(2).build().unwrap();
    let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
    while let Ok(block) = one.allocate() {
        // SAFETY: just allocated; the other handle is on the same thread.
        unsafe { other.deallocate(block) };
    }
    let carved = pool.stats().carved_blocks;
    assert_eq!(pool.prefill(carved + 2, 0), Err(stampool::AllocError::TagsExhausted));
    assert_eq!(pool.stats().carved_blocks, carved);
}
