//! Magazines without a pool.

use core::alloc::Layout;
use core::ptr::NonNull;

use stampool::raw::chunk::Regions;
use stampool::raw::free_list::{Magazine, MagazineStore, OwnedMagazine};
use stampool::raw::mediator::Mediator;
use stampool::{Strategy, SystemSource};

/// Makes magazine number `index` of `store`, an ordinary one, alone or under a lock.
///
/// # Panics
/// Without memory.
pub(crate) fn make_magazine<'s>(
    store: &'s MagazineStore,
    index: usize,
    regions: &mut Regions<SystemSource>,
) -> OwnedMagazine<'s> {
    let layout = Magazine::layout(store.room()).expect("a small magazine");
    let room = named_room(store, index, layout, regions);
    // SAFETY: by the caller nobody else makes magazines; it has a name, and the room is its own.
    unsafe { store.create(index, room) }
}

/// Adds so many ordinary magazines to a mediator that has none, and so many large ones if its batches
/// grow.
///
/// # Panics
/// Without memory.
pub(crate) fn stock<S: Strategy>(
    mediator: &Mediator<S>,
    ordinary: usize,
    large: usize,
    regions: &mut Regions<SystemSource>,
) {
    let store = mediator.store();
    for index in 0..ordinary {
        // SAFETY: of the mediator's store.
        unsafe { mediator.add_magazine(make_magazine(store, index, regions)) };
    }
    let large = if mediator.batch().grows() { large } else { 0 };
    for index in ordinary..ordinary + large {
        let layout = Magazine::layout(store.large_room()).expect("a small magazine");
        let room = named_room(store, index, layout, regions);
        // SAFETY: nobody else makes magazines; it has a name, and the room is its own.
        let magazine = unsafe { store.create_large(index, room) };
        // SAFETY: of the mediator's store.
        unsafe { mediator.add_magazine(magazine) };
    }
}

/// Gives magazine number `index` a name, and returns room for it.
fn named_room(
    store: &MagazineStore,
    index: usize,
    layout: Layout,
    regions: &mut Regions<SystemSource>,
) -> NonNull<u8> {
    // SAFETY: by the caller nobody else makes magazines.
    let names = unsafe { store.names_missing(index + 1) }.expect("a few magazines");
    if names.size() > 0 {
        let room = regions.obtain(names).expect("memory");
        // SAFETY: by the caller nobody else makes magazines; the room is the store's.
        unsafe { store.add_names(index + 1, room) };
    }
    regions.obtain(layout).expect("memory")
}
