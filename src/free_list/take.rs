//! What a removal takes.

use super::magazine::MagazineRef;
use super::store::MagazineStore;

/// What a removal takes of a list, in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// The top magazine.
    One,
    /// Magazines from the top on, as long as they hold at most so many blocks together. Magazines
    /// without blocks are not taken.
    UpTo(usize),
    /// All magazines.
    All,
}

impl Take {
    /// What to take from a stack whose top magazine has the name `top`: how many magazines, and
    /// which one is on top afterwards. `None` if the stack is empty or there is nothing to take.
    ///
    /// The walk may read magazines that other threads have taken meanwhile, unless a lock excludes
    /// them; the removal's CAS then fails.
    ///
    /// # Safety
    ///
    /// The name was met in a head by an acquiring load, or under the lock of the stack.
    // Codegen: C9 (papers/codegen.md).
    #[inline(always)]
    pub(super) unsafe fn plan(
        self,
        top: MagazineRef,
        store: &MagazineStore,
    ) -> Option<(usize, MagazineRef)> {
        let (mut rest, mut magazines, mut blocks) = (top, 0, 0);
        // SAFETY: the top by the caller; the others were met in a link, by an acquiring load.
        while let Some(magazine) = unsafe { store.resolve(rest) } {
            // SAFETY: magazines live as long as the store, and heads are only shared, never `&mut`.
            let magazine = unsafe { magazine.as_ref() };
            let max_blocks = match self {
                Self::One => return Some((1, magazine.stale_link())),
                Self::All => return Some((usize::MAX, MagazineRef::NONE)),
                Self::UpTo(blocks) => blocks,
            };
            let count = magazine.stale_count() as usize;
            // A count of zero means that a stale walk has met a new magazine. The walk stops, and
            // the CAS will fail. Every other count, stale or not, brings the walk nearer to its
            // end.
            if count == 0 || blocks + count > max_blocks {
                break;
            }
            magazines += 1;
            blocks += count;
            rest = magazine.stale_link();
            if blocks == max_blocks {
                break;
            }
        }
        (magazines > 0).then_some((magazines, rest))
    }
}
