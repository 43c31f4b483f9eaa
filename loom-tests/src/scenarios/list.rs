//! Programs over one list of shells, each shell with one block.

use core::fmt::Write;
use core::num::NonZeroUsize;
use core::ptr::NonNull;
use std::collections::BTreeSet;

use stampool::raw::block::Block;
use stampool::raw::chunk::Regions;
use stampool::raw::free_list::{Chain, MaybeBlock, OwnedShell, ShellList, ShellStore};
use stampool::raw::sync::{Mutex, lock, thread};
use stampool::{Requirements, Strategy, SystemSource};

use super::{Depth, Payload, make_shell};
use crate::spec::{self, Object};

/// One operation of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Push the shell that the thread has held longest. Nothing, where it holds none.
    Push,
    /// Make a shell, now, with this block, and push it.
    PushNew(u8),
    /// Take the top shell.
    Pop,
    /// Take shells with at most so many blocks, in one step.
    PopUpTo(usize),
    /// Take all shells, in one step.
    TakeAll,
}

/// What one thread does.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Blocks in the shells that it holds at the start.
    pub holds: &'static [u8],
    /// What it does.
    pub ops: &'static [Op],
}

/// A named program over one list.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Unique.
    pub name: &'static str,
    /// How far loom looks.
    pub depth: Depth,
    /// Blocks in the list at the start, from the bottom.
    pub stack: &'static [u8],
    /// The threads.
    pub threads: &'static [Program],
}

/// A thread that holds nothing at the start.
#[must_use]
pub const fn does(ops: &'static [Op]) -> Program {
    Program { holds: &[], ops }
}

const fn holds(holds: &'static [u8], ops: &'static [Op]) -> Program {
    Program { holds, ops }
}

use Depth::{Exhaustive, Preemptions};
use Op::{Pop, PopUpTo, Push, PushNew, TakeAll};

/// The matrix: every strategy runs all of these.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "list/pop_push",
        depth: Exhaustive,
        stack: &[],
        threads: &[does(&[Pop]), holds(&[1], &[Push])],
    },
    Scenario {
        name: "list/pop_pop_push_push",
        depth: Exhaustive,
        stack: &[],
        threads: &[does(&[Pop, Pop]), holds(&[1, 2], &[Push, Push])],
    },
    Scenario {
        name: "list/aba",
        depth: Exhaustive,
        stack: &[3, 2, 1],
        threads: &[does(&[Pop]), does(&[Pop, Pop, Push])],
    },
    Scenario {
        name: "list/aba_pop_up_to",
        depth: Exhaustive,
        stack: &[2, 1],
        threads: &[does(&[PopUpTo(2)]), does(&[Pop, Pop, Push])],
    },
    Scenario {
        name: "list/take_all_pop",
        depth: Exhaustive,
        stack: &[2, 1],
        threads: &[does(&[Pop]), does(&[TakeAll, Push])],
    },
    Scenario {
        name: "list/take_all_push",
        depth: Exhaustive,
        stack: &[1],
        threads: &[does(&[TakeAll]), holds(&[2, 3], &[Push, Push])],
    },
    Scenario {
        name: "list/pop_up_to_push",
        depth: Exhaustive,
        stack: &[2, 1],
        threads: &[does(&[PopUpTo(2)]), holds(&[3], &[Push])],
    },
    Scenario {
        name: "list/walk_growth",
        depth: Exhaustive,
        stack: &[1],
        threads: &[does(&[PopUpTo(3)]), does(&[Pop, PushNew(3), Push])],
    },
    Scenario {
        name: "list/walk_growth_3",
        depth: Preemptions(3),
        stack: &[1],
        threads: &[does(&[PopUpTo(3)]), does(&[Pop, Push]), does(&[PushNew(3)])],
    },
    Scenario {
        name: "list/pop_push_3",
        depth: Preemptions(3),
        stack: &[1],
        threads: &[does(&[Pop, Push]), does(&[Pop]), holds(&[2], &[Push])],
    },
];

