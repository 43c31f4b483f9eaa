//! Which types may be sent and shared, in both directions. What must compile does so here; what
//! must not compile is a file in `bounds/`, with the compiler's message beside it.

use core::alloc::Layout;

use core::cell::Cell;
use core::fmt::Debug;
use std::sync::MutexGuard;

use stampool::raw::each_strategy;
use stampool::{
    AllocError, AtomicPackedStamped, AtomicStamped, Block, BuildError, Census, Checked, Checking,
    ExactPool, Hardened, Local, ObjectPool, ObjectPoolBuilder, OwnedPooled, PackedStamped, Pool,
    PoolBuilder, Pooled, SharedPooled, SlotStats, Stale, Stamped, StampedLocal, StampedPool,
    StaticPool, Stats, Strategy, TaggedWide, ThreadLocalPool, Unchecked,
};

const fn send<T: Send>() {}
const fn sync<T: Sync>() {}
const fn send_and_sync<T: Send + Sync>() {
    send::<T>();
    sync::<T>();
}
const fn any_time<T: 'static>() {}
const fn debug<T: Debug>() {}

const fn checking<S: Strategy, C: Checking>() {
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
