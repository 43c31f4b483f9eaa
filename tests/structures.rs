//! The structures of the examples, between real threads.

mod common;

use core::sync::atomic::Ordering::Relaxed;
use core::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::Arc;

use common::with_every_strategy;
use stampool::{StampedPool, Strategy};

#[path = "../examples/structures/ms_queue.rs"]
mod ms_queue;
#[path = "../examples/structures/sync.rs"]
mod sync;
#[path = "../examples/structures/treiber_stack.rs"]
mod treiber_stack;

/// One that is counted while it lives.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[test]
fn the_queue_keeps_each_producers_order() {
    with_every_strategy!(queue);
}

fn queue<S: Strategy>() {
    const EACH: u64 = common::often(5_000, 20) as u64;
    let builder = StampedPool::<ms_queue::Node>::builder().strategy::<S>().batch(2);
    let pool = builder.build_stamped(ms_queue::Node::new).unwrap();
    let queue = &ms_queue::Queue::new(pool).unwrap();
    let done = &AtomicU64::new(0);
    std::thread::scope(|threads| {
        for producer in 0..2 {
            threads.spawn(move || {
                let handle = queue.handle().unwrap();
                (0..EACH).for_each(|nth| handle.enqueue(producer * EACH + nth).unwrap());
            });
        }
        for _ in 0..2 {
            threads.spawn(move || {
                let handle = queue.handle().unwrap();
                let mut last = [None; 2];
                while done.load(Relaxed) < 2 * EACH {
                    let Some(value) = handle.dequeue() else {
                        std::thread::yield_now();
                        continue;
                    };
                    done.fetch_add(1, Relaxed);
                    let before = last[usize::try_from(value / EACH).unwrap()].replace(value);
                    assert!(before < Some(value), "out of order, or twice");
                }
            });
        }
    });
    assert_eq!(queue.handle().unwrap().dequeue(), None);
    assert_eq!(done.load(Relaxed), 2 * EACH);
}

#[test]
fn the_stack_moves_each_value_once() {
    with_every_strategy!(stack);
}

fn stack<S: Strategy>() {
    const EACH: usize = common::often(5_000, 20);
    let live = Arc::new(AtomicUsize::new(0));
    type Node = treiber_stack::Node<Counted>;
    let builder = StampedPool::<Node>::builder().strategy::<S>().batch(2);
    let stack = treiber_stack::Stack::new(builder.build_stamped(Node::new).unwrap());
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                let handle = stack.handle().unwrap();
                for round in 0..EACH {
                    live.fetch_add(1, Relaxed);
                    assert!(handle.push(Counted(live.clone())).is_ok());
                    if round % 4 > 0 {
                        drop(handle.pop().unwrap());
                    }
                }
            });
        }
    });
    assert_eq!(live.load(Relaxed), EACH);
    drop(stack);
    assert_eq!(live.load(Relaxed), 0, "what was left is dropped with the stack");
}
