//! A Michael-Scott queue between threads: `cargo run --release --example ms_queue`.

#[path = "structures/ms_queue.rs"]
mod ms_queue;
#[path = "structures/sync.rs"]
mod sync;

use std::collections::BTreeMap;

use ms_queue::{Node, Queue};
use stampool::StampedPool;

const PRODUCERS: u64 = 2;
const CONSUMERS: u64 = 2;
const EACH: u64 = 100_000;

fn main() {
    let queue = &Queue::new(StampedPool::new(Node::new).expect("memory")).expect("memory");
    let taken = std::thread::scope(|threads| {
        for producer in 0..PRODUCERS {
            threads.spawn(move || {
                let handle = queue.handle().expect("memory");
                for nth in 0..EACH {
                    handle.enqueue(producer * EACH + nth).expect("memory");
                }
            });
        }
        let consumer = || {
            let handle = queue.handle().expect("memory");
            let mut last = BTreeMap::new();
            let mut sum = 0;
            for _ in 0..PRODUCERS * EACH / CONSUMERS {
                let value = loop {
                    match handle.dequeue() {
                        Some(value) => break value,
                        None => std::thread::yield_now(),
                    }
                };
                let before = last.insert(value / EACH, value);
                assert!(before < Some(value), "one producer's values come in their order");
                sum += value;
            }
            sum
        };
        let consumers: Vec<_> = (0..CONSUMERS).map(|_| threads.spawn(consumer)).collect();
        consumers.into_iter().map(|consumer| consumer.join().expect("no panic")).sum::<u64>()
    });
    let all = PRODUCERS * EACH;
    assert_eq!(taken, all * (all - 1) / 2, "each value once");
    assert_eq!(queue.handle().expect("memory").dequeue(), None);
    println!(
        "{all} values from {PRODUCERS} producers to {CONSUMERS} consumers, each once, in order"
    );
}
