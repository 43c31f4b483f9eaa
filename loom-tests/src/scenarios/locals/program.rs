//! Programs of the specification, run by threads that carry no handle.

use core::num::NonZeroUsize;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use stampool::Strategy;
use stampool::raw::sync::thread;

use super::gate::Gate;
use super::rig::Rig;
use crate::one_at_a_time::operation;
use crate::scenarios::Payload;
use crate::scenarios::exchange::{self, Op, Scenario, entry, outcome};

/// Size of a block in bytes.
const BLOCK: usize = size_of::<u64>();

/// The outcomes of the specification, up to what lies in lists and what in caches at the end: the
/// first thread still has its handle.
pub(super) fn allowed(program: &'static Scenario) -> BTreeSet<String> {
    exchange::allowed(program).iter().map(|outcome| without_lists(outcome)).collect()
}

fn without_lists(outcome: &str) -> String {
    let (kept, _) = outcome.split_once(" full ").expect("an outcome ends with the lists");
    kept.into()
}

/// A thread, its blocks by address, and what it was given.
struct User<S: Strategy> {
    rig: &'static Rig<S>,
    payload: Arc<Payload>,
    held: VecDeque<usize>,
    log: Vec<Option<usize>>,
}

impl<S: Strategy> User<S> {
    fn step(&mut self, op: Op) {
        match op {
            // The first call attaches, here one that asks for nothing.
            Op::Attach => _ = self.rig.pool.allocate_many(&mut []),
            Op::Allocate => {
                let block = self.rig.pool.allocate().ok();
                let address = block.map(|block| block.as_ptr().expose_provenance());
                if let Some(address) = address {
                    self.payload.taken(address);
                    self.held.push_back(address);
                }
                self.log.push(address);
            }
            Op::Free => {
                let address = self.held.pop_front().expect("a program frees what it holds");
                self.payload.given(address);
                let block = NonZeroUsize::new(address).map(NonNull::with_exposed_provenance);
                let block = block.expect("a block's address");
                // SAFETY: allocated from this pool, and held by this thread alone.
                unsafe { self.rig.pool.deallocate(block.into()) };
            }
            // The thread ends.
            Op::Leave => {}
            _ => unreachable!("not an operation of a thread without a handle"),
        }
    }

    /// The set-up's steps of a thread.
    fn set_up(&mut self, program: &Scenario, thread: usize) {
        for (_, op) in program.setup.steps().iter().filter(|(of, _)| *of == thread) {
            self.step(*op);
        }
        self.log.clear();
    }

    fn follow(&mut self, ops: &[Op]) {
        ops.iter().for_each(|op| operation(|| self.step(*op)));
    }
}

/// A log as the specification writes it: blocks by their distance from the lowest.
fn text(log: &[Option<usize>], lowest: usize) -> Vec<String> {
    let number = |address: usize| (address - lowest) / BLOCK;
    log.iter().map(|address| entry(&Vec::from_iter(address.map(number)))).collect()
}

/// Runs a program once.
pub(super) fn run<S: Strategy>(program: &'static Scenario) -> String {
    let [first_ops, second_ops] = program.threads else { unreachable!("two threads") };
    assert_eq!(second_ops.last(), Some(&Op::Leave), "the second thread ends");
    let rig = Rig::<S>::new(|builder| builder.batch(program.batch.min).chunk_blocks(32));
    let payload = Arc::new(Payload::default());
    let user = |payload| User { rig, payload, held: VecDeque::new(), log: Vec::new() };
    let mut first = user(Arc::clone(&payload));
    first.set_up(program, 0);
    let mut second = user(Arc::clone(&payload));
    let ready = Gate::new();
    let other = {
        let ready = ready.clone();
        thread::spawn(move || {
            second.set_up(program, 1);
            ready.open();
            second.follow(second_ops);
            (second.held, second.log)
        })
    };
    ready.wait();
    first.follow(first_ops);
    let (held, second_log) = other.join().expect("no panic unreported");
    // The fallback cache's handle, and the first thread's.
    assert_eq!(rig.pool.stats().attached, 2, "a handle is left, or two share a slot");

    let held = held.len() + first.held.len();
    let logs = [&first.log, &second_log].map(|log| text(log, payload.lowest()));
    drop(first);
    // SAFETY: the other thread has ended, and this one refers to the pool no more.
    let (mut pool, regions) = unsafe { Rig::take(rig) };
    let (carved, free) = (pool.stats().carved_blocks, pool.census().free_blocks());
    assert_eq!(free + held, carved, "a block was lost");
    for _ in 0..free {
        let block = pool.allocate().expect("a free block");
        payload.taken(block.as_ptr().addr());
    }
    assert_eq!(pool.stats().carved_blocks, carved, "a free block was not found");
    drop(pool);
    assert_eq!(regions.load(Ordering::Relaxed), 0, "a region did not go back exactly once");
    without_lists(&outcome(&logs, carved, 0, 0))
}
