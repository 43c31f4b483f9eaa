//! Runs a program on the shipped pool, or on its mediator.

use core::alloc::Layout;
use core::convert::Infallible;
use core::num::{NonZeroU64, NonZeroUsize};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicIsize, AtomicU64, Ordering};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use stampool::raw::block::{Block, MaybeBlock};
use stampool::raw::chunk::Regions;
use stampool::raw::free_list::{Requirements, Take};
use stampool::raw::mediator::{Mediator, Participant, ShardId};
use stampool::raw::sync::thread;
use stampool::{EndHook, Local, Pool, Strategy, SystemSource, ThreadHandling, ThreadId, Topology};

use super::super::{Metered, Payload, Standing, stock};
use super::log::{answer, entry, outcome};
use super::op::Op;
use super::scenario::{Layer, Scenario};
use crate::one_at_a_time::operation;

/// Size of a block in bytes.
const BLOCK: usize = size_of::<u64>();
/// Blocks per chunk: no scenario carves more, so block numbers are distances in one chunk.
const CHUNK: usize = 32;

/// Runs a scenario once on the shipped code.
///
/// # Panics
/// At a violation.
#[must_use]
pub fn body<S: Strategy>(scenario: &'static Scenario) -> String {
    match scenario.layer {
        Layer::Pool { capacity } => pool::<S>(scenario, capacity),
        Layer::Mediator { holds } => mediator::<S>(scenario, holds),
    }
}

/// Counts live blocks by std's atomics, which the checkers don't see. Exact at every instant at
/// which a block changes hands: counted before it is used, discounted before it is freed.
#[derive(Default)]
struct Live {
    now: AtomicIsize,
    most: AtomicIsize,
}

impl Live {
    fn add(&self) {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
    }

