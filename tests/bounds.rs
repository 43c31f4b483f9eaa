//! Which types may be sent and shared, in both directions. What must compile does so here; what
//! must not compile is a file in `bounds/`, with the compiler's message beside it.

use core::alloc::Layout;

use core::cell::Cell;
use core::fmt::Debug;
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::MutexGuard;

use stampool::raw::each_strategy;
use stampool::raw::mediator::{Client, Mediator};
use stampool::raw::pool::DetachedLocal;
use stampool::{
    AllocError, ArenaSource, AtomicPackedStamped, AtomicStamped, Block, BuildError, Census,
    Checked, Checking, Counted, ExactPool, Hardened, LazyPool, Local, NoConstructor, ObjectPool,
    ObjectPoolBuilder, OwnedPooled, PackedStamped, Pool, PoolBuilder, Pooled, SharedPooled,
    SlotStats, Stale, Stamped, StampedLocal, StampedPool, StaticPool, Stats, Strategy, TaggedWide,
    ThreadLocalPool, Unchecked,
};

const fn send<T: Send>() {}
const fn sync<T: Sync>() {}
const fn send_and_sync<T: Send + Sync>() {
    send::<T>();
    sync::<T>();
}
const fn any_time<T: 'static>() {}
const fn debug<T: Debug>() {}

/// A closure that owns a value of this type may be given to `catch_unwind`.
const fn catches<T: UnwindSafe>() {}
/// A closure that owns or borrows a value of this type may be given to `catch_unwind`.
const fn survives<T: UnwindSafe + RefUnwindSafe>() {}

const fn is_default<T: Default>() {}

