//! Lists of magazines to which any thread may push and from which any thread may take, and the
//! strategies against ABA.
//!
//! A [`Strategy`] names its list. When a pool is built, the strategy says how it will work on this
//! machine ([`Mechanism`]). One Treiber stack ([`Treiber`]) serves all lock-free lists. There are
//! two kinds of protection against ABA:
//!
//! - a tag beside the pointer, which every removal changes: [`TaggedWide`], [`TaggedPacked`];
//! - no reuse of a magazine before a safe point: [`Deferred`], whose [`Reclaimer`] finds the safe
//!   point ([`EpochDeferred`] is `Deferred<Epoch>`), and [`Quiescent`], which counts the threads
//!   that are removing.
//!
//! [`Locked`], a mutex, is the baseline.

mod chain;
mod deferred;
mod epoch;
mod head;
mod locked;
mod magazine;
mod owned;
mod quiescent;
mod reclaim;
mod store;
mod tagged;
mod take;
mod treiber;

pub use chain::Chain;
pub use deferred::{Deferred, DeferredList};
pub use epoch::{Epoch, EpochDeferred};
pub use head::{BareHead, Head, HeadWord, PackedHead, WideHead};
pub use locked::{Locked, LockedList};
pub use magazine::{Magazine, MagazineRef};
pub use owned::{OwnedMagazine, Reuse};
pub use quiescent::{Quiescent, QuiescentList};
pub use reclaim::{Guard, Immediate, Reclaimer};
pub use store::{Addressing, MagazineStore};
pub use tagged::{TaggedList, TaggedPacked, TaggedWide};
pub use take::Take;
pub use treiber::Treiber;

use crate::error::BuildError;
use crate::sync::is_lock_free_u128;

/// A list of magazines.
///
/// All operations may be called from any number of threads.
///
/// # Safety
///
/// As long as the callers of removals keep their contract, a magazine that a removal returns was
/// pushed to this list, is no longer in it, and is returned to one thread only.
pub unsafe trait MagazineList: Send + Sync {
    /// What a thread must hold during a removal.
    type Guard<'g>: Guard;

    /// Pushes a magazine. A removal may only be called if all magazines that were pushed are of one
    /// store.
    fn push(&self, magazine: OwnedMagazine<'_>);

    /// Removes what `take` says, in one step. A list of one stack gives the magazines from its top
    /// on. An empty chain means that at one instant the list was empty, or its top magazine held more
    /// than was to be taken, confirmed by an RMW or under a lock. It may also mean that no tag is left
    /// ([`TagPolicy::Refuse`]).
    ///
    /// # Safety
    ///
    /// Every magazine that was ever pushed to this list is of `store`, which names magazines as the
    /// list's mechanism does. `guard` is a pin of the reclaimer that decides when those magazines
    /// may be pushed again.
    unsafe fn remove<'s>(
        &self,
        take: Take,
        store: &'s MagazineStore,
        guard: &Self::Guard<'_>,
    ) -> Chain<'s>;

    /// Removes one magazine.
    ///
    /// # Safety
    ///
    /// As [`remove`](Self::remove).
    // Codegen: C9 (papers/codegen.md).
    #[inline(always)]
    unsafe fn pop<'s>(
        &self,
        store: &'s MagazineStore,
        guard: &Self::Guard<'_>,
    ) -> Option<OwnedMagazine<'s>> {
        // SAFETY: by the caller.
        unsafe { self.remove(Take::One, store, guard) }.next()
    }

    /// Takes all magazines in one step, even if no tag is left for a removal.
    ///
    /// # Safety
    ///
    /// As [`remove`](Self::remove), and the caller is alone with the list: no thread is in the
    /// middle of an operation on it, and no thread begins one meanwhile.
    unsafe fn take_all_alone<'s>(
        &self,
        store: &'s MagazineStore,
        guard: &Self::Guard<'_>,
    ) -> Chain<'s> {
        // SAFETY: by the caller.
        unsafe { self.remove(Take::All, store, guard) }
    }

    /// Takes the lock of the list, if it has one, and keeps it until
    /// [`give_up_locks`](Self::give_up_locks): for a fork, whose child must not find a lock in the
    /// hands of a thread that it does not have. If the calling thread uses the list meanwhile, it may
    /// wait for itself.
    ///
    /// # Safety
    ///
    /// The calling thread gives the lock up before the list is moved or dropped.
    unsafe fn keep_locks(&self) {}

    /// Gives the lock up.
    ///
    /// # Safety
    ///
    /// The calling thread keeps the lock of this list. In the child of a fork, the only thread counts
    /// as the thread that has forked.
    unsafe fn give_up_locks(&self) {}

    /// Whether removals for allocation are refused, because the tag must not wrap
    /// ([`TagPolicy::Refuse`]). Once true, it stays true.
    fn refuses(&self) -> bool;

    /// How often a removal took a lock because another one was in flight.
    fn overflows(&self) -> u64 {
        0
    }

    /// How often a CAS of the list's head failed and had to be tried again.
    fn cas_failures(&self) -> u64 {
        0
    }
}

