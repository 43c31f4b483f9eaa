//! Magazines: the descriptors in which blocks travel between threads.
//!
//! No link is stored in a block's own bytes. A thread with a stale head may read a link at any
//! time, and the block's user may write the bytes at any time. A magazine is never freed before the
//! pool is dropped, so a stale reader always reads a magazine, whichever thread owns it by then.
//!
//! # Who may touch what
//!
//! | field | owner of the magazine | any thread that has met its name |
//! |---|---|---|
//! | `link` | writes before publishing, reads after taking | reads; a removal's CAS validates |
//! | `count` | writes before publishing, reads after taking; stale once unloaded | reads; a removal's CAS validates |
//! | `index`, `created` | reads | reads |
//! | the blocks behind it | reads and writes | never |

use core::alloc::Layout;

use crate::block::{Block, LINE};
use crate::sync::{AtomicU32, AtomicUsize, UnsafeCell, Witness, opaque, site};

/// Head of a magazine. Its array follows it in memory. An ordinary magazine has room for the
/// smallest batch, a large one for the largest batch.
#[repr(C)]
pub struct Magazine {
    pub(super) link: AtomicUsize,
    pub(super) count: AtomicU32,
    /// Index in the directory, if the pool addresses magazines by index, and otherwise 0. The
    /// highest bit ([`LARGE`]) is set in a large magazine; indices do not reach it.
    pub(super) index: u32,
    /// Asserts, under loom and porf, that a thread that reaches the magazine has acquired its
    /// creation.
    pub(super) created: Witness,
    /// Guards the whole array behind the head.
    pub(super) blocks: UnsafeCell<()>,
}

opaque! { [] Magazine; }

/// Marks a large magazine.
pub(super) const LARGE: u32 = 1 << 31;

/// What a link or a head holds: no magazine, a magazine's address, or its index.
///
/// Addresses are even; an index i is stored as 2i + 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MagazineRef(pub(super) usize);

impl MagazineRef {
    /// No magazine.
    pub const NONE: Self = Self(0);

    /// The magazine with this directory index.
    #[inline]
    pub const fn from_index(index: u32) -> Self {
        Self((index as usize) << 1 | 1)
    }

    /// Whether there is no magazine.
    #[inline]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The address, if this is one; 0 for no magazine.
    #[inline]
    pub const fn address(self) -> usize {
        self.0
    }
}

impl Magazine {
    /// Layout of a magazine with room for `room` blocks, padded to cache lines, or `None` if it
    /// overflows.
    pub const fn layout(room: usize) -> Option<Layout> {
        let Ok(blocks) = Layout::array::<Block>(room) else { return None };
        let Ok((layout, offset)) = Layout::new::<Self>().extend(blocks) else { return None };
        debug_assert!(offset == size_of::<Self>(), "the blocks follow the head directly");
        // Keeps neighbouring magazines on different cache lines.
        match layout.align_to(LINE) {
            Ok(layout) => Some(layout.pad_to_align()),
            Err(_) => None,
        }
    }

    /// The link, read by a thread that does not own the magazine. The magazine may be in another
    /// list by now; only the removal's CAS shows whether the link was the right one.
    #[inline]
    pub fn stale_link(&self) -> MagazineRef {
        self.created.acquired();
        // ORDERING(FL-6): Acquire. Observes the creation of the next magazine of a walk, which may
        //   have been made after the walker loaded the head.
        //   pairs with FL-2 (push: link, Release); killed by list/walk_growth
        MagazineRef(self.link.load(site::REMOVE_LINK.ordering()))
    }

    /// The count, read by a thread that does not own the magazine.
    #[inline]
    pub fn stale_count(&self) -> u32 {
        self.created.acquired();
        // ORDERING(FL-7): Relaxed. If the magazine is still in the list, its count is ordered by
        //   the head or the link that led here; if not, the CAS at FL-8 refuses the plan.
        self.count.load(site::REMOVE_COUNT.ordering())
    }
}
