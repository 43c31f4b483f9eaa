//! Lists of magazines that any thread may push to and take from, and the strategies against ABA.
//!
//! A [`Strategy`] names the list and says, when a pool is built, how it will work on this machine
//! ([`Mechanism`]). One Treiber algorithm ([`Treiber`]) serves them all. Two camps against ABA:
//!
//! - a nonce beside the pointer: [`TaggedWide`], [`TaggedPacked`];
//! - no recycling before a safe point: [`Deferred`] by a [`Reclaimer`] ([`Epoch`]:
//!   [`EpochDeferred`]),
//!   [`Quiescent`] by counting poppers.
//!
//! [`Locked`] is the honest baseline.

mod chain;
mod deferred;
mod epoch;
mod head;
mod locked;
mod magazine;
mod quiescent;
mod reclaim;
mod store;
mod tagged;
mod treiber;

pub use chain::Chain;
pub use deferred::{Deferred, DeferredList};
pub use epoch::{Epoch, EpochDeferred};
pub use head::{BareHead, Head, HeadWord, PackedHead, WideHead};
pub use locked::{Locked, LockedList};
pub use magazine::{Magazine, MagazineRef, MaybeBlock, OwnedMagazine, Reuse};
pub use quiescent::{Quiescent, QuiescentList};
pub use reclaim::{Guard, Immediate, Reclaimer};
pub use store::{Addressing, MagazineStore};
pub use tagged::{TaggedList, TaggedPacked, TaggedWide};
pub use treiber::Treiber;

use crate::block::TagWidth;
use crate::error::BuildError;
use crate::sync::is_lock_free_u128;

/// A list of magazines.
///
/// All operations may be called from any number of threads; `store` is the store that all magazines
/// of the list come from, `guard` a pin of the reclaimer that says when they come back.
///
/// # Safety
///
/// What a removal returns was pushed to this list, is not in it any more, and is returned to no
/// other thread else.
pub unsafe trait MagazineList: Send + Sync {
    /// What a removal asks of its caller.
    type Guard<'g>: Guard;

    /// Puts a magazine in.
    fn push(&self, magazine: OwnedMagazine<'_>);

    /// Takes a magazine: the top one, where the list is one stack. `None` means that the list was
    /// empty at one instant, and seen so by an RMW or under a lock; or, as for all removals, that
    /// no tag is left ([`refuses`](Self::refuses)).
    fn pop<'s>(
        &self,
        store: &'s MagazineStore,
        guard: &Self::Guard<'_>,
    ) -> Option<OwnedMagazine<'s>>;

