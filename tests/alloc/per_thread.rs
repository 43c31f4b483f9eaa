//! What belongs to a thread: leased instances, and statistics.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;

use stampool::SystemSource;
use stampool::alloc::conformance::TestSource;
use stampool::alloc::wrap::{Counted, Leased, Limited, Locked, PerThread};
use stampool::alloc::{AllocError, AsyncLinear, Blocks, Linear, Stack};

use super::members::{Lent, conformance, programs};

const WORD: Layout = match Layout::from_size_align(8, 8) {
    Ok(layout) => layout,
    Err(_) => panic!(),
};

#[test]
fn leased() {
    let make = |source: TestSource| {
        let arenas = PerThread::new(move || Stack::new(source.clone()));
        Lent::new(arenas, |arenas| arenas.lease(), |_| ())
    };
    conformance(make).owner().recovers().programs(programs()).check();
}

#[test]
fn counted() {
    let make = |source| Counted::new(Stack::new(source));
    conformance(make).owner().reset().recovers().programs(programs() / 2).check();
    let make = |source| {
        Lent::new(Counted::new(Stack::new(source)), Counted::thread, |counted| {
            let statistics = counted.statistics();
            assert_eq!((statistics.live_bytes(), statistics.live_blocks()), (0, 0));
        })
    };
    conformance(make).programs(programs() / 2).check();
}

/// A block on its way to another thread.
struct Sent(NonNull<u8>);

// SAFETY: the pointer is used by its one owner.
unsafe impl Send for Sent {}

/// The statistics of threads that had ended were never merged, so a block that one thread allocated
/// and another one freed was live for good.
#[test]
fn statistics_of_ended_threads_are_merged() {
    let counted = Counted::new(AsyncLinear::new(SystemSource));
    let rounds = if cfg!(miri) { 20 } else { 500 };
    thread::scope(|scope| {
        for _ in 0..3 {
            let (sender, receiver) = mpsc::channel();
            let counted = &counted;
            scope.spawn(move || {
                let own = counted.thread();
                for _ in 0..rounds {
                    let block = own.allocate(WORD).expect("memory").cast();
                    sender.send(Sent(block)).expect("the other thread waits");
                }
            });
            scope.spawn(move || {
                let own = counted.thread();
                for block in receiver {
                    // SAFETY: the block is live, and this thread's.
                    unsafe { own.deallocate(block.0, WORD) };
                }
            });
        }
    });
    let statistics = counted.statistics();
    assert_eq!(statistics.allocations, 3 * rounds);
    assert_eq!((statistics.live_blocks(), statistics.live_bytes()), (0, 0));
    // Calls without a handle are counted beside them.
    counted.allocate(WORD).expect("memory");
    assert_eq!(counted.statistics().allocations, 3 * rounds + 1);
}

#[test]
fn refusals_and_resets_are_counted() {
    let mut counted = Counted::new(Limited::new(Stack::new(SystemSource), 20));
    let block = counted.allocate(WORD).expect("memory").cast();
    assert_eq!(counted.allocate(Layout::new::<[u64; 2]>()), Err(AllocError::Capacity));
    // SAFETY: the block is live.
    let grown = unsafe { counted.grow(block, WORD, Layout::new::<[u32; 4]>()) };
    grown.expect("the last block of a stack grows where it is");
    let statistics = counted.statistics();
    assert_eq!((statistics.allocations, statistics.refusals), (1, 1));
    assert_eq!(statistics.live_bytes(), 16);
    counted.reset();
    assert_eq!((counted.statistics().live_blocks(), counted.statistics().live_bytes()), (0, 0));
}

/// Counts the instances that are alive.
struct Instance<'c>(Linear, &'c AtomicUsize);

impl<'c> Instance<'c> {
    fn new(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Linear::new(SystemSource), count)
    }
}

