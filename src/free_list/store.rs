//! The shells of one pool: how they are made, named and found again.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::shell::{OwnedShell, Shell, ShellRef};
use crate::chunk::Directory;
use crate::error::AllocError;

/// How links and heads name shells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// By exposed address.
    Address,
    /// By index in a directory, 32 bits at most.
    Index,
}

/// The shells of one pool. Shells are made and never unmade before the store is dropped.
pub struct ShellStore {
    room: usize,
    addressing: Addressing,
    directory: Directory<Shell>,
}

// SAFETY: what is reachable from the store by `&self` is atomic, or written once before it is
// published (see `Directory`); making shells is under the growth lock by contract.
unsafe impl Send for ShellStore {}
// SAFETY: as above.
unsafe impl Sync for ShellStore {}

impl ShellStore {
    /// A store of shells with room for so many blocks each.
    pub fn new(room: usize, addressing: Addressing) -> Self {
        Self { room, addressing, directory: Directory::default() }
    }

    /// Blocks that a shell has room for.
    #[inline]
    pub const fn room(&self) -> usize {
        self.room
    }

    /// Room that is missing to name the first `count` shells, for [`add_names`](Self::add_names).
    /// Of size 0 where there is enough.
    ///
    /// # Errors
    ///
    /// [`AllocError::ShellsExhausted`].
    pub fn names_missing(&self, count: usize) -> Result<Layout, AllocError> {
        match self.addressing {
            Addressing::Address => Ok(Layout::new::<()>()),
            Addressing::Index if count > Directory::<Shell>::LIMIT => {
                Err(AllocError::ShellsExhausted)
            }
            Addressing::Index => Ok(self.directory.missing(count)),
        }
    }

    /// Sees to it that the first `count` shells can be named.
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

    /// Makes shell number `index`.
    ///
    /// # Panics
    ///
    /// If `index` is beyond 32 bits, which `names_missing` refuses.
    ///
    /// # Safety
    ///
    /// Under the growth lock, with rising indices, once it can be named. `room` has
    /// [`Shell::layout`] and belongs to the new shell until the store is dropped.
    pub unsafe fn create(&self, index: usize, room: NonNull<u8>) -> OwnedShell<'_> {
        let shell = room.cast::<Shell>();
        let index_bits = match self.addressing {
            Addressing::Address => 0,
            Addressing::Index => u32::try_from(index).expect("named, so below the limit"),
        };
        // SAFETY: by the caller the room is aligned, large enough and unused.
        unsafe { shell.write(Shell::new(index_bits)) };
        match self.addressing {
            // Links and heads recover the address in `resolve`.
            Addressing::Address => _ = shell.as_ptr().expose_provenance(),
            // SAFETY: by the caller: locked, rising, with a name, not published yet.
            Addressing::Index => unsafe { self.directory.register(index, shell) },
        }
        // SAFETY: made here, in no list.
        unsafe { OwnedShell::assume(shell, self) }
    }

    /// The name of a shell.
    #[inline]
    pub(super) fn name(&self, shell: NonNull<Shell>) -> ShellRef {
        match self.addressing {
            Addressing::Address => ShellRef::from_address(shell.addr().get()),
            // SAFETY: shells live as long as the store; `index` never changes.
            Addressing::Index => ShellRef::from_index(unsafe { shell.as_ref() }.index),
        }
    }

    /// The shell of a name, `None` for none. The one place where addresses become pointers.
    ///
    /// # Safety
    ///
    /// The name is of a shell of this store, and was met in a head or a link by an acquiring load.
    #[inline]
    pub(super) unsafe fn resolve(&self, name: ShellRef) -> Option<NonNull<Shell>> {
        match name.index() {
            // SAFETY: by the caller, the index was published here and is acquired.
            Some(index) => Some(unsafe { self.directory.get(index as usize) }),
            // Exposed in `create`.
            None => NonNull::new(core::ptr::with_exposed_provenance_mut(name.address())),
        }
    }

    /// The shell of a name, as anyone may see it: its link and count, not its blocks.
    ///
    /// # Safety
    ///
    /// The name is of a shell of this store, and was met in a head or a link by an acquiring load.
    #[inline]
    pub unsafe fn peek(&self, name: ShellRef) -> Option<&Shell> {
        // SAFETY: by the caller.
        let shell = unsafe { self.resolve(name) };
        // SAFETY: shells live as long as the store, and heads are only shared, never `&mut`.
        shell.map(|shell| unsafe { shell.as_ref() })
    }
}
