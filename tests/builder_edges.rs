//! Every combination of settings builds a pool that works, or is refused by a value that says what
//! was asked for and what is possible: no panic, no overflow, no absurd request for memory.
//!
//! Numbers come from around 0, around each power of two, and both ends of the address space.

mod common;

use core::alloc::Layout;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use common::LiveBlocks;
use common::thrifty::{LIMITS, MAX_ALIGN, Thrifty};
use proptest::prelude::*;
use stampool::raw::{STRATEGIES, each_strategy};
use stampool::{
    AllocError, Block, BuildError, Checking, DoubleWidthCas, EpochDeferred, ExactPool, ObjectPool,
    Pool, PoolBuilder, Strategy as Aba, TagPolicy, TaggedPacked, TaggedWide, ThreadLocalPool,
};

/// Strategies with narrow tags, beside those that there are.
const NARROW: [&str; 2] = ["TaggedWide<12>", "TaggedPacked<12>"];
/// Blocks that a test holds at one time.
const LIVE: usize = 150;

/// The kind of case in which the pool is to have no caches, if it checks nothing.
const EXACT: usize = 3;

/// Settings, and what is asked of the pool.
#[derive(Clone, Debug)]
struct Case {
    layout: Layout,
    strategy: &'static str,
    checking: usize,
    kind: usize,
    batch: Option<usize>,
    batch_up_to: Option<usize>,
    capacity: Option<usize>,
    chunk: Option<usize>,
    limbo: Option<usize>,
    refuse: bool,
    absent: bool,
    prefill: Option<(usize, usize)>,
    seal: bool,
}

/// A number at the edge of something.
fn edge() -> impl Strategy<Value = usize> {
    prop_oneof![
        3 => 0_usize..=9,
        3 => (0..usize::BITS, -2_isize..=2).prop_map(|(k, off)| (1_usize << k).wrapping_add_signed(off)),
        1 => (0_usize..4).prop_map(|off| usize::MAX - off),
        1 => (0_usize..4).prop_map(|off| isize::MAX.unsigned_abs() - off),
        2 => 1_usize..100_000,
    ]
}

/// A number that will mostly do.
fn modest() -> impl Strategy<Value = usize> {
    prop_oneof![1_usize..20, Just(64), 1_usize..400]
}

fn setting() -> impl Strategy<Value = Option<usize>> {
    prop_oneof![2 => Just(None), 2 => edge().prop_map(Some), 3 => modest().prop_map(Some)]
}

fn layout() -> impl Strategy<Value = Layout> {
    let size = prop_oneof![1 => edge(), 3 => 1_usize..300];
    let shift = prop_oneof![1 => 0..usize::BITS - 1, 3 => 0_u32..8];
    (size, shift).prop_filter_map("not a layout", |(size, shift)| {
        Layout::from_size_align(size, 1 << shift).ok()
    })
}

fn case() -> impl Strategy<Value = Case> {
    let settings = (setting(), setting(), setting(), setting(), setting());
    let prefill = proptest::option::of((edge(), edge()));
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let strategies = prop::sample::select([STRATEGIES, &NARROW].concat());
    (layout(), strategies, 0_usize..3, 0_usize..4, settings, prefill, flags).prop_map(
        |(layout, strategy, checking, kind, settings, prefill, flags)| {
            let (batch, batch_up_to, capacity, chunk, limbo) = settings;
            let (refuse, absent, seal) = flags;
            let refuse = refuse || NARROW.contains(&strategy);
            Case {
                layout,
                strategy,
                checking,
                kind,
                batch,
                batch_up_to,
                capacity,
                chunk,
                limbo,
                refuse,
                absent,
                prefill,
                seal,
            }
        },
    )
}

fn run(case: &Case) -> Result<(), TestCaseError> {
    each_strategy!(S => if case.strategy == S::NAME { return with_checking::<S>(case) });
    match case.strategy == NARROW[0] {
        true => with_checking::<TaggedWide<12>>(case),
        false => with_checking::<TaggedPacked<12>>(case),
    }
}

