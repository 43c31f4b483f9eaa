//! The abstract look for blocks: through all lists, and once more where something has arrived.

use super::state::{Blocks, Look, Place, Step, World};
use crate::scenarios::exchange::op::Op;

/// What came of one step of a look.
pub(super) enum Looked {
    Batches(Blocks),
    /// A magazine, for less than it holds perhaps.
    Magazine(Blocks),
    Nothing,
    NotYet(Look),
}

impl World {
    /// Allocate: one step of a look, and what comes then.
    pub(super) fn look_for(
        &mut self,
        thread: usize,
        look: Look,
        on: fn(Look) -> Step,
        after: Step,
    ) -> (Blocks, Step) {
        match self.look(thread, self.batch.max, look) {
            Looked::Batches(blocks) | Looked::Magazine(blocks) => (blocks, Step::Begin),
            Looked::Nothing => (vec![], after),
            Looked::NotYet(look) => (vec![], on(look)),
        }
    }

    /// One step of a look for at most `max` blocks.
    pub(super) fn look(&mut self, thread: usize, max: usize, look: Look) -> Looked {
        let (shards, whole) = (self.full.len(), max >= self.batch.max);
        let at = |nth| (self.threads[thread].shard + nth) % shards;
        let Look { at: place, mut counts, mut before } = look;
        let round_over = if shards > 1 { Some(Place::Count(0)) } else { None };
        let next = match place {
            Place::Full(nth) => {
                let (shard, op) = (at(nth), self.threads[thread].todo[0]);
                // A handle takes one magazine, whatever else would fit.
                let found = match op {
                    Op::Allocate => self.full[shard].pop().unwrap_or_default(),
                    _ => pop_up_to(&mut self.full[shard], max),
                };
                if !found.is_empty() {
                    return Looked::Batches(found);
                }
                Some(if nth + 1 < shards { Place::Full(nth + 1) } else { Place::Partial })
            }
            Place::Partial => match self.partial.pop() {
                Some(magazine) => return Looked::Magazine(magazine),
                None if whole => round_over,
                None => Some(Place::Split(0)),
            },
            Place::Split(nth) => match self.full[at(nth)].pop() {
                Some(magazine) => return Looked::Magazine(magazine),
                None if nth + 1 < shards => Some(Place::Split(nth + 1)),
                None => round_over,
            },
            Place::Count(nth) => {
                counts.push(self.arrived[nth]);
                if nth + 1 < shards {
                    Some(Place::Count(nth + 1))
                } else if before.as_ref() == Some(&counts) {
                    None
                } else {
                    before = Some(core::mem::take(&mut counts));
                    Some(if whole { Place::Full(0) } else { Place::Partial })
                }
            }
        };
        next.map_or(Looked::Nothing, |at| Looked::NotYet(Look { at, counts, before }))
    }
}

/// Takes magazines from the top that together hold at most `max` blocks.
fn pop_up_to(list: &mut Vec<Blocks>, max: usize) -> Blocks {
    let mut found = Blocks::new();
    while let Some(magazine) = list.pop_if(|magazine| found.len() + magazine.len() <= max) {
        found.extend(magazine);
    }
    found
}
