//! The queue and the stack of `examples/structures`. These are the files that the examples compile,
//! with the checkers' atomics instead of core's.

use std::collections::BTreeSet;

use stampool::raw::sync::thread;
use stampool::{StampedPool, TaggedWide};

use super::scenario::{Scenario, row};
use super::shared::Leaked;
use crate::one_at_a_time::operation;
use crate::scenarios::Depth;
use crate::spec::{self, Object};

#[path = "../../../../../examples/structures/ms_queue.rs"]
mod ms_queue;
mod sync;
#[path = "../../../../../examples/structures/treiber_stack.rs"]
mod treiber_stack;

/// The rows of this module.
pub const SCENARIOS: &[Scenario] = &[
    row("stamped/stack_pop_push", || stack(&POP_PUSH), || pops(&POP_PUSH)),
    row("stamped/stack_pop_pop", || stack(&POP_POP), || pops(&POP_POP)),
    row("stamped/stack_push_push", || stack(&PUSH_PUSH), || pops(&PUSH_PUSH)),
    long("stamped/stack_aba", || stack(&STACK_ABA), || pops(&STACK_ABA)),
    long("stamped/queue_dequeue_enqueue", || queue(&TAKE_PUT), || dequeues(&TAKE_PUT)),
    long("stamped/queue_dequeue_dequeue", || queue(&POP_POP), || dequeues(&POP_POP)),
    long("stamped/queue_enqueue_enqueue", || queue(&PUSH_PUSH), || dequeues(&PUSH_PUSH)),
    long("stamped/queue_tail_reuse", || queue(&TAIL_REUSE), || dequeues(&TAIL_REUSE)),
    Scenario {
        depth: Depth::Preemptions(2),
        ..row("stamped/queue_head_reuse", || queue(&HEAD_REUSE), || dequeues(&HEAD_REUSE))
    },
    three("stamped/stack_of_three", || stack(&THREE), || pops(&THREE)),
    three("stamped/queue_of_three", || queue(&THREE), || dequeues(&THREE)),
];

const fn long(
    name: &'static str,
    body: fn() -> String,
    allowed: fn() -> BTreeSet<String>,
) -> Scenario {
    Scenario { searched: false, ..row(name, body, allowed) }
}

const fn three(
    name: &'static str,
    body: fn() -> String,
    allowed: fn() -> BTreeSet<String>,
) -> Scenario {
    Scenario { depth: Depth::Preemptions(2), ..row(name, body, allowed) }
}

/// An operation of a thread.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    /// Push or enqueue.
    Put(u64),
    /// Pop or dequeue.
    Take,
    /// The same by a second handle, so that the node freed is not the one that is allocated next.
    TakeAside,
}

use Op::{Put, Take, TakeAside};

/// What lies in a structure at the start, first in first, and what the threads do.
pub(crate) struct Program {
    start: &'static [u64],
    threads: &'static [&'static [Op]],
}

const POP_PUSH: Program = Program { start: &[1], threads: &[&[Take], &[Put(2)]] };
const POP_POP: Program = Program { start: &[1, 2], threads: &[&[Take], &[Take]] };
const TAKE_PUT: Program = Program { start: &[], threads: &[&[Take], &[Put(2)]] };
const PUSH_PUSH: Program = Program { start: &[], threads: &[&[Put(1)], &[Put(2)]] };
/// The top's block is on top again, above another one than before. The third value is what a faulty
/// exchange loses.
pub(crate) const STACK_ABA: Program =
    Program { start: &[3, 2, 1], threads: &[&[Take], &[Take, TakeAside, Put(4)]] };
/// The node that was last is last again.
const TAIL_REUSE: Program = Program { start: &[1], threads: &[&[Put(2)], &[Take, Put(3)]] };
/// The node that was in front is last, and then in front again.
const HEAD_REUSE: Program = Program { start: &[1], threads: &[&[Take], &[Take, Put(3), Take]] };
const THREE: Program = Program { start: &[1], threads: &[&[Take], &[Put(2)], &[Put(3)]] };

// The specification.

/// A sequence to which things come at the end, and from which they go at one end or the other.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Sequence {
    is_queue: bool,
    values: Vec<u64>,
    logs: Vec<Vec<Option<u64>>>,
}

impl Object for Sequence {
    type Op = Op;

    fn apply(&self, thread: usize, op: &Op) -> Vec<Self> {
        let mut next = self.clone();
        match *op {
            Put(value) => next.values.push(value),
            Take | TakeAside => {
                let is_empty = next.values.is_empty();
                let at = if self.is_queue { 0 } else { next.values.len().saturating_sub(1) };
                let taken = (!is_empty).then(|| next.values.remove(at));
                next.logs[thread].push(taken);
            }
        }
        vec![next]
    }

    fn outcome(&self) -> String {
        let mut left = self.values.clone();
        if !self.is_queue {
            left.reverse();
        }
        outcome(&self.logs, &left)
    }
}

fn outcome(logs: &[Vec<Option<u64>>], left: &[u64]) -> String {
    format!("{logs:?} left {left:?}")
}

fn allowed(program: &Program, is_queue: bool) -> BTreeSet<String> {
    let threads: Vec<Vec<Op>> = program.threads.iter().map(|ops| ops.to_vec()).collect();
    let logs = vec![Vec::new(); threads.len()];
    let start = Sequence { is_queue, values: program.start.to_vec(), logs };
    spec::interleavings(start, &threads)
}

