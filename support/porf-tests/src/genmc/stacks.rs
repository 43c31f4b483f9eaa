//! Treiber's stack, and a stack whose operations try once.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use porf::model::assume;
use porf::sync::atomic::AtomicUsize;

use super::case::{Sizes, sizes};
use super::threads::{Threads, zero_list};

/// Nodes with a value and a link, and the top. Links are counted pointers: the number of a node,
/// zero for none, and above it a counter.
struct Stack {
    top: AtomicUsize,
    next: Vec<AtomicUsize>,
    values: Vec<AtomicUsize>,
    /// What the writers publish by pushing their number.
    published: Vec<AtomicUsize>,
}

const COUNT: usize = 1 << 32;

fn node(pointer: usize) -> usize {
    pointer % COUNT
}

fn counted(node: usize, before: usize) -> usize {
    node + (before / COUNT + 1) * COUNT
}

impl Stack {
    fn new(nodes: usize) -> Self {
        Self {
            top: AtomicUsize::new(0),
            next: zero_list(nodes + 1),
            values: zero_list(nodes + 1),
            published: zero_list(nodes + 1),
        }
    }

    fn push(&self, new: usize, value: usize) {
        self.values[new].store(value, Relaxed);
        loop {
            let top = self.top.load(Acquire);
            self.next[new].store(top, Relaxed);
            if self.top.compare_exchange(top, counted(new, top), Release, Relaxed).is_ok() {
                return;
            }
        }
    }

    /// An iteration whose `compare_exchange` fails has no effect, so that GenMC makes it into an
    /// assumption.
    fn pop(&self) -> Option<usize> {
        let top = self.top.load(Acquire);
        if node(top) == 0 {
            return None;
        }
        let next = self.next[node(top)].load(Relaxed);
        let new = counted(node(next), top);
        assume(self.top.compare_exchange(top, new, Release, Relaxed).is_ok());
        Some(self.values[node(top)].load(Relaxed))
    }
}

/// Two threads push and one pops. The first writer's number is zero, and the reader looks at what
/// the others published.
fn treiber_stack(_: usize) {
    let mut threads = Threads::sharing(Stack::new(2));
    for writer in 0..2 {
        threads.start(move |stack: &Stack| {
            stack.published[writer].store(writer + 42, Relaxed);
            stack.push(writer + 1, writer);
        });
    }
    threads.start(|stack| {
        if let Some(writer) = stack.pop().filter(|writer| *writer != 0) {
            assert_eq!(stack.published[writer].load(Relaxed), writer + 42);
        }
    });
    threads.join();
}

/// A stack whose push and pop give up if another thread was quicker. The links are not counted.
struct TryStack {
    head: AtomicUsize,
    next: Vec<AtomicUsize>,
    data: Vec<AtomicUsize>,
}

impl TryStack {
    fn push(&self, node: usize, value: usize) {
        self.data[node].store(value, Relaxed);
        let head = self.head.load(Relaxed);
        self.next[node].store(head, Relaxed);
        let _ = self.head.compare_exchange(head, node, Release, Relaxed);
    }

    fn pop(&self) {
        let head = self.head.load(Acquire);
        if head != 0 {
            let _ = self.data[head].load(Relaxed);
            let next = self.next[head].load(Relaxed);
            let _ = self.head.compare_exchange(head, next, Release, Relaxed);
        }
    }
}

/// One thread pushes twice and pops, the other pops and pushes. GenMC's program has a third thread
/// that does nothing.
fn stc(_: usize) {
    let stack = TryStack { head: AtomicUsize::new(0), next: zero_list(4), data: zero_list(4) };
    let mut threads = Threads::sharing(stack);
    threads.start(|stack: &TryStack| {
        stack.push(1, 1);
        stack.push(2, 2);
        stack.pop();
    });
    threads.start(|stack| {
        stack.pop();
        stack.push(3, 1);
    });
    threads.join();
}

pub(super) const PROGRAMS: &[Sizes] = &[
    sizes("treiber-stack", |_| 4, treiber_stack, &[(0, 18)]),
    sizes("stc", |_| 3, stc, &[(0, 37)]),
];
