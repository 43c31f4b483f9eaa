//! The depot of a mediator: every place where a magazine can be that is in no thread's hands, and
//! the way of an emptied magazine back to `empty`, after it has waited in limbo.

use core::ptr::NonNull;

use super::full_lists::{FullLists, ShardId};
use super::limbo::Limbo;
use crate::block::Batch;
use crate::free_list::{
    Magazine, MagazineList, MagazineStore, Mechanism, OwnedMagazine, Strategy, TagPolicy,
};
use crate::sync::{Witness, const_when_shipped};

/// The lists and the limbo.
pub(super) struct Depot<S: Strategy> {
    pub(super) store: MagazineStore,
    pub(super) batch: Batch,
    pub(super) full: FullLists<S>,
    pub(super) partial: S::List,
    pub(super) empty: S::List,
    /// Empty large magazines. There is no such list if batches do not grow.
    pub(super) large: Option<S::List>,
    pub(super) limbo: Limbo,
    /// Whether the lists refuse removals instead of letting their tags wrap.
    pub(super) may_refuse: bool,
    /// Asserts, under loom and porf, that the thread which frees the depot has acquired all
    /// deferred returns.
    pub(super) all_returned: Witness,
}

impl<S: Strategy> Depot<S> {
    const_when_shipped! {
        /// A depot without magazines. The lists were made for the mechanism.
        ///
        /// # Panics
        ///
        /// If the list of large magazines does not fit the batch.
        pub(super) fn new(
            batch: Batch,
            mechanism: &Mechanism,
            full: FullLists<S>,
            partial: S::List,
            empty: S::List,
            large: Option<S::List>,
        ) -> Self {
            assert!(large.is_some() == batch.grows(), "a list of large magazines if batches grow");
            Self {
                store: MagazineStore::of(batch, mechanism.addressing),
                batch,
                full,
                partial,
                empty,
                large,
                limbo: Limbo::new(),
                may_refuse: matches!(mechanism.tag_policy, TagPolicy::Refuse),
                all_returned: Witness::created(),
            }
        }
    }

    /// All lists.
    pub(super) fn lists(&self) -> impl Iterator<Item = &S::List> {
        self.full
            .all_from(ShardId::default())
            .chain([&self.partial, &self.empty])
            .chain(&self.large)
    }

    /// Pushes an empty magazine to the list of its kind.
    #[inline]
    pub(super) fn put_back(&self, magazine: OwnedMagazine<'_>) {
        if magazine.is_large() {
            let large = self.large.as_ref();
            large.expect("only a pool whose batches grow has large magazines").push(magazine);
        } else {
            self.empty.push(magazine);
        }
    }
}

/// The deferred return of one magazine to `empty` or `large`. It has two words, so that a reclaimer need not
/// box it.
///
/// It points to the depot without owning it; the mediator's drop runs every deferred return before
/// it frees the depot. So the memory goes back when the pool is dropped. If the return owned the
/// depot, the memory would stay until the last thread that has ever used the pool's collector ends.
pub(super) struct DeferredReturn<S: Strategy> {
    magazine: NonNull<Magazine>,
    depot: NonNull<Depot<S>>,
}

// SAFETY: the magazine has no other owner, and threads share the depot anyway.
unsafe impl<S: Strategy> Send for DeferredReturn<S> {}

impl<S: Strategy> DeferredReturn<S> {
    pub(super) fn new(depot: &Depot<S>, magazine: OwnedMagazine<'_>) -> Self {
        Self { magazine: magazine.release(), depot: NonNull::from(depot) }
    }

    /// Returns the magazine.
    ///
    /// # Safety
    ///
    /// The magazine counts as waiting in the depot's limbo since before `new`, and its grace period
    /// is over.
    pub(super) unsafe fn complete(self) {
        // SAFETY: by the caller the magazine still waits, and the depot stays until this magazine has
        // left the limbo, which is the last line.
        let depot = unsafe { self.depot.as_ref() };
        depot.all_returned.acquired();
        // SAFETY: its owner released it for this; it is of this depot's store.
        let magazine = unsafe { OwnedMagazine::assume(self.magazine, &depot.store) };
        depot.put_back(magazine);
        // SAFETY: this magazine still counts as waiting, so the limbo is there; it is not used
        // again.
        unsafe { Limbo::leave(&raw const depot.limbo) };
    }
}
