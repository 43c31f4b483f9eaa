//! The magazines of one pool: how they are made, named and looked up.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::magazine::{Magazine, MagazineRef};
use crate::block::Batch;
use crate::chunk::Directory;
use crate::error::AllocError;
use crate::sync::{const_when_shipped, opaque};

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
    batch: Batch,
    pub(super) addressing: Addressing,
    pub(super) directory: Directory<Magazine>,
}

opaque! { [] MagazineStore; }

// SAFETY: everything reachable through `&self` is atomic, or is written once before it is published
// (see `Directory`). By contract magazines are made under the growth lock.
unsafe impl Send for MagazineStore {}
// SAFETY: as above.
unsafe impl Sync for MagazineStore {}

impl MagazineStore {
    /// A store of magazines for such batches: an ordinary one has room for the smallest batch, and
    /// a large one for the largest.
    pub fn new(batch: impl Into<Batch>, addressing: Addressing) -> Self {
        Self::of(batch.into(), addressing)
    }

    const_when_shipped! {
        /// As [`new`](Self::new).
        pub fn of(batch: Batch, addressing: Addressing) -> Self {
            Self { batch, addressing, directory: Directory::new() }
        }
    }

    /// The number of blocks for which an ordinary magazine has room.
    #[inline]
    pub const fn room(&self) -> usize {
        self.batch.min
    }

    /// The number of blocks for which a large magazine has room.
    #[inline]
    pub const fn large_room(&self) -> usize {
        self.batch.max
    }

    /// The layout of the memory that [`add_names`](Self::add_names) needs so that the first `count`
    /// magazines can be named. Its size is 0 if there is enough already.
    ///
    /// # Errors
    ///
    /// [`AllocError::MagazinesExhausted`] if there are more magazines than indices.
    ///
    /// # Safety
    ///
    /// The caller holds the growth lock.
    pub unsafe fn names_missing(&self, count: usize) -> Result<Layout, AllocError> {
        match self.addressing {
            Addressing::Address => Ok(Layout::new::<()>()),
            Addressing::Index if count > Directory::<Magazine>::LIMIT => {
                Err(AllocError::MagazinesExhausted)
            }
            // SAFETY: by the caller.
            Addressing::Index => Ok(unsafe { self.directory.missing(count) }),
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

    /// The magazine that has this name, or `None` for the name of none. A thread that does not own
    /// it may read link and count, not the blocks. This is the only place where addresses become
    /// pointers.
    ///
    /// # Safety
    ///
    /// The name is of a magazine of this store, and was met in a head or a link by an acquiring
    /// load.
    #[inline]
    pub unsafe fn resolve(&self, name: MagazineRef) -> Option<NonNull<Magazine>> {
        if name.0 & 1 == 1 {
            // SAFETY: by the caller, the index was published here and is acquired.
            return Some(unsafe { self.directory.get(name.0 >> 1) });
        }
        // Exposed in `create`.
        NonNull::new(core::ptr::with_exposed_provenance_mut(name.0))
    }
}
