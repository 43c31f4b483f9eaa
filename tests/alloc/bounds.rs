//! What may be sent to other threads, what may be shared with them, and what must not compile.

use core::marker::PhantomData;

use stampool::alloc::wrap::{
    Checked, Counted, CountedThread, Fallback, Leased, Lifetimes, Limited, Locked, PerThread,
    Segregated, Shared,
};
use stampool::alloc::{
    AsyncLinear, AsyncStatic, BestFit, Bitmap, Blocks, Buddy, GoodFit, Linear, PlacedBox, Run,
    Scope, SignPost, SlabArena, Stack, Static, StrategyPool, StrategyScope,
};

/// Whether a type is `Send`, and whether it is `Sync`: the constant of a type itself, which is there
/// only if its bound holds, comes before that of a trait.
struct Sent<T>(PhantomData<T>);
struct Shares<T>(PhantomData<T>);

trait Otherwise {
    const IS_SO: bool = false;
}

impl<T> Otherwise for Sent<T> {}
impl<T> Otherwise for Shares<T> {}

impl<T: Send> Sent<T> {
    const IS_SO: bool = true;
}

impl<T: Sync> Shares<T> {
    const IS_SO: bool = true;
}

macro_rules! threads_may {
    ($($what:ident: $($type:ty),+;)*) => {$($(
        assert_eq!((Sent::<$type>::IS_SO, Shares::<$type>::IS_SO), $what, stringify!($type));
    )+)*};
}

/// Sent, shared.
const BOTH: (bool, bool) = (true, true);
const SEND_IT: (bool, bool) = (true, false);
const KEEP_IT: (bool, bool) = (false, false);

type Made = fn() -> Linear;

#[test]
fn members_of_one_thread_are_sent_and_not_shared() {
    threads_may! {
        SEND_IT: Linear, Stack, Static<'static>, Blocks, GoodFit, BestFit, SignPost, Bitmap, Buddy,
            StrategyPool;
        // They borrow a member of one thread, or are for one.
        KEEP_IT: Scope<'static>, &'static Linear, &'static Stack, StrategyScope<'static>,
            PlacedBox<'static, u8, StrategyPool>;
        // The box frees its block behind the lock, so it goes where its value may go.
        BOTH: PlacedBox<'static, u8, Locked<StrategyPool>>;
    }
}

#[test]
fn members_of_several_threads_are_shared_and_their_runs_are_not() {
    threads_may! {
        BOTH: AsyncLinear, AsyncStatic<'static>, &'static AsyncLinear, SlabArena;
        // It may be lent to a thread.
        SEND_IT: Run<'static>;
    }
}

/// bump-scope 2.3.3: the allocator could be sent though its base could not. What is made of members is
/// what they are, unless it has cells of its own, or a lock.
#[test]
fn wrappers_go_where_what_they_wrap_goes() {
    threads_may! {
        BOTH: Locked<Linear>, Locked<Stack>, Checked<AsyncLinear>, Counted<AsyncLinear>, Fallback<AsyncLinear, AsyncLinear>,
            Segregated<AsyncLinear, AsyncLinear>, PerThread<Linear, Made>;
        SEND_IT: Counted<Linear>, Checked<Linear>, Fallback<Linear, AsyncLinear>, Fallback<AsyncLinear, Linear>,
            Segregated<Linear, AsyncLinear>, Segregated<AsyncLinear, Linear>,
            Lifetimes<AsyncLinear, Linear, AsyncLinear>;
        // Its count is a cell.
        SEND_IT: Limited<AsyncLinear>, Limited<Linear>;
        // One pointer each to the same allocator.
        BOTH: Shared<AsyncLinear>, Shared<Locked<Linear>>;
        KEEP_IT: Shared<Linear>;
        // An instance is one thread's at a time.
        SEND_IT: Leased<'static, Linear>;
        BOTH: Leased<'static, AsyncLinear>;
        // A borrow of what may not be shared.
        KEEP_IT: CountedThread<'static, Linear>;
    }
}

/// What one thread does with its handle would be lost if another one counted through it too.
#[test]
fn a_handle_that_counts_for_one_thread_is_sent_and_not_shared() {
    threads_may! { SEND_IT: CountedThread<'static, AsyncLinear>; }
}

#[test]
#[cfg_attr(miri, ignore = "runs the compiler")]
fn what_must_not_compile_does_not() {
    trybuild::TestCases::new().compile_fail("tests/alloc/rejected/*.rs");
}