impl Drop for Instance<'_> {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Blocks of threads that had ended became invalid, or their instances were never given back.
#[test]
fn instances_are_gathered_whatever_the_order_of_exits() {
    let alive = AtomicUsize::new(0);
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let arenas = PerThread::new(|| Instance::new(&alive));
        let all_lease = Barrier::new(3);
        let blocks: Vec<Sent> = thread::scope(|scope| {
            let (mut stops, mut threads) = (Vec::new(), Vec::new());
            for number in 0..3_u8 {
                let (stop, stopped) = mpsc::channel::<()>();
                stops.push(stop);
                let (arenas, all_lease) = (&arenas, &all_lease);
                threads.push(Some(scope.spawn(move || {
                    let lease = arenas.lease();
                    all_lease.wait();
                    let block = lease.get().0.allocate(WORD).expect("memory").cast::<u8>();
                    // SAFETY: the block has eight bytes.
                    unsafe { block.write_bytes(number, 8) };
                    stopped.recv().expect("told to stop");
                    Sent(block)
                })));
            }
            let end = |number: usize| {
                stops[number].send(()).expect("the thread waits");
                threads[number].take().expect("once").join().expect("no panic")
            };
            let mut ended: Vec<(usize, Sent)> = order.into_iter().zip(order.map(end)).collect();
            ended.sort_by_key(|(number, _)| *number);
            ended.into_iter().map(|(_, block)| block).collect()
        });
        assert_eq!(alive.load(Ordering::Relaxed), 3, "three leases at once");
        for (number, block) in (0_u8..).zip(&blocks) {
            // SAFETY: the block is live still, though its thread has ended.
            let kept = unsafe { core::slice::from_raw_parts(block.0.as_ptr(), 8) };
            assert_eq!(kept, [number; 8]);
        }
        let mut instances = arenas.into_instances();
        drop(instances.next());
        assert_eq!(alive.load(Ordering::Relaxed), 2);
        drop(instances);
        assert_eq!(alive.load(Ordering::Relaxed), 0, "those that nobody took are dropped too");
    }
}

#[test]
fn a_lease_that_ended_is_leased_again_and_a_forgotten_one_is_not() {
    let mut arenas: PerThread<Linear> = PerThread::new(Linear::default);
    for _ in 0..3 {
        drop(arenas.lease());
    }
    core::mem::forget(arenas.lease());
    assert_eq!(arenas.instances().count(), 1);
    let (one, other) = (arenas.lease(), arenas.lease());
    one.allocate(WORD).expect("memory");
    drop((one, other));
    assert_eq!(arenas.instances().count(), 3);
    assert_eq!(arenas.usage().used_bytes, 8);
    arenas.reset();
    assert_eq!(arenas.usage().used_bytes, 0);
}

#[test]
fn a_block_goes_back_to_its_instance_at_the_end() {
    let make = || Blocks::new(WORD, SystemSource).expect("blocks");
    let mut arenas = PerThread::new(make);
    let lend = |lease: &Leased<'_, Blocks>| lease.allocate(WORD).expect("memory").cast::<u8>();
    let (one, other) = (arenas.lease(), arenas.lease());
    let blocks = [lend(&one), lend(&other), lend(&one)];
    assert!(one.owns(blocks[0]) && !one.owns(blocks[1]), "instances know their own blocks");
    drop((one, other));
    assert_eq!(arenas.usage().live_blocks, Some(3));
    for block in blocks {
        // SAFETY: the block is live, and of one of the instances.
        unsafe { arenas.deallocate(block, WORD) };
    }
    assert_eq!(arenas.usage().live_blocks, Some(0));
}

const _: () = {
    const fn is_shared<T: Sync>() {}
    const fn is_sent<T: Send>() {}
    is_shared::<PerThread<Linear>>();
    is_shared::<Counted<AsyncLinear>>();
    is_sent::<Leased<'_, Linear>>();
    is_shared::<Leased<'_, Locked<Linear>>>();
};
