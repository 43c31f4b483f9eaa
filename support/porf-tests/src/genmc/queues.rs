//! Michael and Scott's queue.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use porf::model::assume;
use porf::sync::atomic::AtomicUsize;

use super::case::{Sizes, sizes};
use super::threads::{Threads, zero_list};

const COUNT: usize = 1 << 32;

fn node(pointer: usize) -> usize {
    pointer % COUNT
}

fn counted(node: usize, before: usize) -> usize {
    node + (before / COUNT + 1) * COUNT
}

/// GenMC unrolls the loops of the queue three times.
const UNROLLED: usize = 3;

/// Links, head and tail are counted pointers to nodes. Node zero is none.
struct Queue {
    head: AtomicUsize,
    tail: AtomicUsize,
    next: Vec<AtomicUsize>,
    values: Vec<AtomicUsize>,
}

fn replace(location: &AtomicUsize, old: usize, new: usize) -> bool {
    location.compare_exchange(old, new, Release, Relaxed).is_ok()
}

impl Queue {
    /// Node 1 is in the queue. The links of the others are poisoned until a thread owns them.
    fn new(nodes: usize) -> Self {
        const POISON: usize = 0x666;
        let next = |node| AtomicUsize::new(if node > 1 { POISON } else { 0 });
        Self {
            head: AtomicUsize::new(1),
            tail: AtomicUsize::new(1),
            next: (0..=nodes).map(next).collect(),
            values: zero_list(nodes + 1),
        }
    }

    fn enqueue(&self, new: usize, value: usize) {
        self.values[new].store(value, Relaxed);
        let poisoned = self.next[new].load(Relaxed);
        self.next[new].store(poisoned / COUNT * COUNT, Relaxed);
        for _ in 0..UNROLLED {
            let tail = self.tail.load(Acquire);
            let next = self.next[node(tail)].load(Acquire);
            if tail != self.tail.load(Relaxed) {
                continue;
            }
            if node(next) == 0 && replace(&self.next[node(tail)], next, counted(new, next)) {
                replace(&self.tail, tail, counted(new, tail));
                return;
            }
            let next = self.next[node(tail)].load(Acquire);
            replace(&self.tail, tail, counted(node(next), tail));
        }
        assume(false);
    }

    fn dequeue(&self) -> Option<usize> {
        for _ in 0..UNROLLED {
            let head = self.head.load(Acquire);
            let tail = self.tail.load(Acquire);
            let next = self.next[node(head)].load(Acquire);
            assume(head == self.head.load(Relaxed));
            if node(head) != node(tail) {
                let value = self.values[node(next)].load(Relaxed);
                assume(replace(&self.head, head, counted(node(next), head)));
                return Some(value);
            }
            if node(next) == 0 {
                return None;
            }
            replace(&self.tail, tail, counted(node(next), tail));
        }
        assume(false);
        None
    }
}

/// Two threads enqueue and dequeue.
///
/// An iteration ends without an effect where the tail or the head has changed in between. GenMC
/// makes such an iteration into an assumption in some loops. Only an assumption in `dequeue`, and
/// none in `enqueue`, gives the number of GenMC, so this is what stands here.
fn ms_queue(_: usize) {
    let mut threads = Threads::sharing(Queue::new(3));
    for thread in 0..2 {
        threads.start(move |queue: &Queue| {
            queue.enqueue(thread + 2, thread * 10);
            let _ = queue.dequeue();
        });
    }
    threads.join();
}

pub(super) const PROGRAMS: &[Sizes] = &[sizes("ms-queue", |_| 3, ms_queue, &[(0, 50)])];
