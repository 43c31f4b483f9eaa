//! Random operations on the pools without handles, against a plain reference that knows who owns
//! which block.

mod common;

use core::alloc::Layout;
use core::mem::MaybeUninit;

use common::LiveBlocks;
use proptest::prelude::{Just, any, prop, prop_oneof, proptest};
use proptest::strategy::Strategy as _;
use stampool::raw::each_strategy;
use stampool::{AllocError, Block, Pool, Strategy};

const LAYOUT: Layout = Layout::new::<[u64; 4]>();

#[derive(Clone, Copy, Debug)]
enum Play {
    Allocate,
    Free(usize),
    AllocateMany(usize),
    FreeMany(usize),
    Handle,
}

fn plays() -> impl proptest::strategy::Strategy<Value = Vec<Play>> {
    let play = prop_oneof![
        4 => Just(Play::Allocate),
        4 => any::<usize>().prop_map(Play::Free),
        1 => (0..9_usize).prop_map(Play::AllocateMany),
        1 => (0..9_usize).prop_map(Play::FreeMany),
        1 => Just(Play::Handle),
    ];
    prop::collection::vec(play, 0..common::often(200, 40))
}

type Room = [MaybeUninit<Block>];

/// What a pool without handles can do.
struct Forms<'p> {
    allocate: &'p dyn Fn() -> Result<Block, AllocError>,
    deallocate: &'p dyn Fn(Block),
    allocate_many: &'p dyn Fn(&mut Room) -> Result<(), AllocError>,
    deallocate_many: &'p dyn Fn(&[Block]),
    /// A handle comes, takes a block, gives it back and goes.
    handle: &'p dyn Fn() -> bool,
}

/// Follows the plays. With `exact`, a refusal says that the limit is reached; else, that the rest
/// may lie in other caches.
fn follow(plays: &[Play], capacity: usize, exact: bool, pool: &Forms<'_>) {
    let mut live_blocks = LiveBlocks::default();
    let refused = |error: AllocError, live: usize, more: usize| {
        assert_eq!(error, AllocError::Capacity);
        assert!(!exact || live + more > capacity, "{live} of {capacity} live, {more} refused");
    };
    for play in plays {
        let live = live_blocks.blocks();
        match *play {
            Play::Allocate => match (pool.allocate)() {
                Ok(block) => live_blocks.allocated(block, LAYOUT),
                Err(error) => refused(error, live.len(), 1),
            },
            Play::Free(which) => {
                if let Some(&block) = live.get(which % live.len().max(1)) {
                    live_blocks.freed(block);
                    (pool.deallocate)(block);
                }
            }
            Play::AllocateMany(count) => {
                let mut room = vec![MaybeUninit::uninit(); count];
                match (pool.allocate_many)(&mut room) {
                    Ok(()) => room.into_iter().for_each(|block| {
                        // SAFETY: all are written, since it went well.
                        live_blocks.allocated(unsafe { block.assume_init() }, LAYOUT);
                    }),
                    Err(error) => refused(error, live.len(), count),
                }
            }
            Play::FreeMany(count) => {
                let some = &live[..count.min(live.len())];
                some.iter().for_each(|&block| live_blocks.freed(block));
                (pool.deallocate_many)(some);
            }
            Play::Handle => _ = (pool.handle)(),
        }
        assert!(live_blocks.live() <= capacity, "{} live", live_blocks.live());
    }
    let left = live_blocks.blocks();
    (pool.deallocate_many)(&left);
}

/// The calls of a pool, and `$handle`, which uses a handle if the pool has some.
macro_rules! forms {
    ($pool:ident, $handle:expr) => {
        Forms {
            allocate: &|| $pool.allocate(),
            // SAFETY: live, and freed once, by `live_blocks`.
            deallocate: &|block| unsafe { $pool.deallocate(block) },
            allocate_many: &|room| $pool.allocate_many(room),
            // SAFETY: as above.
            deallocate_many: &|blocks| unsafe { $pool.deallocate_many(blocks) },
            handle: &$handle,
        }
    };
}

fn without_handles<S: Strategy>(plays: &[Play], batch: usize, capacity: usize) {
    let builder = Pool::builder(LAYOUT).strategy::<S>().batch(batch).max_carved_blocks(capacity);
    let mut pool = builder.build_thread_local().unwrap();
    follow(
        plays,
        capacity,
        false,
        &forms!(pool, || {
            let local = pool.local().unwrap();
            // SAFETY: just allocated.
            local.allocate().map(|block| unsafe { local.deallocate(block) }).is_ok()
        }),
    );
    let (census, stats) = (pool.census(), pool.stats());
    assert_eq!(census.free_blocks(), stats.carved_blocks);
}

fn without_caches<S: Strategy>(plays: &[Play], capacity: usize) {
    let builder = Pool::builder(LAYOUT).strategy::<S>().max_carved_blocks(capacity);
    let mut pool = builder.build_exact().unwrap();
    follow(plays, capacity, true, &forms!(pool, || true));
    assert_eq!(pool.census().free_blocks(), pool.stats().carved_blocks);
}

proptest! {
    #[test]
    fn a_pool_without_handles_keeps_its_promises(
        plays in plays(), batch in 1..5_usize, more in 0..40_usize,
    ) {
        each_strategy!(S => {
            if common::runs::<S>() {
                without_handles::<S>(&plays, batch, batch + more);
            }
        });
    }

    #[test]
    fn a_pool_without_caches_refuses_only_when_all_are_taken(
        plays in plays(), capacity in 1..20_usize,
    ) {
        each_strategy!(S => {
            if common::is_cacheless::<S>() && common::runs::<S>() {
                without_caches::<S>(&plays, capacity);
            }
        });
    }
}