fn with_checking<S: Aba>(case: &Case) -> Result<(), TestCaseError> {
    let builder = Pool::builder(case.layout).strategy::<S>();
    match case.checking {
        0 if case.kind == EXACT => {
            with_settings(builder, case, |builder| Ok(use_exact(builder.build_exact()?, case)))
        }
        0 => with_settings(builder, case, |builder| with_caches(builder, case)),
        1 => with_settings(builder.checked(), case, |builder| with_caches(builder, case)),
        _ => with_settings(builder.hardened(), case, |builder| with_caches(builder, case)),
    }
}

/// Builds the pool, or says why that was refused, and says what came of its use.
type Used = Result<Result<(), TestCaseError>, BuildError>;

fn with_caches<S: Aba, C: Checking>(builder: PoolBuilder<S, C>, case: &Case) -> Used {
    Ok(match case.kind {
        2 => use_threads(&builder.build_thread_local()?, case),
        _ => use_handles(builder.build()?, case),
    })
}

/// Sets what is there to set.
fn set<B>(builder: B, value: Option<usize>, set: impl FnMut(B, usize) -> B) -> B {
    value.into_iter().fold(builder, set)
}

fn with_settings<S: Aba, C: Checking>(
    builder: PoolBuilder<S, C>,
    case: &Case,
    build_and_use: impl FnOnce(PoolBuilder<S, C>) -> Used,
) -> Result<(), TestCaseError> {
    let held = Arc::new(AtomicUsize::new(0));
    let source = Thrifty { given: 0, held: held.clone() };
    let mut builder = builder.source(source);
    builder = set(builder, case.batch, PoolBuilder::batch);
    builder = set(builder, case.batch_up_to, PoolBuilder::batch_up_to);
    builder = set(builder, case.capacity, PoolBuilder::max_carved_blocks);
    builder = set(builder, case.chunk, PoolBuilder::chunk_blocks);
    builder = set(builder, case.limbo, PoolBuilder::limbo_magazines);
    if case.refuse {
        builder = builder.tag_policy(TagPolicy::Refuse);
    }
    if case.absent {
        builder = builder.double_width_cas(DoubleWidthCas::Absent);
    }
    match build_and_use(builder) {
        Ok(used) => used?,
        Err(error) => is_justified(error, case)?,
    }
    prop_assert_eq!(held.load(Ordering::Relaxed), 0, "regions stayed");
    Ok(())
}

/// A refusal names a setting as it was given, and a limit that it is beyond.
fn is_justified(error: BuildError, case: &Case) -> Result<(), TestCaseError> {
    let batch = case.batch.unwrap_or_else(|| {
        let stride = case.layout.pad_to_align().size().max(1);
        let most = case.batch_up_to.unwrap_or(64).min(case.capacity.unwrap_or(usize::MAX) / 8);
        most.min(64).min((32 << 10) / stride).max(1)
    });
    let beyond =
        |value, requested, limit| value == Some(requested) && (requested == 0 || requested > limit);
    let is_justified = match error {
        BuildError::ZeroSize => case.layout.size() == 0,
        BuildError::Alignment { requested, limit } => {
            beyond(Some(case.layout.align()), requested, limit) && limit == MAX_ALIGN
        }
        BuildError::Batch { requested, limit } => {
            (beyond(Some(batch), requested, limit) || beyond(case.batch_up_to, requested, limit))
                && limit == 1 << 16
        }
        BuildError::BatchUpTo { requested, batch: named } => {
            case.batch_up_to == Some(requested) && named == batch && requested < batch
        }
        BuildError::Chunk { requested, limit } => beyond(case.chunk, requested, limit),
        BuildError::CapacityBelowBatch { capacity, batch: named } => {
            let at_most = if case.refuse { 1 << 12 } else { usize::MAX };
            (case.capacity == Some(capacity) || capacity < at_most)
                && capacity < named
                && (named == batch || case.kind == EXACT)
        }
        BuildError::LimboMagazines { requested, limit } => {
            beyond(case.limbo, requested, limit) && requested > 0
        }
        BuildError::Cacheless { .. } => case.kind == EXACT && case.strategy == EpochDeferred::NAME,
        BuildError::Fill { error: AllocError::OutOfMemory } => {
            // The cache that threads share, and its magazines.
            let waiting =
                if case.strategy == EpochDeferred::NAME { case.limbo.unwrap_or(16) } else { 0 };
            let blocks = case.batch_up_to.unwrap_or(0).max(batch) * (3 + waiting);
            case.kind == 2 && blocks * size_of::<usize>() > LIMITS.0 / 2
        }
        _ => false,
    };
    prop_assert!(is_justified && !error.to_string().is_empty(), "{error}");
    Ok(())
}

