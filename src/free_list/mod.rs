//! Lists of shells that any thread may push to and take from, and the strategies against ABA.
//!
//! A [`Strategy`] names the list and says, when a pool is built, how it will work on this machine
//! ([`Plan`]). One Treiber algorithm ([`Treiber`]) serves all tagged strategies; [`LockedList`] is
//! the honest baseline.

mod head;
mod locked;
mod shell;
mod store;
mod tagged;
mod treiber;

pub use head::{Head, HeadWord, PackedHead, WideHead};
pub use locked::{Locked, LockedList};
pub use shell::{Chain, MaybeBlock, OwnedShell, Shell, ShellRef};
pub use store::{Addressing, ShellStore};
pub use tagged::{TaggedList, TaggedPacked, TaggedWide};
pub use treiber::Treiber;

use crate::block::TagWidth;
use crate::error::BuildError;
use crate::sync::is_lock_free_u128;

/// A list of shells.
///
/// All operations may be called from any number of threads; `store` is the store that all shells
/// of the list come from.
///
/// # Safety
///
/// What a removal returns was pushed to this list, is not in it any more, and is returned to nobody
/// else.
pub unsafe trait ShellList: Send + Sync {
    /// Puts a shell on top.
    fn push(&self, shell: OwnedShell<'_>);

    /// Takes the top shell. `None` means that the list was seen empty by an RMW.
    fn pop<'s>(&self, store: &'s ShellStore) -> Option<OwnedShell<'s>>;

    /// Takes shells from the top in one step, as many as together hold at most `max_blocks`
    /// blocks. Shells that hold none are not taken. Nothing taken means that the list was seen
    /// empty, or with too large a shell on top, by an RMW.
    fn pop_up_to<'s>(&self, store: &'s ShellStore, max_blocks: usize) -> Chain<'s>;

    /// Takes all shells in one step.
    fn take_all<'s>(&self, store: &'s ShellStore) -> Chain<'s>;

    /// Whether removals for allocation are refused, since the tag must not wrap
    /// ([`TagPolicy::Refuse`]).
    fn refuses(&self) -> bool;
}

/// What to do when a tag has run through its width.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TagPolicy {
    /// Begin again at zero. A popper that sleeps, between its load and its CAS, through exactly a
    /// multiple of 2^bits removals from the same list may then succeed with a stale link. At ten
    /// million exchanges per second 32 bits wrap in 7.2 minutes; an exchange moves a whole batch.
    #[default]
    Wrap,
    /// Refuse allocation with [`AllocError::TagsExhausted`](crate::AllocError::TagsExhausted) once
    /// half of the tags are used. The other half is kept for frees, which never fail: from then on
    /// no block leaves the shells, and putting one block in costs at most two removals from a
    /// list; so a pool that refuses carves no more blocks than an eighth of its tags. Each handle
    /// may overshoot by one exchange: use fewer handles than a sixteenth of the tags.
    Refuse,
}

/// Whether the machine can exchange 128 bits without a lock. Asked when a pool is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DoubleWidthCas {
    /// Ask the machine.
    #[default]
    Detect,
    /// Take it as absent, whatever the machine has.
    Absent,
}

impl DoubleWidthCas {
    /// The answer.
    pub fn is_present(self) -> bool {
        self == Self::Detect && is_lock_free_u128()
    }
}

/// What a pool asks of its strategy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Requirements {
    /// Whether 128 bits can be exchanged.
    pub double_width_cas: DoubleWidthCas,
    /// Refuse to build what would block, instead of falling back.
    pub strict: bool,
    /// What to do when a tag has run out.
    pub tag_policy: TagPolicy,
    /// Let tags narrower than 32 bits wrap, for experiments: blocks may then be handed out twice.
    pub narrow_tags: bool,
}

/// How a strategy works on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Name of what is really used: the fallback's, where one had to be taken.
    pub name: &'static str,
    /// Whether pushing and taking shells is lock-free. Growth never is: it calls the source.
    pub lock_free: bool,
    /// How shells are named.
    pub addressing: Addressing,
    /// Bits of the tag, 0 where there is none.
    pub tag_bits: u32,
    /// What happens when the tag has run through its width.
    pub tag_policy: TagPolicy,
}

impl Plan {
    /// The most blocks that the pool may carve, so that [`TagPolicy::Refuse`] holds.
    pub fn max_blocks(&self) -> usize {
        match self.tag_policy {
            TagPolicy::Wrap => usize::MAX,
            TagPolicy::Refuse => {
                let tags = u128::from(TagWidth::new(self.tag_bits).max()) + 1;
                usize::try_from(tags / 8).unwrap_or(usize::MAX)
            }
        }
    }
}

/// How a pool's lists withstand ABA.
///
/// # Safety
///
/// Each [`list`](Self::list) is a fresh one, of its own, and holds to the plan: to its addressing
/// above all. It withstands ABA for as long as the plan says.
pub unsafe trait Strategy: Sized + 'static {
    /// Name of the strategy as chosen. [`Plan::name`] is what is really used.
    const NAME: &'static str;

    /// Its list.
    type List: ShellList;

    /// Says how it will work.
    ///
    /// # Errors
    ///
    /// [`BuildError::NotLockFree`] where lock freedom is demanded and cannot be had.
    fn plan(requirements: Requirements) -> Result<Plan, BuildError>;

    /// An empty list for a plan of this strategy.
    fn list(plan: &Plan) -> Self::List;
}
