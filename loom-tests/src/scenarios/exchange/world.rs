//! The abstract pool: what every exchange does, in one step.

use stampool::raw::block::Batch;

use super::{Layer, Op, Scenario, entry, outcome};
use crate::spec::Machine;

/// Blocks go by number, in the order in which they are carved.
type Blocks = Vec<usize>;

/// The shared lists, and where every thread is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct World {
    batch: Batch,
    capacity: usize,
    full: Vec<Blocks>,
    partial: Vec<Blocks>,
    carved: usize,
    growing: Option<usize>,
    threads: Vec<Actor>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Actor {
    todo: &'static [Op],
    step: Step,
    attached: bool,
    cache: Blocks,
    /// Blocks that the cache may hold.
    limit: usize,
    /// Its last exchange brought blocks. (No scenario has so many exchanges one way that the limit
    /// would shrink.)
    refilled: bool,
    held: Blocks,
    log: Vec<String>,
}

/// How far a thread has come within an operation.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Step {
    /// At its beginning.
    Begin,
    /// Allocate: `full` was empty.
    AskPartial,
    /// Allocate: nothing to be had; wants to grow.
    Lock,
    /// Allocate, under the lock: looks again.
    AskFullAgain,
    /// Allocate, under the lock.
    AskPartialAgain,
    /// Allocate, under the lock: nothing came meanwhile.
    Carve,
    /// Leave, Offer: has taken this partial shell, or a fresh one, for this remainder.
    Merge(Blocks, Blocks),
    /// Leave, Offer: has filled a partial shell up, this is left over.
    Rest(Blocks),
    /// Request: whole batches are not to be had, or not wanted.
    RequestPartial,
    /// Request: below a batch, looks for a full shell to split.
    SplitFull,
    /// Request: this is left of the split shell.
    PutBack(Blocks),
}

impl World {
    pub(super) fn new(scenario: &'static Scenario) -> Self {
        let (capacity, holds) = match scenario.layer {
            Layer::Pool { capacity } => (capacity, &[][..]),
            Layer::Mediator { holds } => (usize::MAX, holds),
        };
        let actor = Actor {
            todo: &[],
            step: Step::Begin,
            attached: false,
            cache: Vec::new(),
            limit: 2 * scenario.batch.least,
            refilled: false,
            held: Vec::new(),
            log: Vec::new(),
        };
        let mut world = Self {
            batch: scenario.batch,
            capacity,
            full: Vec::new(),
            partial: Vec::new(),
            carved: 0,
            growing: None,
            threads: vec![actor; scenario.threads.len()],
        };
        for (thread, blocks) in holds.iter().enumerate() {
            world.threads[thread].held.extend(world.carved..world.carved + blocks);
            world.carved += blocks;
        }
        for (thread, op) in scenario.setup {
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
        let Batch { least, most } = self.batch;
        let op = self.threads[thread].todo[0];
        match (op, core::mem::replace(&mut self.threads[thread].step, Step::Begin)) {
            (Op::Attach, _) => {
                self.threads[thread].attached = true;
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
                            self.full.push(actor.cache.drain(..actor.limit / 2).collect());
                            actor.refilled = false;
                        }
                    }
                    actor.cache.push(block);
                }
                self.done(thread);
            }
            (Op::Leave | Op::End, Step::Begin) => {
                let cache = &mut self.threads[thread].cache;
                if cache.len() >= least {
                    self.full.push(cache.drain(..most.min(cache.len())).collect());
                } else {
                    let rest = core::mem::take(cache);
                    self.put_down(thread, rest);
                }
            }
            (Op::Offer(count), Step::Begin) => {
                let held = &mut self.threads[thread].held;
                let blocks: Blocks = held.drain(..count.min(held.len())).collect();
                if blocks.len() >= least {
                    self.full.push(blocks);
                    self.done(thread);
                } else {
                    self.put_down(thread, blocks);
                }
            }
            (Op::Leave | Op::End | Op::Offer(_), Step::Merge(mut shell, mut rest)) => {
                let fit = rest.len().min(least - shell.len());
                shell.extend(rest.drain(..fit));
                if shell.len() < least {
                    self.partial.push(shell);
                } else {
                    self.full.push(shell);
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

    /// Leave, Offer: less than a batch is to go.
    fn put_down(&mut self, thread: usize, rest: Blocks) {
        if rest.is_empty() {
            return self.left(thread);
        }
        let shell = self.partial.pop().unwrap_or_default();
        self.threads[thread].step = Step::Merge(shell, rest);
    }

    fn left(&mut self, thread: usize) {
        if matches!(self.threads[thread].todo[0], Op::Leave | Op::End) {
            self.threads[thread].attached = false;
            self.threads[thread].limit = 2 * self.batch.least;
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
            Step::Begin => (self.full.pop().unwrap_or_default(), Step::AskPartial),
            Step::AskPartial => (self.partial.pop().unwrap_or_default(), Step::Lock),
            Step::Lock if self.growing.is_some() => {
                self.threads[thread].step = Step::Lock;
                return false;
            }
            Step::Lock => {
                self.growing = Some(thread);
                (vec![], Step::AskFullAgain)
            }
            Step::AskFullAgain => (self.full.pop().unwrap_or_default(), Step::AskPartialAgain),
            Step::AskPartialAgain => (self.partial.pop().unwrap_or_default(), Step::Carve),
            Step::Carve => {
                let fresh = self.batch.least.min(self.capacity - self.carved);
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
        let Batch { least, most } = self.batch;
        let next = match step {
            Step::Begin if max >= most => {
                let found = pop_up_to(&mut self.full, max);
                if !found.is_empty() {
                    return self.received(thread, &found);
                }
                Step::RequestPartial
            }
            Step::Begin | Step::RequestPartial if max == 0 => return self.received(thread, &[]),
            Step::Begin | Step::RequestPartial => match self.partial.pop() {
                Some(shell) => return self.split(thread, max, shell),
                None if max >= most => return self.received(thread, &[]),
                None => Step::SplitFull,
            },
            Step::SplitFull => match self.full.pop() {
                Some(shell) => return self.split(thread, max, shell),
                None => return self.received(thread, &[]),
            },
            Step::PutBack(rest) => {
                let list = if rest.len() < least { &mut self.partial } else { &mut self.full };
                list.push(rest);
                return self.done(thread);
            }
            _ => unreachable!("no such step in a request"),
        };
        self.threads[thread].step = next;
    }

    fn split(&mut self, thread: usize, max: usize, mut shell: Blocks) {
        let taken = shell.split_off(shell.len().saturating_sub(max));
        let actor = &mut self.threads[thread];
        actor.held.extend(&taken);
        actor.log.push(entry(&taken));
        if shell.is_empty() {
            self.done(thread);
        } else {
            actor.step = Step::PutBack(shell);
        }
    }

    fn received(&mut self, thread: usize, blocks: &[usize]) {
        let actor = &mut self.threads[thread];
        actor.held.extend(blocks);
        actor.log.push(entry(blocks));
        self.done(thread);
    }
}

/// Takes shells from the top that together hold at most `max` blocks.
fn pop_up_to(list: &mut Vec<Blocks>, max: usize) -> Blocks {
    let mut found = Blocks::new();
    while let Some(shell) = list.pop_if(|shell| found.len() + shell.len() <= max) {
        found.extend(shell);
    }
    found
}

impl Machine for World {
    fn threads(&self) -> usize {
        self.threads.len()
    }

    fn is_running(&self, thread: usize) -> bool {
        !self.threads[thread].todo.is_empty()
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
        outcome(&logs, end.carved, count(&end.full), count(&end.partial))
    }
}
