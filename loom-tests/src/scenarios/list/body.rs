//! Runs a program on the shipped list.

use core::num::NonZeroUsize;
use core::ptr::NonNull;

use stampool::raw::block::{Block, MaybeBlock};
use stampool::raw::chunk::Regions;
use stampool::raw::free_list::{
    Chain, MagazineList, MagazineStore, OwnedMagazine, Reclaimer, Requirements, Take,
};
use stampool::raw::sync::{Mutex, lock, thread};
use stampool::{Strategy, SystemSource};

use super::scenario::Op::{Pop, PopUpTo, Push, PushNew, TakeAll};
use super::scenario::{Op, Scenario, outcome};
use crate::one_at_a_time::operation;
use crate::scenarios::{Payload, Standing, make_magazine};

/// A list, and what makes magazines for it.
struct Rig<S: Strategy> {
    store: MagazineStore,
    list: S::List,
    reclaimer: S::Reclaimer,
    /// Stands for the growth lock: the memory of the magazines, and their number.
    growth: Mutex<(Regions<SystemSource>, usize)>,
    payload: Payload,
    /// The magazines' side of the same: who owns one, by its name.
    owners: Payload,
}

/// Bytes between the addresses that stand for blocks.
const BLOCK: usize = 16;

fn block(id: u8) -> Block {
    let address = NonZeroUsize::new(BLOCK * usize::from(id)).expect("ids begin at 1");
    Block::from(NonNull::without_provenance(address))
}

fn id(block: Block) -> u8 {
    u8::try_from(block.as_non_null().addr().get() / BLOCK).expect("ids are small")
}

impl<S: Strategy> Rig<S> {
    fn new() -> Self {
        // Twins have tags that wrap within a scenario.
        let requirements = Requirements { narrow_tags: true, ..Requirements::default() };
        let mechanism = S::mechanism(requirements).expect("no requirement, no refusal");
        Self {
            store: MagazineStore::new(1, mechanism.addressing),
            list: S::list(&mechanism),
            reclaimer: S::Reclaimer::new(),
            growth: Mutex::new((Regions::new(SystemSource), 0)),
            payload: Payload::default(),
            owners: Payload::default(),
        }
    }

    /// A new magazine with one block, which its maker has.
    fn make(&self, id: u8) -> OwnedMagazine<'_> {
        let mut growth = lock(&self.growth);
        let (regions, made) = &mut *growth;
        let magazine = make_magazine(&self.store, *made, regions);
        *made += 1;
        self.owners.taken(magazine.name().address());
        self.payload.taken(block(id).as_non_null().addr().get());
        magazine
    }

    fn push(&self, mut magazine: OwnedMagazine<'_>, id: u8) {
        self.payload.given(block(id).as_non_null().addr().get());
        magazine.fill(&[block(id)]);
        self.owners.given(magazine.name().address());
        self.list.push(magazine);
    }

    /// The magazines of a chain with their blocks, taken by the caller.
    fn receive<'s>(&'s self, chain: impl Iterator<Item = OwnedMagazine<'s>>) -> Vec<Held<'s>> {
        let mut held: Vec<Held<'s>> = Vec::new();
        for mut magazine in chain {
            self.owners.taken(magazine.name().address());
            let mut out = [MaybeBlock::uninit()];
            // SAFETY: its next owner fills it.
            let unloaded = unsafe { magazine.unload(&mut out) };
            assert_eq!(unloaded, 1, "a magazine came without its block");
            // SAFETY: one block was written.
            let block = unsafe { out[0].assume_init() };
            self.payload.taken(block.as_non_null().addr().get());
            held.push((id(block), magazine));
            assert!(held.len() <= usize::from(u8::MAX), "a list has a cycle");
        }
        held
    }

    /// The magazines held at the end, and what each removal brought.
    fn follow<'s>(
        &'s self,
        Standing(participant): &Standing<<S::Reclaimer as Reclaimer>::Participant>,
        ops: &[Op],
        mut held: Vec<Held<'s>>,
    ) -> (Vec<Held<'s>>, Log) {
        let remove = |take| {
            operation(|| {
                let guard = self.reclaimer.pin(participant);
                // SAFETY: all magazines are of the rig's store, the pin of its reclaimer.
                unsafe { self.list.remove(take, &self.store, &guard) }
            })
        };
        let mut log = Log::new();
        for op in ops {
            let chain: Chain<'s>;
            let taken = match op {
                Push => {
                    if !held.is_empty() {
                        let (id, magazine) = held.remove(0);
                        operation(|| self.push(magazine, id));
                    }
                    continue;
                }
                PushNew(id) => {
                    operation(|| self.push(self.make(*id), *id));
                    continue;
                }
                Pop => {
                    let magazine = operation(|| {
                        let guard = self.reclaimer.pin(participant);
                        // SAFETY: as above.
                        unsafe { self.list.pop(&self.store, &guard) }
                    });
                    self.receive(magazine.into_iter())
                }
                PopUpTo(max) => {
                    chain = remove(Take::UpTo(*max));
                    self.receive(chain)
                }
                TakeAll => {
                    chain = remove(Take::All);
                    self.receive(chain)
                }
            };
            log.push(taken.iter().map(|(id, _)| *id).collect());
            held.extend(taken);
        }
        (held, log)
    }
}

/// A magazine and the block in it.
type Held<'s> = (u8, OwnedMagazine<'s>);

/// What each removal of a thread brought.
type Log = Vec<Vec<u8>>;

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
        (Standing(rig.reclaimer.join()), program.ops, held)
    });
    // The first program runs on this thread: one thread less to schedule.
    let first = programs.next().expect("a scenario has threads");
    let others: Vec<_> = programs
        .collect::<Vec<_>>()
        .into_iter()
        .map(|(standing, ops, held)| {
            thread::spawn(move || {
                let (held, log) = rig.follow(&standing, ops, held);
                (standing, held, log)
            })
        })
        .collect();
    let (standing, ops, held) = first;
    let (held, log) = rig.follow(&standing, ops, held);
    let mut ended = vec![(standing, held, log)];
    ended.extend(others.into_iter().map(|thread| thread.join().expect("no panic unreported")));

    // Drained one by one: a cycle shows as a block that comes twice.
    let guard = rig.reclaimer.pin(&ended[0].0.0);
    // SAFETY: as in `follow`.
    let pop = || unsafe { rig.list.pop(&rig.store, &guard) };
    let pop = || rig.receive(pop().into_iter()).pop();
    let drained: Vec<Held<'_>> = core::iter::from_fn(pop).collect();
    drop(guard);
    let left: Vec<u8> = drained.iter().rev().map(|(id, _)| *id).collect();
    let (mut held, mut logs) = (Vec::new(), Vec::new());
    for (standing, theirs, log) in ended {
        drop(standing);
        held.extend(theirs);
        logs.push(log);
    }
    let mut found: Vec<u8> = held.iter().map(|(id, _)| *id).chain(left.clone()).collect();
    found.sort_unstable();
    all.sort_unstable();
    assert_eq!(found, all, "a block was lost");
    let outcome = outcome(logs.iter().map(|log| &log[..]), &left);
    // A checker's atomics own memory of their own.
    held.into_iter().chain(drained).for_each(|(_, magazine)| magazine.end());
    // SAFETY: leaked above, and nobody is left who refers to it.
    drop(unsafe { Box::from_raw(core::ptr::from_ref(rig).cast_mut()) });
    outcome
}
