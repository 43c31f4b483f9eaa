//! The abstract pool: what every exchange does, in one step.

mod look;
mod state;

use stampool::raw::block::Batch;

use super::log::{answer, entry, outcome};
use super::op::Op;
use super::scenario::{Layer, Scenario};
use crate::spec::Machine;
use look::Looked;
pub(super) use state::World;
use state::{Actor, Blocks, Look, Step};

impl World {
    pub(super) fn new(scenario: &'static Scenario) -> Self {
        let (capacity, holds) = match scenario.layer {
            Layer::Pool { capacity } => (capacity, &[][..]),
            Layer::Mediator { holds } => (usize::MAX, holds),
        };
        let shards = scenario.shards();
        let actor = Actor {
            shard: 0,
            is_to_count: false,
            todo: &[],
            step: Step::Begin,
            attached: false,
            cache: Vec::new(),
            forgotten: Vec::new(),
            limit: 2 * scenario.batch.min,
            refilled: false,
            held: Vec::new(),
            log: Vec::new(),
        };
        let mut world = Self {
            batch: scenario.batch,
            capacity,
            full: vec![Vec::new(); shards],
            arrived: vec![0; shards],
            partial: Vec::new(),
            large: if scenario.batch.grows() { scenario.threads.len() } else { 0 },
            carved: 0,
            growing: None,
            threads: vec![actor; scenario.threads.len()],
        };
        for (thread, shard) in scenario.shard_of.iter().enumerate() {
            world.threads[thread].shard = *shard;
        }
        for (thread, blocks) in holds.iter().enumerate() {
            world.threads[thread].held.extend(world.carved..world.carved + blocks);
            world.carved += blocks;
        }
        for (thread, op) in scenario.setup.steps() {
            world.alone(*thread, core::slice::from_ref(op));
        }
        for (thread, program) in scenario.threads.iter().enumerate() {
            world.threads[thread].todo = program;
            world.threads[thread].log.clear();
        }
        world
    }

    /// Does `ops` on behalf of a thread while nobody else moves.
    fn alone(&mut self, thread: usize, ops: &'static [Op]) {
        self.threads[thread].todo = ops;
        while self.is_running(thread) {
            assert!(self.advance(thread), "alone, nobody waits");
        }
    }