/// A refusal that these settings and this source allow.
fn is_expected(error: AllocError, case: &Case) -> bool {
    match error {
        AllocError::OutOfMemory => true,
        AllocError::Capacity => case.capacity.is_some() || case.refuse,
        AllocError::TagsExhausted => case.refuse,
        AllocError::Sealed => case.seal,
        _ => false,
    }
}

/// Asks for memory before anybody needs it. Says how many blocks were there afterwards.
fn prepare(
    case: &Case,
    prefill: impl FnOnce(usize, usize) -> Result<(), AllocError>,
    carved: impl Fn() -> usize,
    seal: impl FnOnce() -> Result<(), AllocError>,
) -> Result<usize, TestCaseError> {
    if let Some((blocks, handles)) = case.prefill {
        match prefill(blocks, handles) {
            Ok(()) => prop_assert!(carved() >= blocks, "{} of {blocks}", carved()),
            Err(error) => prop_assert!(is_expected(error, case), "{error}"),
        }
    }
    if case.seal
        && let Err(error) = seal()
    {
        prop_assert!(is_expected(error, case), "{error}");
    }
    Ok(carved())
}

/// Takes blocks until there are enough or no more, uses their ends, and gives them back; twice.
/// Returns the most that were live.
fn take_and_give(
    case: &Case,
    allocate: impl Fn() -> Result<Block, AllocError>,
    deallocate: impl Fn(Block),
) -> Result<usize, TestCaseError> {
    let mut most = 0;
    for _ in 0..2 {
        let mut live_blocks = LiveBlocks::default();
        while live_blocks.live() < LIVE {
            match allocate() {
                Ok(block) => {
                    live_blocks.allocated(block, case.layout);
                    // SAFETY: a block of this layout, and ours.
                    unsafe { block.as_non_null().write(1) };
                    // SAFETY: within the block.
                    let last = unsafe { block.as_non_null().add(case.layout.size() - 1) };
                    // SAFETY: as above.
                    unsafe { last.write(2) };
                }
                Err(error) => {
                    prop_assert!(is_expected(error, case), "{error}");
                    break;
                }
            }
        }
        most = most.max(live_blocks.live());
        live_blocks.blocks().into_iter().for_each(&deallocate);
    }
    Ok(most)
}

/// The memory bound, for blocks that were there from the start or live at one time.
fn is_bounded(case: &Case, carved: usize, needed: usize, handles: usize, most: usize) -> bool {
    let quarantine = if case.checking == 2 { 16 * handles } else { 0 };
    let capacity = case.capacity.unwrap_or(usize::MAX);
    carved <= capacity && carved <= needed + quarantine + 3 * handles * most + most
}

fn use_handles<S: Aba, C: Checking>(
    mut pool: Pool<S, C>,
    case: &Case,
) -> Result<(), TestCaseError> {
    let prefill = |blocks, handles| pool.prefill(blocks, handles);
    let first = prepare(case, prefill, || pool.stats().carved_blocks, || pool.seal())?;
    let used = match pool.local() {
        Ok(local) => {
            // SAFETY: live, and freed once.
            take_and_give(case, || local.allocate(), |block| unsafe { local.deallocate(block) })?
        }
        Err(error) => {
            prop_assert!(is_expected(error, case), "{error}");
            0
        }
    };
    let stats = pool.stats();
    prop_assert_eq!(pool.census().free_blocks(), stats.carved_blocks, "not all are free");
    let needed = first.max(used);
    let most = stats.max_batch_blocks;
    prop_assert!(is_bounded(case, stats.carved_blocks, needed, 2, most), "{:?}", stats);
    Ok(())
}

