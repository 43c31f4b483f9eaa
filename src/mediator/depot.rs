//! The depot of a mediator: every place where a magazine can be that is in no thread's hands.

use super::full_lists::{FullLists, ShardId};
use super::limbo::Limbo;
use crate::block::Batch;
use crate::free_list::{MagazineStore, Mechanism, Strategy, TagPolicy};
use crate::sync::Witness;

/// The lists and the limbo.
pub(super) struct Depot<S: Strategy> {
    pub(super) store: MagazineStore,
    pub(super) batch: Batch,
    pub(super) full: FullLists<S>,
    pub(super) partial: S::List,
    pub(super) empty: S::List,
    pub(super) limbo: Limbo,
    /// Whether the lists refuse removals instead of letting their tags wrap.
    pub(super) may_refuse: bool,
    /// Asserts, under loom, that the thread which frees the depot has acquired all deferred
    /// returns.
    pub(super) standing: Witness,
}

impl<S: Strategy> Depot<S> {
    /// A depot without magazines.
    ///
    /// # Panics
    ///
    /// With 0 shards.
    pub(super) fn new(batch: Batch, shards: usize, mechanism: &Mechanism) -> Self {
        Self {
            store: MagazineStore::new(batch.max, mechanism.addressing),
            batch,
            full: FullLists::new(shards, mechanism),
            partial: S::list(mechanism),
            empty: S::list(mechanism),
            limbo: Limbo::new(),
            may_refuse: mechanism.tag_policy == TagPolicy::Refuse,
            standing: Witness::created(),
        }
    }

    /// All lists.
    pub(super) fn lists(&self) -> impl Iterator<Item = &S::List> {
        self.full.all_from(ShardId::default()).chain([&self.partial, &self.empty])
    }
}