    /// One step. False: it must wait.
    fn advance(&mut self, thread: usize) -> bool {
        let Batch { min: least, max: most } = self.batch;
        let shard = self.threads[thread].shard;
        if core::mem::take(&mut self.threads[thread].is_to_count) {
            self.arrived[shard] += 1;
            return true;
        }
        let op = self.threads[thread].todo[0];
        match (op, core::mem::replace(&mut self.threads[thread].step, Step::Begin)) {
            (Op::Attach, _) => {
                self.threads[thread].attached = true;
                self.done(thread);
            }
            (Op::Forget, _) => {
                let actor = &mut self.threads[thread];
                actor.forgotten.push(core::mem::take(&mut actor.cache));
                (actor.attached, actor.limit, actor.refilled) = (false, 2 * least, false);
                self.done(thread);
            }
            (Op::Join(shard), _) => {
                self.threads[thread].shard = shard;
                self.done(thread);
            }
            (Op::Carved, _) if self.growing.is_some() => return false,
            (Op::Carved, _) => {
                self.threads[thread].log.push(answer(self.carved));
                self.done(thread);
            }
            (Op::Give(to), _) => {
                let block = self.threads[thread].held.remove(0);
                self.threads[to].held.push(block);
                self.done(thread);
            }
            (Op::Allocate, step) => return self.allocate(thread, step),
            (Op::Free, _) => {
                let actor = &mut self.threads[thread];
                if !actor.held.is_empty() {
                    let block = actor.held.remove(0);
                    if actor.cache.len() == actor.limit {
                        if actor.refilled && actor.limit < 2 * most {
                            actor.limit = (2 * actor.limit).min(2 * most);
                        } else {
                            actor.refilled = false;
                            let count = actor.limit / 2;
                            let count = self.fits(count);
                            let batch = self.threads[thread].cache.drain(..count).collect();
                            self.put_up(thread, batch);
                        }
                    }
                    self.threads[thread].cache.push(block);
                }
                self.done(thread);
            }
            (Op::Leave | Op::End, Step::Begin) => {
                let cached = self.threads[thread].cache.len();
                if cached >= least {
                    let count = self.fits(most.min(cached));
                    let batch = self.threads[thread].cache.drain(..count).collect();
                    self.put_up(thread, batch);
                } else {
                    let rest = core::mem::take(&mut self.threads[thread].cache);
                    self.put_down(thread, rest);
                }
            }
            (Op::Offer(count), Step::Begin) => {
                let held = &mut self.threads[thread].held;
                let blocks: Blocks = held.drain(..count.min(held.len())).collect();
                if blocks.len() >= least {
                    assert_eq!(self.fits(blocks.len()), blocks.len(), "a large magazine for each");
                    self.put_up(thread, blocks);
                    self.done(thread);
                } else {
                    self.put_down(thread, blocks);
                }
            }
            (Op::Leave | Op::End | Op::Offer(_), Step::Merge(mut magazine, mut rest)) => {
                let fit = rest.len().min(least - magazine.len());
                magazine.extend(rest.drain(..fit));
                if magazine.len() < least {
                    self.partial.push(magazine);
                } else {
                    self.put_up(thread, magazine);
                }
                if rest.is_empty() {
                    self.left(thread);
                } else {
                    self.threads[thread].step = Step::Rest(rest);
                }
            }
            (Op::Leave | Op::End | Op::Offer(_), Step::Rest(rest)) => {
                self.partial.push(rest);
                self.left(thread);
            }
            (Op::Request(max), step) => self.request(thread, max, step),
            (_, _) => unreachable!("no such step in {op:?}"),
        }
        true
    }

    /// How many of so many blocks go into one magazine.
    fn fits(&mut self, blocks: usize) -> usize {
        if blocks <= self.batch.min {
            return blocks;
        }
        let is_large = self.large > 0;
        self.large -= usize::from(is_large);
        if is_large { blocks } else { self.batch.min }
    }

    /// Puts a full magazine into the thread's shard.
    fn put_up(&mut self, thread: usize, magazine: Blocks) {
        self.full[self.threads[thread].shard].push(magazine);
        self.threads[thread].is_to_count = self.full.len() > 1;
    }

    /// Leave, Offer: less than a batch is to go.
    fn put_down(&mut self, thread: usize, rest: Blocks) {
        if rest.is_empty() {
            return self.left(thread);
        }
        let magazine = self.partial.pop().unwrap_or_default();
        self.threads[thread].step = Step::Merge(magazine, rest);
    }

    fn left(&mut self, thread: usize) {
        let actor = &mut self.threads[thread];
        if actor.todo[0] == Op::End
            && let Some(cache) = actor.forgotten.pop()
        {
            // The thread goes on with its next handle.
            (actor.cache, actor.step) = (cache, Step::Begin);
            return;
        }
        if matches!(self.threads[thread].todo[0], Op::Leave | Op::End) {
            self.threads[thread].attached = false;
            self.threads[thread].limit = 2 * self.batch.min;
            self.threads[thread].refilled = false;
        }
        self.done(thread);
    }

    fn done(&mut self, thread: usize) {
        let actor = &mut self.threads[thread];
        actor.todo = &actor.todo[1..];
        actor.step = Step::Begin;
    }

