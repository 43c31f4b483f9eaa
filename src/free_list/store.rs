//! The magazines of one pool: how they are made, named and looked up.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::magazine::{Magazine, MagazineRef, OwnedMagazine};
use crate::chunk::Directory;
use crate::error::AllocError;

/// How links and heads name magazines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// By exposed address.
    Address,
    /// By index in a directory, of at most 32 bits.
    Index,
}

/// The magazines of one pool. A magazine that is made exists until the store is dropped.
pub struct MagazineStore {
    room: usize,
    addressing: Addressing,
    directory: Directory<Magazine>,
}

// SAFETY: everything reachable through `&self` is atomic, or is written once before it is published
// (see `Directory`). By contract magazines are made under the growth lock.
unsafe impl Send for MagazineStore {}
// SAFETY: as above.
unsafe impl Sync for MagazineStore {}

impl MagazineStore {
    /// A store of magazines that have room for `room` blocks each.
    pub fn new(room: usize, addressing: Addressing) -> Self {
        Self { room, addressing, directory: Directory::default() }
    }

    /// The number of blocks for which a magazine has room.
    #[inline]
    pub const fn room(&self) -> usize {
        self.room
    }

    /// The layout of the memory that [`add_names`](Self::add_names) needs so that the first `count`
    /// magazines can be named. Its size is 0 if there is enough already.
    ///
    /// # Errors
    ///
    /// [`AllocError::MagazinesExhausted`] if there are more magazines than indices.
    pub fn names_missing(&self, count: usize) -> Result<Layout, AllocError> {
        match self.addressing {
            Addressing::Address => Ok(Layout::new::<()>()),
            Addressing::Index if count > Directory::<Magazine>::LIMIT => {
                Err(AllocError::MagazinesExhausted)
            }
            Addressing::Index => Ok(self.directory.missing(count)),
        }
    }

    /// Makes it possible to name the first `count` magazines.
    ///
    /// # Safety
    ///
    /// The caller has held the growth lock since [`names_missing`](Self::names_missing) returned
    /// the layout of `room`. `room` belongs to the store from now on.
    pub unsafe fn add_names(&self, count: usize, room: NonNull<u8>) {
        if self.addressing == Addressing::Index {
            // SAFETY: by the caller.
            unsafe { self.directory.install(count, room) };
        }
    }

    /// Makes magazine number `index`.
    ///
    /// # Panics
    ///
    /// If `index` does not fit into 32 bits; `names_missing` refuses such a number before.
    ///
    /// # Safety
    ///
    /// The caller holds the growth lock, passes rising indices, and has called `add_names` for this
    /// one. `room` has [`Magazine::layout`] and belongs to the new magazine until the store is
    /// dropped.
    pub unsafe fn create(&self, index: usize, room: NonNull<u8>) -> OwnedMagazine<'_> {
        let magazine = room.cast::<Magazine>();
        let index_bits = match self.addressing {
            Addressing::Address => 0,
            Addressing::Index => u32::try_from(index).expect("named, so below the limit"),
        };
        // SAFETY: by the caller the room is aligned, large enough and unused.
        unsafe { magazine.write(Magazine::new(index_bits)) };
        match self.addressing {
            // Links and heads recover the address in `resolve`.
            Addressing::Address => _ = magazine.as_ptr().expose_provenance(),
            // SAFETY: by the caller: locked, rising, with a name, not published yet.
            Addressing::Index => unsafe { self.directory.register(index, magazine) },
        }
        // SAFETY: just made, and in no list.
        unsafe { OwnedMagazine::assume(magazine, self) }
    }

    /// The name of a magazine.
    #[inline]
    pub(super) fn name(&self, magazine: NonNull<Magazine>) -> MagazineRef {
        match self.addressing {
            Addressing::Address => MagazineRef::from_address(magazine.addr().get()),
            // SAFETY: magazines live as long as the store; `index` never changes.
            Addressing::Index => MagazineRef::from_index(unsafe { magazine.as_ref() }.index),
        }
    }

    /// The magazine that has this name, or `None` for the name of none. The only place where
    /// addresses become pointers.
    ///
    /// # Safety
    ///
    /// The name is of a magazine of this store, and was met in a head or a link by an acquiring
    /// load.
    #[inline]
    pub(super) unsafe fn resolve(&self, name: MagazineRef) -> Option<NonNull<Magazine>> {
        match name.index() {
            // SAFETY: by the caller, the index was published here and is acquired.
            Some(index) => Some(unsafe { self.directory.get(index as usize) }),
            // Exposed in `create`.
            None => NonNull::new(core::ptr::with_exposed_provenance_mut(name.address())),
        }
    }

    /// The magazine that has this name, for a thread that does not own it: the thread may read link
    /// and count, not the blocks.
    ///
    /// # Safety
    ///
    /// The name is of a magazine of this store, and was met in a head or a link by an acquiring
    /// load.
    #[inline]
    pub unsafe fn peek(&self, name: MagazineRef) -> Option<&Magazine> {
        // SAFETY: by the caller.
        let magazine = unsafe { self.resolve(name) };
        // SAFETY: magazines live as long as the store, and heads are only shared, never `&mut`.
        magazine.map(|magazine| unsafe { magazine.as_ref() })
    }
}