/// What happens when a tag has taken every value of its width.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TagPolicy {
    /// The tag begins again at zero. If a thread then sleeps, between its load and its CAS, through
    /// exactly a multiple of 2^bits removals from the same list, its CAS may succeed with a stale
    /// link. At ten million removals per second 32 bits wrap in 7.2 minutes; each of these removals
    /// takes a whole batch.
    #[default]
    Wrap,
    /// The pool refuses allocation with
    /// [`AllocError::TagsExhausted`](crate::AllocError::TagsExhausted) once half of the tags of a
    /// list are used. A tag never comes back, whatever the number of threads.
    ///
    /// The other half is kept for frees, which never fail. Once the pool refuses, no block leaves
    /// the magazines any more, and putting one block in costs at most two removals from a list. A
    /// pool with this policy therefore carves no more blocks than an eighth of its tags.
    ///
    /// A thread that had passed the check just before half of the tags were used makes one more
    /// exchange, and the frees of its blocks cost tags again. If enough threads do this at the same
    /// time, all tags are used up; then frees set their blocks aside, and these blocks count as
    /// live and are lost until the pool is dropped. Fewer threads than a quarter of the tags,
    /// divided by twice the largest batch, cannot cause this.
    Refuse,
}

/// Whether the pool may use a lock-free 128-bit CAS. Decided when the pool is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DoubleWidthCas {
    /// If the machine has one.
    #[default]
    Detect,
    /// Never, even if the machine has one.
    Absent,
}

impl DoubleWidthCas {
    /// Whether the pool may use one on this machine.
    pub fn is_present(self) -> bool {
        self == Self::Detect && is_lock_free_u128()
    }
}

/// What a pool asks of its strategy.
#[derive(Clone, Copy, Debug)]
pub struct Requirements {
    /// Whether a 128-bit CAS may be used.
    pub double_width_cas: DoubleWidthCas,
    /// Refuse to build a pool unless the strategy itself, without its fallback, is lock-free here.
    pub strict: bool,
    /// What happens when a tag has taken every value of its width.
    pub tag_policy: TagPolicy,
    /// Let tags narrower than 32 bits wrap. This is for experiments: a block may then be handed out
    /// twice.
    pub narrow_tags: bool,
    /// The most magazines per slot that may wait in limbo, under a strategy that has one.
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
    /// Name of the strategy that is really used: the fallback's, if the pool fell back.
    pub name: &'static str,
    /// Whether pushing and taking magazines is lock-free, whatever other threads do. Growth never
    /// is, because it takes a lock and calls the source.
    pub lock_free: bool,
    /// How magazines are named.
    pub addressing: Addressing,
    /// Bits of the tag; 0 if there is none.
    pub tag_bits: u32,
    /// What happens when the tag has taken every value of its width.
    pub tag_policy: TagPolicy,
    /// The most magazines per slot that may wait in limbo.
    pub limbo_magazines: usize,
}

impl Mechanism {
    /// For lists that have no tag and that sometimes take a lock.
    ///
    /// # Errors
    ///
    /// [`BuildError::NotLockFree`] if lock freedom is required.
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
            // There is no tag that could wrap.
            tag_policy: TagPolicy::Wrap,
            limbo_magazines,
        })
    }

    /// The most blocks that the pool may carve, so that [`TagPolicy::Refuse`] can keep its promise.
    pub fn max_blocks(&self) -> usize {
        match self.tag_policy {
            TagPolicy::Wrap => usize::MAX,
            TagPolicy::Refuse => {
                usize::try_from((1_u128 << self.tag_bits) / 8).unwrap_or(usize::MAX)
            }
        }
    }
}

/// Marks a type that may implement [`Strategy`].
pub trait Sealed {}

/// How a pool's lists withstand ABA.
///
/// The trait is sealed: its contract spans layers that only the hidden module `raw` exports, and so
/// does the seal.
///
/// # Safety
///
/// Each [`list`](Self::list) is a new one that shares nothing with others, and does what the
/// mechanism says; in particular it uses the mechanism's addressing. It withstands ABA until its
/// tag wraps, if it has one.
pub unsafe trait Strategy: Sealed + Sized + 'static {
    /// Name of the strategy as the user chose it. [`Mechanism::name`] is what is really used.
    const NAME: &'static str;

    /// Decides when a magazine may be pushed again.
    type Reclaimer: Reclaimer;

    /// The list of magazines.
    type List: for<'g> MagazineList<Guard<'g> = <Self::Reclaimer as Reclaimer>::Guard<'g>> + 'static;

    /// How the strategy will work on this machine.
    ///
    /// # Errors
    ///
    /// [`BuildError::NotLockFree`] if lock freedom is required and this machine or strategy does
    /// not have it.
    fn mechanism(requirements: Requirements) -> Result<Mechanism, BuildError>;

    /// An empty list for a mechanism of this strategy.
    fn list(mechanism: &Mechanism) -> Self::List;
}