fn use_threads<S: Aba, C: Checking>(
    pool: &ThreadLocalPool<S, C>,
    case: &Case,
) -> Result<(), TestCaseError> {
    let prefill = |blocks, handles| pool.prefill(blocks, handles);
    let first = prepare(case, prefill, || pool.stats().carved_blocks, || pool.seal())?;
    // SAFETY: live, and freed once.
    let used = take_and_give(case, || pool.allocate(), |block| unsafe { pool.deallocate(block) })?;
    let stats = pool.stats();
    let most = stats.max_batch_blocks;
    prop_assert!(is_bounded(case, stats.carved_blocks, first.max(used), 3, most), "{:?}", stats);
    Ok(())
}

fn use_exact<S: Aba>(mut pool: ExactPool<S>, case: &Case) -> Result<(), TestCaseError> {
    let prefill = |blocks, _| pool.prefill(blocks);
    let first = prepare(case, prefill, || pool.stats().carved_blocks, || pool.seal())?;
    // SAFETY: live, and freed once.
    let used = take_and_give(case, || pool.allocate(), |block| unsafe { pool.deallocate(block) })?;
    let stats = pool.stats();
    prop_assert_eq!(pool.census().free_blocks(), stats.carved_blocks, "not all are free");
    prop_assert!(is_bounded(case, stats.carved_blocks, first.max(used), 0, 1), "{:?}", stats);
    Ok(())
}

/// Under Miri a few, to see that none of it is undefined.
fn cases(most: u32) -> ProptestConfig {
    let cases = if cfg!(miri) { 10 } else { most };
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn a_pool_works_or_is_refused_with_a_reason(case in case()) {
        run(&case)?;
    }
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn an_object_pool_works_or_is_refused_with_a_reason(
        (batch, capacity, chunk) in (setting(), setting(), setting()),
        (prefill, slots, many) in (edge(), edge(), edge()),
        (keeps, exact, sealed) in (any::<bool>(), any::<bool>(), any::<bool>()),
    ) {
        let held = Arc::new(AtomicUsize::new(0));
        let builder = ObjectPool::<[u64; 3]>::builder();
        let builder = builder.source(Thrifty { given: 0, held: held.clone() });
        let builder = builder.prefill(prefill).handles(slots);
        let mut builder =
            if keeps { builder.keep(|| [7; 3], |_| ()) } else { builder.make(|| [7; 3]) };
        builder = if exact { builder.exact() } else { builder };
        builder = if sealed { builder.sealed() } else { builder };
        builder = builder.blocks(|blocks| {
            let blocks = set(blocks, batch, PoolBuilder::batch);
            let blocks = set(blocks, capacity, PoolBuilder::max_carved_blocks);
            set(blocks, chunk, PoolBuilder::chunk_blocks)
        });
        match builder.build() {
            Ok(mut pool) => {
                prop_assert!(pool.stats().carved_blocks >= prefill);
                for count in [many, many % 200, 1] {
                    if let Ok(objects) = pool.get_many(count) {
                        prop_assert_eq!(objects.len(), count);
                        prop_assert!(objects.iter().all(|object| **object == [7; 3]));
                    }
                }
                prop_assert_eq!(pool.census().free_blocks(), pool.stats().carved_blocks);
                prop_assert!(capacity.is_none_or(|most| pool.stats().carved_blocks <= most));
            }
            Err(BuildError::Fill { error }) => {
                prop_assert!(matches!(error, AllocError::OutOfMemory | AllocError::Capacity));
            }
            Err(error) => prop_assert!(matches!(
                error,
                BuildError::Batch { .. }
                    | BuildError::Chunk { .. }
                    | BuildError::CapacityBelowBatch { .. }
            ), "{}", error),
        }
        prop_assert_eq!(held.load(Ordering::Relaxed), 0, "regions stayed");
    }
}
