//! Who may be sent and shared, in both directions: what must compile does so here, what must not is a
//! file in `bounds/`, with the compiler's words beside it.

use core::alloc::Layout;

use stampool::{
    AllocError, Block, BuildError, Census, EpochDeferred, ExactPool, Local, Locked, Pool,
    PoolBuilder, Quiescent, SeatStats, StaticPool, Stats, Strategy, TaggedPacked, TaggedWide,
    ThreadLocalPool,
};

const fn send<T: Send>() {}
const fn sync<T: Sync>() {}
const fn send_and_sync<T: Send + Sync>() {
    send::<T>();
    sync::<T>();
}
const fn any_time<T: 'static>() {}

const fn pools<S: Strategy>() {
    send_and_sync::<Pool<S>>();
    send_and_sync::<ThreadLocalPool<S>>();
    send_and_sync::<StaticPool<S>>();
    send_and_sync::<ExactPool<S>>();
    any_time::<Pool<S>>();
}

const _: () = {
    pools::<TaggedWide>();
    pools::<TaggedPacked>();
    pools::<EpochDeferred>();
    pools::<Quiescent>();
    pools::<Locked>();
    send::<Block>();
    send_and_sync::<Stats>();
    send_and_sync::<Census>();
    send_and_sync::<SeatStats>();
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