fn pops(program: &Program) -> BTreeSet<String> {
    allowed(program, false)
}

fn dequeues(program: &Program) -> BTreeSet<String> {
    allowed(program, true)
}

// The bodies.

/// A thread's way to a structure.
trait Way {
    fn put(&self, value: u64);
    fn take(&self) -> Option<u64>;
}

impl Way for ms_queue::Handle<'_> {
    fn put(&self, value: u64) {
        self.enqueue(value).expect("memory");
    }

    fn take(&self) -> Option<u64> {
        self.dequeue()
    }
}

impl Way for treiber_stack::Handle<'_, u64> {
    fn put(&self, value: u64) {
        self.push(value).expect("memory");
    }

    fn take(&self) -> Option<u64> {
        self.pop()
    }
}

/// A thread's two ways, made by the setup.
struct Ways<W>([W; 2]);

// SAFETY: a handle is bound to one thread only so that two don't use it at a time; here they move
// between the setup and their thread, which start and join order.
unsafe impl<W> Send for Ways<W> {}

impl<W: Way> Ways<W> {
    fn follow(&self, ops: &[Op]) -> Vec<Option<u64>> {
        let mut log = Vec::new();
        for op in ops {
            match *op {
                Put(value) => operation(|| self.0[0].put(value)),
                Take => log.push(operation(|| self.0[0].take())),
                TakeAside => log.push(operation(|| self.0[1].take())),
            }
        }
        log
    }
}

/// Runs the threads. The first one runs here: one thread less to schedule.
fn run<W: Way + 'static>(program: &'static Program, way: impl Fn() -> W) -> Vec<Vec<Option<u64>>> {
    let mut ways: Vec<Ways<W>> = program.threads.iter().map(|_| Ways([way(), way()])).collect();
    // Values come and go, so that a thread finds the nodes that it needs in its cache.
    for (ways, ops) in ways.iter().zip(program.threads) {
        let puts = ops.iter().filter(|op| matches!(op, Put(_))).count();
        (0..puts).for_each(|_| ways.0[0].put(0));
        (0..puts).for_each(|_| _ = ways.0[0].take());
    }
    program.start.iter().for_each(|value| ways[0].0[0].put(*value));
    let first = ways.remove(0);
    let others: Vec<_> = ways
        .into_iter()
        .zip(&program.threads[1..])
        .map(|(ways, ops)| thread::spawn(move || (ways.follow(ops), ways)))
        .collect();
    let mut logs = vec![first.follow(program.threads[0])];
    logs.extend(others.into_iter().map(|other| other.join().expect("no panic unreported").0));
    logs
}

/// As many as were put in must come out.
fn ended(program: &Program, logs: &[Vec<Option<u64>>], left: &[u64]) -> String {
    let puts = program.threads.iter().flat_map(|ops| ops.iter()).filter_map(|op| match op {
        Put(value) => Some(*value),
        _ => None,
    });
    let mut put: Vec<u64> = program.start.iter().copied().chain(puts).collect();
    let taken = logs.iter().flatten().flatten();
    let mut found: Vec<u64> = taken.chain(left).copied().collect();
    put.sort_unstable();
    found.sort_unstable();
    assert!(found.windows(2).all(|two| two[0] != two[1]), "a value came twice");
    assert_eq!(found, put, "a value was lost");
    outcome(logs, left)
}

type Node = treiber_stack::Node<u64>;

fn stack(program: &'static Program) -> String {
    stack_of(program, |pool| pool)
}

/// Runs a program on the stack with the nodes of a pool that `change` has changed.
pub(crate) fn stack_of(
    program: &'static Program,
    change: fn(StampedPool<Node>) -> StampedPool<Node>,
) -> String {
    let pool = StampedPool::<Node>::builder().batch(2).build_stamped(Node::new);
    let pool = change(pool.expect("no requirement"));
    let stack = Leaked::new(treiber_stack::Stack::<u64, TaggedWide>::new(pool));
    let logs = run(program, || stack.get().handle().expect("memory"));
    // SAFETY: the threads are joined and the handles dropped.
    let mut stack = unsafe { stack.end() };
    let most = program.start.len() + program.threads.iter().map(|ops| ops.len()).sum::<usize>();
    let left: Vec<u64> = core::iter::from_fn(|| stack.pop_alone()).take(most + 1).collect();
    assert!(left.len() <= most, "a stack has a cycle");
    ended(program, &logs, &left)
}

/// Runs a program on the queue.
fn queue(program: &'static Program) -> String {
    let builder = StampedPool::<ms_queue::Node>::builder().batch(2);
    let pool = builder.build_stamped(ms_queue::Node::new).expect("no requirement");
    let queue = Leaked::new(ms_queue::Queue::<TaggedWide>::new(pool).expect("memory"));
    let logs = run(program, || queue.get().handle().expect("memory"));
    let handle = queue.get().handle().expect("memory");
    let left: Vec<u64> = core::iter::from_fn(|| handle.dequeue()).collect();
    drop(handle);
    // SAFETY: the threads are joined and the handles dropped.
    _ = unsafe { queue.end() };
    ended(program, &logs, &left)
}
