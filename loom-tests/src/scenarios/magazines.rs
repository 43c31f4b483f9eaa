//! Magazines without a pool.

use core::alloc::Layout;
use core::ptr::NonNull;

use stampool::raw::chunk::Regions;
use stampool::raw::free_list::{Magazine, MagazineStore, OwnedMagazine};

/// Makes magazine number `index` of `store`, an ordinary one, alone or under a lock.
///
/// # Panics
/// Without memory.
pub(crate) fn make_magazine<'s>(
    store: &'s MagazineStore,
    index: usize,
    regions: &mut Regions,
) -> OwnedMagazine<'s> {
    let layout = Magazine::layout(store.room()).expect("a small magazine");
    let room = named_room(store, index, layout, regions);
    // SAFETY: by the caller nobody else makes magazines; it has a name, and the room is its own.
    unsafe { store.create(index, room) }
}

/// As [`make_magazine`], a large one.
///
/// # Panics
/// Without memory.
pub(crate) fn make_large_magazine<'s>(
    store: &'s MagazineStore,
    index: usize,
    regions: &mut Regions,
) -> OwnedMagazine<'s> {
    let layout = Magazine::layout(store.large_room()).expect("a small magazine");
    let room = named_room(store, index, layout, regions);
    // SAFETY: by the caller nobody else makes magazines; it has a name, and the room is its own.
    unsafe { store.create_large(index, room) }
}

/// Gives magazine number `index` a name, and returns room for it.
fn named_room(
    store: &MagazineStore,
    index: usize,
    layout: Layout,
    regions: &mut Regions,
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
