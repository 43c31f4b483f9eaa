//! A lock-free stack and a queue beside a thread that is stopped for ever.

mod stops;

use core::array;

use porf::hint;
use porf::model::operation;
use porf::sync::atomic::AtomicUsize;
use porf::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use stops::{is_lock_free, texts, threads, waits};

/// A stack of numbered nodes; each node is pushed once, so there is no ABA.
struct Stack {
    head: AtomicUsize,
    next: [AtomicUsize; 4],
}

impl Stack {
    fn new() -> Self {
        let next = array::from_fn(|_| AtomicUsize::new(0));
        Self { head: AtomicUsize::new(0), next }
    }

    fn push(&self, node: usize) {
        let mut head = self.head.load(Relaxed);
        loop {
            self.next[node].store(head, Relaxed);
            match self.head.compare_exchange(head, node, Release, Relaxed) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    fn pop(&self) -> usize {
        let mut head = self.head.load(Acquire);
        while head != 0 {
            let next = self.next[head].load(Relaxed);
            match self.head.compare_exchange(head, next, Acquire, Acquire) {
                Ok(_) => return head,
                Err(now) => head = now,
            }
        }
        0
    }
}

#[test]
fn a_stack_of_treiber_waits_for_nobody() {
    let push_pop: fn(&Stack) = |stack| {
        stack.push(1);
        stack.pop();
    };
    is_lock_free(threads(Stack::new, [push_pop, |stack| stack.push(2)]));
    is_lock_free(threads(
        Stack::new,
        [
            |stack| stack.push(1),
            |stack| {
                stack.push(2);
                stack.pop();
            },
            |stack| _ = stack.pop(),
        ],
    ));
}

/// The queue of Michael and Scott, of numbered nodes. Node 0 is the first dummy, and a link of 0 is
/// none.
struct Queue {
    head: AtomicUsize,
    tail: AtomicUsize,
    next: [AtomicUsize; 3],
}

impl Queue {
    fn new() -> Self {
        let (head, tail) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { head, tail, next: array::from_fn(|_| AtomicUsize::new(0)) }
    }

    fn enqueue(&self, node: usize, helps: bool) {
        loop {
            let tail = self.tail.load(Acquire);
            let next = self.next[tail].load(Acquire);
            if next != 0 {
                self.behind(tail, next, helps);
            } else if self.next[tail].compare_exchange(0, node, AcqRel, Relaxed).is_ok() {
                _ = self.tail.compare_exchange(tail, node, AcqRel, Relaxed);
                return;
            }
        }
    }

    fn dequeue(&self, helps: bool) -> usize {
        loop {
            let head = self.head.load(Acquire);
            let tail = self.tail.load(Acquire);
            let next = self.next[head].load(Acquire);
            if head == tail && next == 0 {
                return 0;
            }
            if head == tail {
                self.behind(tail, next, helps);
            } else if next != 0 && self.head.compare_exchange(head, next, AcqRel, Relaxed).is_ok() {
                return next;
            }
        }
    }

    /// The tail is not the last node.
    fn behind(&self, tail: usize, next: usize, helps: bool) {
        if helps {
            _ = self.tail.compare_exchange(tail, next, AcqRel, Relaxed);
        } else {
            hint::spin_loop();
        }
    }
}

fn enqueue_two(helps: bool) -> impl Fn() + Send + Sync + 'static {
    let [first, second]: [fn(&Queue); 2] = if helps {
        [|queue| queue.enqueue(1, true), |queue| queue.enqueue(2, true)]
    } else {
        [
            |queue| {
                operation("enqueue");
                queue.enqueue(1, false);
            },
            |queue| {
                operation("enqueue");
                queue.enqueue(2, false);
            },
        ]
    };
    threads(Queue::new, [first, second])
}

#[test]
fn a_queue_of_michael_and_scott_waits_for_nobody() {
    is_lock_free(enqueue_two(true));
    is_lock_free(threads(
        Queue::new,
        [|queue| queue.enqueue(1, true), |queue| _ = queue.dequeue(true)],
    ));
}

#[test]
fn the_same_queue_without_help_waits() {
    assert_eq!(waits(enqueue_two(false)), texts(["enqueue <- enqueue"]));
    let one_of_each: [fn(&Queue); 2] = [
        |queue| {
            operation("enqueue");
            queue.enqueue(1, false);
        },
        |queue| {
            operation("dequeue");
            queue.dequeue(false);
        },
    ];
    assert_eq!(waits(threads(Queue::new, one_of_each)), texts(["enqueue <- dequeue"]));
}