    fn sub(&self) {
        self.now.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the threads share.
struct Shared<T> {
    under_check: T,
    payload: Payload,
    live: Live,
}

impl<T> Shared<T> {
    fn new(under_check: T) -> Self {
        Self { under_check, payload: Payload::default(), live: Live::default() }
    }

    fn receive(&self, actor: &mut Actor, addresses: &[usize]) {
        for &address in addresses {
            self.payload.taken(address);
            self.live.add();
            actor.held.push_back(address);
        }
        actor.log.push(Entry::Blocks(addresses.to_vec()));
    }

    fn give(&self, actor: &mut Actor) -> Option<NonNull<u8>> {
        let address = actor.held.pop_front()?;
        self.payload.given(address);
        self.live.sub();
        NonZeroUsize::new(address).map(NonNull::with_exposed_provenance)
    }
}

/// One thread's blocks, by address, and what it was given by each operation.
#[derive(Default)]
struct Actor {
    number: usize,
    held: VecDeque<usize>,
    log: Vec<Entry>,
}

/// What an operation brought.
enum Entry {
    /// Blocks, by address.
    Blocks(Vec<usize>),
    /// The answer to [`Op::Carved`].
    Carved(usize),
}

impl Actor {
    fn new(number: usize) -> Self {
        Self { number, ..Self::default() }
    }
}

/// A handle that a scenario made on one thread and uses on another.
struct SentHandle<S: Strategy>(Option<Local<'static, S>>);

// SAFETY: a handle is bound to one thread only so that two don't use it at a time; here it moves
// between the setup and its thread, which start and join order.
unsafe impl<S: Strategy> Send for SentHandle<S> {}

/// The models' threads: their ids are the numbers of their actors, and they end when a scenario
/// says so.
#[derive(Clone, Default)]
struct ModelThreads {
    /// Whoever is about to attach. Set and read without a scheduling point in between.
    attaching: Arc<AtomicU64>,
    hook: Arc<Mutex<Option<EndHook>>>,
}

impl ModelThreads {
    fn id(thread: usize) -> ThreadId {
        ThreadId(NonZeroU64::new(thread as u64 + 1).expect("one up"))
    }

    fn attaches(&self, thread: usize) {
        self.attaching.store(Self::id(thread).0.get(), Ordering::Relaxed);
    }

    /// Thread `thread`, the caller, ends.
    fn ends(&self, thread: usize) {
        let hook = self.hook.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(pool) = hook.and_then(|hook| hook.upgrade()) {
            // SAFETY: called for the actor's own id, between two operations of it.
            unsafe { pool.thread_ended(Self::id(thread)) };
        }
    }
}

// SAFETY: ids are the numbers of the actors, which are told apart.
unsafe impl ThreadHandling for ModelThreads {
    fn current(&self) -> ThreadId {
        let id = NonZeroU64::new(self.attaching.load(Ordering::Relaxed));
        ThreadId(id.expect("an actor attaches"))
    }

    fn watch(&self, hook: &EndHook) {
        *self.hook.lock().unwrap_or_else(PoisonError::into_inner) = Some(hook.clone());
    }
}

/// Who attaches is in the shard of its actor.
struct ModelShards {
    scenario: &'static Scenario,
    attaching: Arc<AtomicU64>,
}

impl Topology for ModelShards {
    fn shards(&self) -> usize {
        self.scenario.shards()
    }

    fn shard(&self) -> usize {
        let actor =
            self.attaching.load(Ordering::Relaxed).checked_sub(1).expect("an actor attaches");
        self.scenario.shard_of[usize::try_from(actor).expect("a few actors")]
    }
}

fn pool<S: Strategy>(scenario: &'static Scenario, capacity: usize) -> String {
    let regions = Arc::new(AtomicIsize::new(0));
    let threads = ModelThreads::default();
    let pool = Pool::builder(Layout::new::<u64>())
        .strategy::<S>()
        .batch(scenario.batch.min)
        .batch_up_to(scenario.batch.max)
        .chunk_blocks(CHUNK)
        .limbo_magazines(scenario.limbo)
        .max_carved_blocks(capacity)
        .source(Metered(Arc::clone(&regions)))
        .threads(threads.clone())
        .topology(ModelShards { scenario, attaching: Arc::clone(&threads.attaching) })
        .build()
        .expect("a scenario's pool can be built");
    let shared: &'static Shared<Pool<S>> = Box::leak(Box::new(Shared::new(pool)));

    let step = move |handle: &mut SentHandle<S>, actor: &mut Actor, op: Op| {
        let local = handle.0.as_ref();
        match op {
            Op::Attach => {
                threads.attaches(actor.number);
                handle.0 = Some(shared.under_check.local().expect("memory for a slot"));
            }
            Op::Leave => handle.0 = None,
            Op::Forget => core::mem::forget(handle.0.take()),
            Op::End => {
                core::mem::forget(handle.0.take());
                threads.ends(actor.number);
            }
            Op::Allocate => match local.expect("attached").allocate() {
                Ok(block) => shared.receive(actor, &[block.as_ptr().expose_provenance()]),
                Err(_) => actor.log.push(Entry::Blocks(vec![])),
            },
            Op::Free => {
                if let Some(block) = shared.give(actor) {
                    // SAFETY: allocated from this pool, and held by this actor alone.
                    unsafe { local.expect("attached").deallocate(block.into()) };
                }
            }
            Op::Carved => {
                let carved = shared.under_check.stats().carved_blocks;
                actor.log.push(Entry::Carved(carved));
            }
            Op::Lose => _ = local.expect("attached").allocate(),
            Op::Give(_) | Op::Join(_) | Op::Offer(_) | Op::OfferTwice(_) | Op::Request(_) => {
                unreachable!("not an operation of a handle")
            }
        }
    };

    let mut actors: Vec<(SentHandle<S>, Actor)> =
        (0..scenario.threads.len()).map(|number| (SentHandle(None), Actor::new(number))).collect();
    for (thread, op) in scenario.setup.steps() {
        if let Op::Give(to) = op {
            let block = actors[*thread].1.held.pop_front().expect("setup gives what is held");
            actors[*to].1.held.push_back(block);
        } else {
            let (handle, actor) = &mut actors[*thread];
            step(handle, actor, *op);
        }
    }
    actors.iter_mut().for_each(|(_, actor)| actor.log.clear());
    let ended = run(scenario, actors, move |(handle, actor), op| {
        op.begins();
        step(handle, actor, op);
    });

    let (handles, actors): (Vec<_>, Vec<_>) = ended.into_iter().unzip();
    let alive = handles.iter().filter(|handle| handle.0.is_some()).count();
    let attached = shared.under_check.stats().attached;
    assert_eq!(attached, alive + scenario.handles_forgotten(), "two handles share a slot");
    // In the order of the threads, as the specification does.
    handles.into_iter().for_each(drop);
    // SAFETY: leaked above; all handles are gone.
    let mut shared = unsafe { Box::from_raw(core::ptr::from_ref(shared).cast_mut()) };
    let (stats, census) = (shared.under_check.stats(), shared.under_check.census());
    let held: usize = actors.iter().map(|actor| actor.held.len()).sum();
    assert_eq!(census.cached_blocks, 0, "a handle left with blocks");
    assert_eq!(census.free_blocks() + held, stats.carved_blocks, "a block was lost");
    let most_live = shared.live.most.load(Ordering::Relaxed).cast_unsigned();
    let batch = scenario.batch.max;
    let bound = most_live + 3 * actors.len() * batch + batch;
    assert!(stats.carved_blocks <= bound, "{} blocks carved, bound {bound}", stats.carved_blocks);
    drain(&shared, census.free_blocks());

    let lowest = shared.payload.lowest();
    drop(shared);
    assert_eq!(regions.load(Ordering::Relaxed), 0, "a region did not go back exactly once");
    let logs = logs(&actors, lowest);
    outcome(&logs, stats.carved_blocks, census.full_blocks, census.partial_blocks)
}

/// Takes every free block out again: none comes twice, none of them has to be carved.
fn drain<S: Strategy>(shared: &Shared<Pool<S>>, free: usize) {
    let carved = shared.under_check.stats().carved_blocks;
    let local = shared.under_check.local().expect("a slot for the drain");
    for _ in 0..free {
        let block = local.allocate().expect("a free block");
        shared.payload.taken(block.as_ptr().addr());
    }
    assert_eq!(shared.under_check.stats().carved_blocks, carved, "a free block was not found");
}

fn mediator<S: Strategy>(scenario: &'static Scenario, holds: &'static [usize]) -> String {
    let requirements = Requirements { limbo_magazines: scenario.limbo, ..Requirements::default() };
    let mechanism = S::mechanism(requirements).expect("no requirement, no refusal");
    let mediator = Mediator::<S>::new(scenario.batch, scenario.shards(), &mechanism);
    let mut regions = Regions::new(SystemSource);
    let blocks: usize = holds.iter().sum();
    // M1: a magazine per batch of blocks, and one per thread, and what may wait.
    let limbo = mechanism.limbo_magazines * holds.len();
    let ordinary = blocks.div_ceil(scenario.batch.min) + holds.len() + limbo;
    stock(&mediator, ordinary, holds.len(), &mut regions);
    mediator.extend_limbo(limbo);
    let shared: &'static Shared<Mediator<S>> = Box::leak(Box::new(Shared::new(mediator)));

    let mut next = BLOCK;
    let actors = holds.iter().map(|&count| {
        let mut actor = Actor::default();
        let addresses: Vec<usize> = (0..count).map(|nth| next + nth * BLOCK).collect();
        next += count * BLOCK;
        shared.receive(&mut actor, &addresses);
        actor.log.clear();
        actor
    });
    let offer = move |Standing((participant, shard)): &Standing<(Participant<S>, ShardId)>,
                      blocks: &[Block]| {
        // SAFETY: all participants have joined this mediator.
        let client = unsafe { shared.under_check.client(participant, *shard) };
        if blocks.len() > scenario.batch.min {
            let given = client.offer_large(|| Ok::<_, Infallible>(blocks));
            assert_eq!(given, Ok(true), "each thread has a large magazine");
        } else {
            client.offer(blocks);
        }
    };
    let step = move |(standing, actor): &mut (Standing<(Participant<S>, ShardId)>, Actor),
                     op: Op| match op {
        Op::Offer(count) | Op::OfferTwice(count) => {
            let blocks: Vec<Block> =
                (0..count).map_while(|_| shared.give(actor)).map(Block::from).collect();
            offer(standing, &blocks);
            if matches!(op, Op::OfferTwice(_)) {
                offer(standing, &blocks);
            }
        }
        Op::Request(max) => {
            let Standing((participant, shard)) = standing;
            let mut out = vec![MaybeBlock::uninit(); max];
            // SAFETY: as above.
            let client = unsafe { shared.under_check.client(participant, *shard) };
            let count = client.request(Take::UpTo(out.len()), &mut out);
            let addresses: Vec<usize> = out[..count]
                .iter()
                // SAFETY: `request` has written so many.
                .map(|block| unsafe { block.assume_init() }.as_non_null().addr().get())
                .collect();
            shared.receive(actor, &addresses);
        }
        Op::Join(shard) => standing.0.1 = shared.under_check.shard_id(shard),
        _ => unreachable!("not an operation of a mediator"),
    };
    let shards = scenario.shard_of.iter().copied().chain(core::iter::repeat(0));
    let standing =
        |shard| Standing((shared.under_check.join(), shared.under_check.shard_id(shard)));
    let mut actors: Vec<_> =
        actors.zip(shards).map(|(actor, shard)| (standing(shard), actor)).collect();
    for (thread, op) in scenario.setup.steps() {
        step(&mut actors[*thread], *op);
    }
    let ended = run(scenario, actors, move |actor, op| {
        op.begins();
        step(actor, op);
    });

    let (standings, ended): (Vec<_>, Vec<_>) = ended.into_iter().unzip();
    drop(standings);
    // SAFETY: leaked above; all threads are joined.
    let mut shared = unsafe { Box::from_raw(core::ptr::from_ref(shared).cast_mut()) };
    let (full, partial, _) = shared.under_check.census();
    let held: usize = ended.iter().map(|actor| actor.held.len()).sum();
    assert_eq!(full + partial + held, blocks, "a block was lost");
    let logs = logs(&ended, BLOCK);
    shared.under_check.end_magazines();
    outcome(&logs, blocks, full, partial)
}

/// Runs the programs: the first on this thread, the others on one each. Gives the actors back.
fn run<A: Send + 'static>(
    scenario: &'static Scenario,
    actors: Vec<A>,
    step: impl Fn(&mut A, Op) + Clone + Send + Sync + 'static,
) -> Vec<A> {
    let follow = move |mut actor: A, ops: &'static [Op]| {
        ops.iter().for_each(|op| operation(|| step(&mut actor, *op)));
        actor
    };
    let mut actors = actors.into_iter().zip(scenario.threads);
    let (first, ops) = actors.next().expect("a scenario has threads");
    let others: Vec<_> = actors
        .map(|(actor, ops)| {
            let follow = follow.clone();
            thread::spawn(move || follow(actor, ops))
        })
        .collect();
    let mut ended = vec![follow(first, ops)];
    ended.extend(others.into_iter().map(|thread| thread.join().expect("no panic unreported")));
    ended
}

/// Logs as the specification writes them: blocks by their distance from the lowest.
fn logs(actors: &[Actor], lowest: usize) -> Vec<Vec<String>> {
    let text = |line: &Entry| match line {
        Entry::Blocks(addresses) => {
            let number = |address: &usize| (address - lowest) / BLOCK;
            entry(&addresses.iter().map(number).collect::<Vec<_>>())
        }
        Entry::Carved(blocks) => answer(*blocks),
    };
    actors.iter().map(|actor| actor.log.iter().map(text).collect()).collect()
}