const fn checking<S: Strategy, C: Checking>() {
    survives::<(Pool<S, C>, Local<'static, S, C>, ThreadLocalPool<S, C>, StaticPool<S, C>)>();
    send_and_sync::<C>();
    send_and_sync::<Pool<S, C>>();
    send_and_sync::<ThreadLocalPool<S, C>>();
    send_and_sync::<StaticPool<S, C>>();
    any_time::<Pool<S, C>>();
    debug::<(Pool<S, C>, PoolBuilder<S, C>, Local<'static, S, C>)>();
    debug::<(ThreadLocalPool<S, C>, StaticPool<S, C>)>();
}

const fn pools<S: Strategy>() {
    checking::<S, Unchecked>();
    checking::<S, Checked>();
    checking::<S, Hardened>();
    send_and_sync::<ExactPool<S>>();
    debug::<(ExactPool<S>, ObjectPool<Cell<u8>, S>, ObjectPoolBuilder<Cell<u8>, S>)>();
    debug::<(StampedPool<u64, S>, StampedLocal<'static, u64, S>)>();
    survives::<(ExactPool<S>, ArenaSource<S>, StampedPool<u64, S>, StampedLocal<'static, u64, S>)>(
    );
    // Whatever the values are: a pool shows none that a panic has met.
    survives::<(ObjectPool<Cell<u8>, S>, ObjectPool<&'static mut Cell<u8>, S, NoConstructor>)>();
    // As `Box` and `Arc`.
    survives::<(Pooled<'static, u8, S>, OwnedPooled<u8, S>, SharedPooled<u8, S>)>();
    catches::<(Pooled<'static, Cell<u8>, S>, OwnedPooled<Cell<u8>, S>)>();
    send_and_sync::<ObjectPool<Cell<u8>, S>>();
    send_and_sync::<StampedPool<u64, S>>();
    // Owned alone, so it may be sent; looked at by several, so it may not be shared.
    send::<Pooled<'static, Cell<u8>, S>>();
    send::<OwnedPooled<Cell<u8>, S>>();
    sync::<Pooled<'static, MutexGuard<'static, u8>, S>>();
    sync::<OwnedPooled<MutexGuard<'static, u8>, S>>();
    send_and_sync::<SharedPooled<u64, S>>();
}

const _: () = {
    each_strategy!(S => pools::<S>());
    send_and_sync::<LazyPool<ObjectPool<Cell<u8>>>>();
    send_and_sync::<(LazyPool<Pool>, LazyPool<ExactPool>, LazyPool<StampedPool<u64>>)>();
    survives::<(LazyPool<ObjectPool<Cell<u8>>>, LazyPool<Pool>, LazyPool<StampedPool<u64>>)>();
    survives::<(AtomicStamped<u64>, AtomicPackedStamped<u64>, Counted<u8>, Block)>();
    send_and_sync::<Stamped<u64>>();
    send_and_sync::<PackedStamped<u64>>();
    send_and_sync::<AtomicStamped<u64>>();
    send_and_sync::<AtomicPackedStamped<u64>>();
    send_and_sync::<Stale>();
    send_and_sync::<Block>();
    send_and_sync::<Stats>();
    send_and_sync::<Census>();
    send_and_sync::<SlotStats>();
    send_and_sync::<AllocError>();
    send_and_sync::<BuildError>();
};

/// Every type that has a strategy can be named without it.
#[allow(dead_code, reason = "compiled, not called")]
const NAMES: [usize; 5] = [
    size_of::<(Pool, Local<'static>, ThreadLocalPool, StaticPool, ExactPool, PoolBuilder)>(),
    size_of::<(ObjectPool<u8>, ObjectPoolBuilder<u8>, LazyPool<Pool>, ArenaSource)>(),
    size_of::<(Pooled<'static, u8>, OwnedPooled<u8>, SharedPooled<u8>)>(),
    size_of::<(StampedPool<u8>, StampedLocal<'static, u8>)>(),
    size_of::<(Mediator, Client<'static>, DetachedLocal)>(),
];

#[cfg(feature = "family")]
const _: () = {
    use stampool::alloc::wrap::{
        self, CountedThread, Fallback, Leased, Lifetimes, Limited, Lived, Locked, PerThread,
        Segregated, Shared,
    };
    use stampool::alloc::{
        AsyncLinear, AsyncStatic, BestFit, Bitmap, Blocks, Buddy, GoodFit, Linear, PoolAllocator,
        Run, Scope, SignPost, Stack, Static, StrategyPool, StrategyScope,
    };

    survives::<(Blocks, Linear, Static<'static>, Stack, Scope<'static>)>();
    survives::<(Bitmap, Buddy, GoodFit, BestFit, SignPost)>();
    survives::<(StrategyPool, StrategyScope<'static>)>();
    survives::<(AsyncLinear, Run<'static>, AsyncStatic<'static>, Locked<Stack>, Shared<AsyncLinear>)>(
    );
    survives::<(PoolAllocator<Local<'static>>, PoolAllocator<&'static ExactPool>)>();
    survives::<(wrap::Checked<Stack>, Fallback<Stack, Linear>, Segregated<Blocks, Stack>)>();
    survives::<(Limited<Stack>, wrap::Counted<Stack>, CountedThread<'static, Stack>)>();
    survives::<(PerThread<Linear>, Leased<'static, Linear>, Lifetimes, Lived<'static>)>();

    is_default::<(Locked<Stack>, Shared<Stack>, wrap::Checked<Stack>, wrap::Counted<Stack>)>();
    is_default::<PerThread<Linear>>();
};

/// A longer borrow serves as a shorter one.
#[allow(dead_code, reason = "compiled, not called")]
fn handles_are_covariant<'short, 'long: 'short>(
    local: Local<'long, TaggedWide>,
) -> Local<'short, TaggedWide> {
    local
}

#[test]
fn what_must_not_compile_does_not() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/bounds/*.rs");
}

#[test]
fn a_builder_goes_where_it_is_built() {
    let builder: PoolBuilder = Pool::builder(Layout::new::<u64>());
    assert!(builder.build().is_ok());
}
