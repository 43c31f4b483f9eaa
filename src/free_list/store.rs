//! The magazines of one pool: how they are made, named and found again.

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
    /// By index in a directory, 32 bits at most.
    Index,
}

/// The magazines of one pool. Magazines are made and never unmade before the store is dropped.
pub struct MagazineStore {
    room: usize,
    addressing: Addressing,
    directory: Directory<Magazine>,
}

// SAFETY: what is reachable from the store by `&self` is atomic, or written once before it is
// published (see `Directory`); making magazines is under the growth lock by contract.
unsafe impl Send for MagazineStore {}
// SAFETY: as above.
unsafe impl Sync for MagazineStore {}

impl MagazineStore {
    /// A store of magazines with room for so many blocks each.
    pub fn new(room: usize, addressing: Addressing) -> Self {
        Self { room, addressing, directory: Directory::default() }
    }

    /// Blocks that a magazine has room for.
    #[inline]
    pub const fn room(&self) -> usize {
        self.room
    }

    /// Room that is missing to name the first `count` magazines, for
    /// [`add_names`](Self::add_names). Of size 0 where there is enough.
    ///
    /// # Errors
    ///
    /// [`AllocError::MagazinesExhausted`].
    pub fn names_missing(&self, count: usize) -> Result<Layout, AllocError> {
        match self.addressing {
            Addressing::Address => Ok(Layout::new::<()>()),
            Addressing::Index if count > Directory::<Magazine>::LIMIT => {
                Err(AllocError::MagazinesExhausted)
            }
            Addressing::Index => Ok(self.directory.missing(count)),
        }
    }

    /// Sees to it that the first `count` magazines can be named.
    ///
    /// # Safety
    ///
    /// Under the growth lock since [`names_missing`](Self::names_missing) named the layout of
    /// `room`, which belongs to the store from here on.
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
    /// If `index` is beyond 32 bits, which `names_missing` refuses.
    ///
    /// # Safety
    ///
    /// Under the growth lock, with rising indices, once it can be named. `room` has
    /// [`Magazine::layout`] and belongs to the new magazine until the store is dropped.
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
        // SAFETY: made here, in no list.
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

    /// The magazine of a name, `None` for none. The one place where addresses become pointers.
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

    /// The magazine of a name, as anyone may see it: its link and count, not its blocks.
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
