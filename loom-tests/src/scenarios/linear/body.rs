//! Runs a program on the shipped pool and records what happens.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use histories::{Call, History, Operation};
use stampool::raw::sync::thread;
use stampool::{AllocError, Local, Pool, Strategy};

use super::program::{Op, Program};

/// Magazines per handle that may wait, where any do.
const LIMBO: usize = 1;

/// What stands between the threads and the pool, and may do wrong. Its books are std's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: the pool as it is.
    None,
    /// Every other block that comes back is handed out once more, beside the pool.
    HandsOutTwice,
    /// Every third allocation is refused.
    Refuses,
    /// Every third block that comes back is kept.
    Loses,
}

/// What the threads share. All of it but the pool is std's: no scheduling point.
struct Shared<S: Strategy> {
    pool: Pool<S>,
    clock: AtomicUsize,
    calls: Mutex<Vec<Call<Operation>>>,
    /// Blocks on their way from hand to hand, for each thread.
    mail: Mutex<Vec<Vec<usize>>>,
    fault: Fault,
    /// Operations that the fault looks at.
    turns: AtomicUsize,
    /// What is handed out twice, and not again.
    kept: Mutex<Vec<usize>>,
    twice: Mutex<BTreeSet<usize>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Strategy> Shared<S> {
    /// Whether it is time for this fault, one in `turns` times.
    fn now(&self, fault: Fault, turns: usize) -> bool {
        self.fault == fault && (self.turns.fetch_add(1, Relaxed) + 1).is_multiple_of(turns)
    }

    fn call(&self, thread: usize, op: impl FnOnce() -> Operation) -> Operation {
        let invoked = self.clock.fetch_add(1, Relaxed);
        let op = op();
        let returned = self.clock.fetch_add(1, Relaxed);
        lock(&self.calls).push(Call { thread, op, invoked, returned });
        op
    }

    fn allocate(&self, local: &Local<'_, S>, thread: usize, others: usize) -> Option<usize> {
        let op = self.call(thread, || {
            if let Some(block) = lock(&self.kept).pop() {
                lock(&self.twice).insert(block);
                return Operation::Allocated(block);
            }
            if self.now(Fault::Refuses, 3) {
                return Operation::Refused { others };
            }
            match local.allocate() {
                Ok(block) => Operation::Allocated(block.as_ptr().expose_provenance()),
                Err(AllocError::Capacity) => Operation::Refused { others },
                Err(_) => Operation::Failed,
            }
        });
        if let Operation::Allocated(block) = op { Some(block) } else { None }
    }

    fn free(&self, local: &Local<'_, S>, thread: usize, block: usize) {
        self.call(thread, || {
            // Handed out twice, it comes back twice; the pool is spared that.
            if lock(&self.twice).remove(&block) || self.now(Fault::Loses, 3) {
                return Operation::Freed(block);
            }
            if self.now(Fault::HandsOutTwice, 2) {
                lock(&self.kept).push(block);
            }
            let pointer = NonNull::new(core::ptr::with_exposed_provenance_mut(block));
            // SAFETY: allocated from this pool, and in this thread's hands alone; a fault's second
            // copy never comes here.
            unsafe { local.deallocate(pointer.expect("blocks are not null").into()) };
            Operation::Freed(block)
        });
    }

    fn follow(&self, thread: usize, ops: &[Op], others: usize) {
        let local = self.pool.local().expect("memory for a slot");
        let mut held = Vec::new();
        for op in ops {
            held.append(&mut lock(&self.mail)[thread]);
            match *op {
                Op::Allocate => held.extend(self.allocate(&local, thread, others)),
                Op::Free(nth) if !held.is_empty() => {
                    let block = held.remove(nth % held.len());
                    self.free(&local, thread, block);
                }
                Op::Give { nth, to } if !held.is_empty() => {
                    let block = held.remove(nth % held.len());
                    lock(&self.mail)[to].push(block);
                }
                Op::Free(_) | Op::Give { .. } => {}
            }
        }
    }
}

/// Runs `program` once on the shipped pool, through `fault`, and then takes out, alone, all that is
/// free: what does not come is lost.
///
/// # Panics
/// Where the pool does, or cannot be built.
#[must_use]
pub fn body<S: Strategy>(program: &Program, fault: Fault) -> History {
    let Program { batch, capacity, held, threads } = program;
    let pool = Pool::builder(Layout::new::<u64>())
        .strategy::<S>()
        .batch(*batch)
        .max_carved_blocks(*capacity)
        .limbo_magazines(LIMBO)
        .build()
        .expect("a program's pool can be built");
    let shared = Arc::new(Shared {
        pool,
        clock: AtomicUsize::new(0),
        calls: Mutex::default(),
        mail: Mutex::default(),
        fault,
        turns: AtomicUsize::new(0),
        kept: Mutex::default(),
        twice: Mutex::default(),
    });
    // The threads' numbers, and one more for what is done alone.
    let alone = threads.len();
    let first = shared.pool.local().expect("memory for a slot");
    for &blocks in held {
        let blocks = (0..blocks).filter_map(|_| shared.allocate(&first, alone, 0)).collect();
        lock(&shared.mail).push(blocks);
    }
    drop(first);
    let others = threads.len() - 1;
    let running: Vec<_> = threads
        .iter()
        .enumerate()
        .map(|(thread, ops)| {
            let (shared, ops) = (Arc::clone(&shared), ops.clone());
            thread::spawn(move || shared.follow(thread, &ops, others))
        })
        .collect();
    running.into_iter().for_each(|thread| thread.join().expect("no panic unreported"));
    let last = shared.pool.local().expect("memory for a slot");
    while shared.allocate(&last, alone, 0).is_some() {
        assert!(lock(&shared.calls).len() < 1_000, "the pool hands out blocks without end");
    }
    drop(last);
    let calls = core::mem::take(&mut *lock(&shared.calls));
    History(calls).numbered()
}
