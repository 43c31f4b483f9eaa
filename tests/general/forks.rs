//! Forks, whatever other threads do.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::thread;

use super::blocks::{give, layout, take};
use super::common::forks::{Raises, outcome};

/// Takes memory in all ways, among them some that take locks.
fn take_some(seed: usize) {
    let mut random = seed;
    let blocks: Vec<_> = (0..300)
        .map(|nth| {
            random = random.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            let most = [300, 3000, 40_000, 2 << 20][nth % 4];
            let layout = layout(1 + (random >> 16) % most, 8);
            (take(layout), layout)
        })
        .collect();
    blocks.into_iter().for_each(|(block, layout)| give(block, layout));
}

fn fork_beside(threads: usize, forks: usize) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _raises = Raises(&over);
        for nth in 0..threads {
            let over = &over;
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    take_some(nth);
                    // A new thread takes the growth locks.
                    thread::spawn(|| take_some(1)).join().expect("no panic");
                }
            });
        }
        for nth in 0..forks {
            // SAFETY: the child runs the closure below, and then ends without destructors.
            let fork = || unsafe { libc::fork() };
            let ended = outcome(Duration::from_secs(20), fork, || take_some(nth));
            assert_eq!(ended, Ok(()), "fork {nth}");
        }
    });
}

#[test]
fn a_child_allocates_whatever_the_threads_of_its_parent_did() {
    fork_beside(8, 100);
}

#[test]
#[ignore = "ten thousand forks, for the deep tier"]
fn ten_thousand_children_allocate() {
    fork_beside(8, 10_000);
}
