//! Magazines without a pool.

use stampool::raw::chunk::Regions;
use stampool::raw::free_list::{Magazine, MagazineStore, OwnedMagazine};

/// Makes magazine number `index` of `store`, alone or under a lock.
///
/// # Panics
/// Without memory.
pub(crate) fn make_magazine<'s>(
    store: &'s MagazineStore,
    index: usize,
    regions: &mut Regions,
) -> OwnedMagazine<'s> {
    // SAFETY: by the caller nobody else makes magazines.
    let names = unsafe { store.names_missing(index + 1) }.expect("a few magazines");
    if names.size() > 0 {
        let room = regions.obtain(names).expect("memory");
        // SAFETY: by the caller nobody else makes magazines; the room is the store's.
        unsafe { store.add_names(index + 1, room) };
    }
    let layout = Magazine::layout(store.room()).expect("a small magazine");
    let room = regions.obtain(layout).expect("memory");
    // SAFETY: as above, with a name; the room is the magazine's.
    unsafe { store.create(index, room) }
}