    fn allocate(&mut self, thread: usize, step: Step) -> bool {
        let (found, next) = match step {
            Step::Begin if !self.threads[thread].cache.is_empty() => (vec![], Step::Begin),
            Step::Begin => self.look_for(thread, Look::begin(true), Step::Look, Step::Lock),
            Step::Look(look) => self.look_for(thread, look, Step::Look, Step::Lock),
            Step::Lock if self.growing.is_some() => {
                self.threads[thread].step = Step::Lock;
                return false;
            }
            Step::Lock => {
                self.growing = Some(thread);
                (vec![], Step::LookAgain(Look::begin(true)))
            }
            Step::LookAgain(look) => self.look_for(thread, look, Step::LookAgain, Step::Carve),
            Step::Carve => {
                let fresh = self.batch.min.min(self.capacity - self.carved);
                let first = self.carved;
                self.carved += fresh;
                if fresh == 0 {
                    self.growing = None;
                    self.threads[thread].log.push(entry(&[]));
                    self.done(thread);
                    return true;
                }
                // The last is handed out first.
                ((first..first + fresh).rev().collect(), Step::Begin)
            }
            _ => unreachable!("no such step in an allocation"),
        };
        let actor = &mut self.threads[thread];
        if !found.is_empty() {
            actor.limit = actor.limit.max(found.len());
            actor.refilled = true;
        }
        actor.cache.extend(found);
        if let Some(block) = actor.cache.pop() {
            if self.growing == Some(thread) {
                self.growing = None;
            }
            actor.log.push(entry(&[block]));
            actor.held.push(block);
            self.done(thread);
        } else {
            actor.step = next;
        }
        true
    }

    fn request(&mut self, thread: usize, max: usize, step: Step) {
        let look = match step {
            Step::Begin if max == 0 => return self.received(thread, &[]),
            Step::Begin if max >= self.batch.max => Look::begin(true),
            Step::Begin => Look::begin(false),
            Step::Look(look) => look,
            Step::PutBack(rest) => {
                if rest.len() < self.batch.min {
                    self.partial.push(rest);
                } else {
                    self.put_up(thread, rest);
                }
                return self.done(thread);
            }
            _ => unreachable!("no such step in a request"),
        };
        match self.look(thread, max, look) {
            Looked::Batches(blocks) => self.received(thread, &blocks),
            Looked::Magazine(magazine) => self.split(thread, max, magazine),
            Looked::Nothing => self.received(thread, &[]),
            Looked::NotYet(look) => self.threads[thread].step = Step::Look(look),
        }
    }

    fn split(&mut self, thread: usize, max: usize, mut magazine: Blocks) {
        let taken = magazine.split_off(magazine.len().saturating_sub(max));
        let actor = &mut self.threads[thread];
        actor.held.extend(&taken);
        actor.log.push(entry(&taken));
        if magazine.is_empty() {
            self.done(thread);
        } else {
            actor.step = Step::PutBack(magazine);
        }
    }

    fn received(&mut self, thread: usize, blocks: &[usize]) {
        let actor = &mut self.threads[thread];
        actor.held.extend(blocks);
        actor.log.push(entry(blocks));
        self.done(thread);
    }
}

impl Machine for World {
    fn threads(&self) -> usize {
        self.threads.len()
    }

    fn is_running(&self, thread: usize) -> bool {
        let actor = &self.threads[thread];
        actor.is_to_count || !actor.todo.is_empty()
    }

    fn step(&self, thread: usize) -> Vec<Self> {
        let mut next = self.clone();
        if next.advance(thread) { vec![next] } else { vec![] }
    }

    /// After all handles were dropped, in the order of their threads.
    fn outcome(&self) -> String {
        let mut end = self.clone();
        for thread in 0..end.threads.len() {
            if end.threads[thread].attached {
                end.alone(thread, &[Op::Leave]);
            }
        }
        let count = |list: &[Blocks]| list.iter().map(Vec::len).sum();
        let logs: Vec<_> = end.threads.into_iter().map(|actor| actor.log).collect();
        outcome(&logs, end.carved, count(&end.full.concat()), count(&end.partial))
    }
}