    /// Takes magazines in one step, as many as together hold at most `max_blocks` blocks. Magazines
    /// that hold none are not taken. Nothing taken means that the list was empty, or with too large
    /// a magazine on top, at one instant, as for [`pop`](Self::pop).
    fn pop_up_to<'s>(
        &self,
        store: &'s MagazineStore,
        max_blocks: usize,
        guard: &Self::Guard<'_>,
    ) -> Chain<'s>;

    /// Takes all magazines in one step.
    fn take_all<'s>(&self, store: &'s MagazineStore, guard: &Self::Guard<'_>) -> Chain<'s>;

    /// Takes all magazines in one step, also where no tag is left for a removal.
    ///
    /// # Safety
    ///
    /// The caller is alone with the list: no thread is in the middle of an operation on it, and no
    /// thread begins one meanwhile.
    unsafe fn take_all_alone<'s>(
        &self,
        store: &'s MagazineStore,
        guard: &Self::Guard<'_>,
    ) -> Chain<'s> {
        self.take_all(store, guard)
    }

    /// Whether removals for allocation are refused, since the tag must not wrap
    /// ([`TagPolicy::Refuse`]). If so, it stays so.
    fn refuses(&self) -> bool;

    /// How often a removal took a lock because another one was in flight.
    fn overflows(&self) -> u64 {
        0
    }

    /// How often a CAS of a head came too late and had to be tried again.
    fn cas_failures(&self) -> u64 {
        0
    }

    /// Runs `f` as a removal that is held up. For harnesses that ask what a sleeping thread does to
    /// the others.
    fn linger(&self, f: &mut dyn FnMut()) {
        f();
    }
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
    /// half of the tags are used. A tag never comes back, whatever the number of threads.
    ///
    /// The other half is kept for frees, which never fail: from then on no block leaves the
    /// magazines, and putting one block in costs at most two removals from a list; so a pool that
    /// refuses carves no more blocks than an eighth of its tags.
    ///
    /// A thread that was past the check when half of the tags were used makes one more exchange,
    /// whose blocks cost as many tags again. If so many threads do at once that they use up all
    /// tags (a quarter of the tags, divided by twice the largest batch, is too few for that), then
    /// frees set their blocks aside: those are lost until the pool is dropped, and count as live.
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
#[derive(Clone, Copy, Debug)]
pub struct Requirements {
    /// Whether 128 bits can be exchanged.
    pub double_width_cas: DoubleWidthCas,
    /// Refuse to build what would block, instead of falling back.
    pub strict: bool,
    /// What to do when a tag has run out.
    pub tag_policy: TagPolicy,
    /// Let tags narrower than 32 bits wrap, for experiments: blocks may then be handed out twice.
    pub narrow_tags: bool,
    /// Magazines per handle that may wait for others to look away, where the strategy lets them
    /// wait.
    pub limbo_magazines: usize,
}

impl Default for Requirements {
    fn default() -> Self {
        Self {
            double_width_cas: DoubleWidthCas::default(),
            strict: false,
            tag_policy: TagPolicy::default(),
            narrow_tags: false,
            limbo_magazines: 16,
        }
    }
}

/// How a strategy works on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mechanism {
    /// Name of what is really used: the fallback's, where one had to be taken.
    pub name: &'static str,
    /// Whether pushing and taking magazines is lock-free, whatever other threads do. Growth never
    /// is: it calls the source.
    pub lock_free: bool,
    /// How magazines are named.
    pub addressing: Addressing,
    /// Bits of the tag, 0 where there is none.
    pub tag_bits: u32,
    /// What happens when the tag has run through its width.
    pub tag_policy: TagPolicy,
    /// Magazines per handle that may wait for others to look away.
    pub limbo_magazines: usize,
}

impl Mechanism {
    /// For lists of addresses without a tag, which take a lock now and then.
    ///
    /// # Errors
    ///
    /// [`BuildError::NotLockFree`] where lock freedom is demanded.
    fn untagged(
        strategy: &'static str,
        requirements: Requirements,
        limbo_magazines: usize,
    ) -> Result<Self, BuildError> {
        if requirements.strict {
            return Err(BuildError::NotLockFree { strategy });
        }
        Ok(Self {
            name: strategy,
            lock_free: false,
            addressing: Addressing::Address,
            tag_bits: 0,
            // There is no tag that could run out.
            tag_policy: TagPolicy::Wrap,
            limbo_magazines,
        })
    }

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
/// Each [`list`](Self::list) is a fresh one, of its own, and holds to the mechanism: to its
/// addressing above all. It withstands ABA for as long as the mechanism says.
pub unsafe trait Strategy: Sized + 'static {
    /// Name of the strategy as chosen. [`Mechanism::name`] is what is really used.
    const NAME: &'static str;

    /// Says when its magazines come back.
    type Reclaimer: Reclaimer;

    /// Its list.
    type List: for<'g> MagazineList<Guard<'g> = <Self::Reclaimer as Reclaimer>::Guard<'g>>;

    /// Says how it will work.
    ///
    /// # Errors
    ///
    /// [`BuildError::NotLockFree`] where lock freedom is demanded and cannot be had.
    fn mechanism(requirements: Requirements) -> Result<Mechanism, BuildError>;

    /// An empty list for a mechanism of this strategy.
    fn list(mechanism: &Mechanism) -> Self::List;
}