/// The outcomes that the specification allows.
#[must_use]
pub fn allowed(scenario: &Scenario) -> BTreeSet<String> {
    let start = Stack {
        stack: scenario.stack.to_vec(),
        threads: scenario
            .threads
            .iter()
            .map(|program| Actor { holds: program.holds.to_vec(), log: Vec::new() })
            .collect(),
    };
    let programs: Vec<Vec<Op>> = scenario.threads.iter().map(|p| p.ops.to_vec()).collect();
    spec::interleavings(start, &programs)
}

/// What happened to one thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Actor {
    holds: Vec<u8>,
    /// What each removal brought.
    log: Vec<Vec<u8>>,
}

/// A list, in which every operation is one step.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Stack {
    stack: Vec<u8>,
    threads: Vec<Actor>,
}

impl Object for Stack {
    type Op = Op;

    fn apply(&self, thread: usize, op: &Op) -> Vec<Self> {
        let mut next = self.clone();
        let Self { stack, threads } = &mut next;
        let actor = &mut threads[thread];
        let taken = match op {
            Push => {
                if !actor.holds.is_empty() {
                    stack.push(actor.holds.remove(0));
                }
                return vec![next];
            }
            PushNew(block) => {
                stack.push(*block);
                return vec![next];
            }
            Pop => 1.min(stack.len()),
            PopUpTo(max) => (*max).min(stack.len()),
            TakeAll => stack.len(),
        };
        let taken: Vec<u8> = stack.drain(stack.len() - taken..).rev().collect();
        actor.holds.extend(&taken);
        actor.log.push(taken);
        vec![next]
    }

    fn outcome(&self) -> String {
        outcome(&self.threads, &self.stack)
    }
}

/// What each thread took, and what is left, from the bottom.
fn outcome(threads: &[Actor], left: &[u8]) -> String {
    let mut text = String::new();
    for (number, actor) in threads.iter().enumerate() {
        _ = write!(text, "t{number} {:?} ", actor.log);
    }
    _ = write!(text, "left {left:?}");
    text
}

/// A list, and what makes shells for it.
struct Rig<S: Strategy> {
    store: ShellStore,
    list: S::List,
    /// Stands for the growth lock: the memory of the shells, and their number.
    growth: Mutex<(Regions, usize)>,
    payload: Payload,
    /// The shells' side of the same: who owns one, by its name.
    owners: Payload,
}

/// Bytes between the addresses that stand for blocks.
const BLOCK: usize = 16;

fn block(id: u8) -> Block {
    let address = NonZeroUsize::new(BLOCK * usize::from(id)).expect("ids begin at 1");
    Block(NonNull::without_provenance(address))
}

fn id(block: Block) -> u8 {
    u8::try_from(block.0.addr().get() / BLOCK).expect("ids are small")
}

impl<S: Strategy> Rig<S> {
    fn new() -> Self {
        // Twins have tags that wrap within a scenario.
        let requirements = Requirements { narrow_tags: true, ..Requirements::default() };
        let plan = S::plan(requirements).expect("no requirement, no refusal");
        Self {
            store: ShellStore::new(1, plan.addressing),
            list: S::list(&plan),
            growth: Mutex::new((Regions::new(Box::new(SystemSource)), 0)),
            payload: Payload::default(),
            owners: Payload::default(),
        }
    }

