//! Several blocks at once: all or none.

mod common;

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use common::{Ledger, with_every_strategy};
use stampool::{AllocError, Pool, PoolBuilder, Strategy};

const LAYOUT: Layout = Layout::new::<[u64; 4]>();
const CAPACITY: usize = 20;

fn builder<S: Strategy>() -> PoolBuilder<S> {
    Pool::builder(LAYOUT).strategy::<S>().batch(4).capacity_blocks(CAPACITY)
}

/// Asks for `count` by `take`, and gives those back that there are.
fn many(
    count: usize,
    take: impl Fn(&mut [MaybeUninit<NonNull<u8>>]) -> Result<(), AllocError>,
    give: impl Fn(&[NonNull<u8>]),
) -> Result<(), AllocError> {
    let mut room = vec![MaybeUninit::uninit(); count];
    take(&mut room)?;
    // SAFETY: all of them are there.
    let blocks: Vec<_> = room.iter().map(|place| unsafe { place.assume_init() }).collect();
    let mut ledger = Ledger::default();
    blocks.iter().for_each(|block| ledger.allocated(*block, LAYOUT));
    give(&blocks);
    Ok(())
}

#[test]
fn a_handle_takes_all_or_none() {
    with_every_strategy!(by_handle);
}

fn by_handle<S: Strategy>() {
    let mut pool = builder::<S>().build().unwrap();
    let local = pool.local().unwrap();
    for round in 0..3 {
        for count in 0..=CAPACITY + 3 {
            // SAFETY: live, and freed once.
            let give = |blocks: &[_]| unsafe { local.deallocate_many(blocks) };
            let had = many(count, |room| local.allocate_many(room), give);
            let full = (count > CAPACITY).then_some(AllocError::Capacity);
            assert_eq!(had.err(), full, "{count} in round {round}");
        }
    }
    drop(local);
    assert_eq!(pool.census().free_blocks(), CAPACITY);
}

#[test]
fn a_pool_without_handles_takes_all_or_none() {
    with_every_strategy!(by_thread);
}

fn by_thread<S: Strategy>() {
    let mut pool = builder::<S>().build_thread_local().unwrap();
    // SAFETY: nothing.
    unsafe { pool.deallocate_many(&[]) };
    for count in (0..=CAPACITY + 3).rev() {
        // SAFETY: live, and freed once.
        let give = |blocks: &[_]| unsafe { pool.deallocate_many(blocks) };
        let had = many(count, |room| pool.allocate_many(room), give);
        assert_eq!(had.err(), (count > CAPACITY).then_some(AllocError::Capacity), "{count}");
    }
    assert_eq!(pool.census().free_blocks(), CAPACITY);
}

#[test]
fn a_pool_without_caches_takes_all_or_none() {
    let mut pool = Pool::builder(LAYOUT).capacity_blocks(3).build_exact().unwrap();
    let taken = pool.allocate().unwrap();
    for count in 0..6 {
        // SAFETY: live, and freed once.
        let give = |blocks: &[_]| unsafe { pool.deallocate_many(blocks) };
        let had = many(count, |room| pool.allocate_many(room), give);
        assert_eq!(had.err(), (count > 2).then_some(AllocError::Capacity), "{count}");
    }
    // SAFETY: live, and freed once.
    unsafe { pool.deallocate(taken) };
    assert_eq!(pool.census().free_blocks(), 3);
}
