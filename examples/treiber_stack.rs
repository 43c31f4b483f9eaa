//! A Treiber stack of strings between threads: `cargo run --release --example treiber_stack`.

#[path = "structures/sync.rs"]
mod sync;
#[path = "structures/treiber_stack.rs"]
mod treiber_stack;

use stampool::StampedPool;
use treiber_stack::{Node, Stack};

const THREADS: usize = 4;
const ROUNDS: usize = 50_000;

fn main() {
    let stack = Stack::new(StampedPool::new(Node::<String>::new).expect("memory"));
    let work = |thread: usize| {
        let handle = stack.handle().expect("memory");
        let mut taken = Vec::new();
        for round in 0..ROUNDS {
            handle.push(format!("{thread}:{round}")).expect("memory");
            if round % 3 > 0 {
                taken.extend(handle.pop());
            }
        }
        taken
    };
    let work = &work;
    let mut taken: Vec<String> = std::thread::scope(|threads| {
        let workers: Vec<_> =
            (0..THREADS).map(|thread| threads.spawn(move || work(thread))).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect()
    });
    let moved = taken.len();
    let handle = stack.handle().expect("memory");
    // A few are left for the stack to drop.
    taken.extend(core::iter::from_fn(|| handle.pop()).take(THREADS * ROUNDS - moved - 10));
    let all = taken.len();
    taken.sort();
    taken.dedup();
    assert_eq!(taken.len(), all, "each value once");
    println!("{all} strings, {moved} of them taken while others pushed, each once");
}