    /// A new shell with one block, which its maker has.
    fn make(&self, id: u8) -> OwnedShell<'_> {
        let mut growth = lock(&self.growth);
        let (regions, made) = &mut *growth;
        let shell = make_shell(&self.store, *made, regions);
        *made += 1;
        self.owners.taken(shell.name().address());
        self.payload.taken(block(id).0.addr().get());
        shell
    }

    fn push(&self, mut shell: OwnedShell<'_>, id: u8) {
        self.payload.given(block(id).0.addr().get());
        shell.fill(&[block(id)]);
        self.owners.given(shell.name().address());
        self.list.push(shell);
    }

    /// The shells of a chain with their blocks, taken by the caller.
    fn receive<'s>(&'s self, chain: impl Iterator<Item = OwnedShell<'s>>) -> Vec<Held<'s>> {
        let mut held: Vec<Held<'s>> = Vec::new();
        for mut shell in chain {
            self.owners.taken(shell.name().address());
            let mut out = [MaybeBlock::uninit()];
            assert_eq!(shell.unload(&mut out), 1, "a shell came without its block");
            // SAFETY: one block was written.
            let block = unsafe { out[0].assume_init() };
            self.payload.taken(block.0.addr().get());
            held.push((id(block), shell));
            assert!(held.len() <= usize::from(u8::MAX), "a list has a cycle");
        }
        held
    }

    fn follow<'s>(&'s self, ops: &[Op], mut held: Vec<Held<'s>>) -> (Vec<Held<'s>>, Actor) {
        let mut actor = Actor::default();
        for op in ops {
            let chain: Chain<'s>;
            let taken = match op {
                Push => {
                    if !held.is_empty() {
                        let (id, shell) = held.remove(0);
                        self.push(shell, id);
                    }
                    continue;
                }
                PushNew(id) => {
                    self.push(self.make(*id), *id);
                    continue;
                }
                Pop => self.receive(self.list.pop(&self.store).into_iter()),
                PopUpTo(max) => {
                    chain = self.list.pop_up_to(&self.store, *max);
                    self.receive(chain)
                }
                TakeAll => {
                    chain = self.list.take_all(&self.store);
                    self.receive(chain)
                }
            };
            actor.log.push(taken.iter().map(|(id, _)| *id).collect());
            held.extend(taken);
        }
        (held, actor)
    }
}

/// A shell and the block in it.
type Held<'s> = (u8, OwnedShell<'s>);

/// Runs a scenario once on the shipped list.
///
/// # Panics
/// At a violation.
#[must_use]
pub fn body<S: Strategy>(scenario: &'static Scenario) -> String {
    let rig: &'static Rig<S> = Box::leak(Box::new(Rig::<S>::new()));
    let mut all: Vec<u8> = scenario.stack.to_vec();
    for id in scenario.stack {
        rig.push(rig.make(*id), *id);
    }
    let mut programs = scenario.threads.iter().map(|program| {
        all.extend(program.holds);
        all.extend(program.ops.iter().filter_map(|op| match op {
            PushNew(id) => Some(*id),
            _ => None,
        }));
        let held: Vec<Held<'static>> =
            program.holds.iter().map(|id| (*id, rig.make(*id))).collect();
        (program.ops, held)
    });
    // The first program runs on this thread: one thread less to schedule.
    let first = programs.next().expect("a scenario has threads");
    let others: Vec<_> = programs
        .collect::<Vec<_>>()
        .into_iter()
        .map(|(ops, held)| thread::spawn(move || rig.follow(ops, held)))
        .collect();
    let mut ended = vec![rig.follow(first.0, first.1)];
    ended.extend(others.into_iter().map(|thread| thread.join().expect("no panic unreported")));

    // Drained one by one: a cycle shows as a block that comes twice.
    let drained: Vec<Held<'_>> =
        core::iter::from_fn(|| rig.receive(rig.list.pop(&rig.store).into_iter()).pop()).collect();
    let left: Vec<u8> = drained.iter().rev().map(|(id, _)| *id).collect();
    let (held, actors): (Vec<_>, Vec<_>) = ended.into_iter().unzip();
    let mut found: Vec<u8> = held.iter().flatten().map(|(id, _)| *id).chain(left.clone()).collect();
    found.sort_unstable();
    all.sort_unstable();
    assert_eq!(found, all, "a block was lost");
    let outcome = outcome(&actors, &left);
    // A checker's atomics own memory of their own.
    held.into_iter().flatten().chain(drained).for_each(|(_, shell)| shell.end());
    // SAFETY: leaked above, and nobody is left who refers to it.
    drop(unsafe { Box::from_raw(core::ptr::from_ref(rig).cast_mut()) });
    outcome
}
