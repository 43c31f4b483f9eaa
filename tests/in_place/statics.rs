//! A pool of each strategy in a static.

/// A pool in a static, made in a constant.
macro_rules! in_a_static {
    ($strategy:ty, $addressing:ident, $tag_bits:literal, $mechanism:ident => $list:expr) => {{
        use stampool::raw::free_list::{Addressing, Mechanism, TagPolicy};
        use stampool::raw::{mediator::Mediator, sync::ForkMutex, thread_cache::Registry};
        use $crate::client::{BATCH, Buffer, Growth, InPlace};

        static BUFFER: Buffer = Buffer::new();
        static POOL: InPlace<$strategy> = {
            let $mechanism = &Mechanism {
                name: <$strategy as stampool::Strategy>::NAME,
                lock_free: $tag_bits > 0,
                addressing: Addressing::$addressing,
                tag_bits: $tag_bits,
                tag_policy: TagPolicy::Wrap,
                limbo_magazines: 0,
            };
            InPlace {
                // SAFETY: new lists, made for this mechanism.
                mediator: unsafe {
                    Mediator::in_place(BATCH, $mechanism, $list, $list, $list, None)
                },
                registry: Registry::new(),
                // SAFETY: once.
                growth: ForkMutex::new(Growth::new(unsafe { BUFFER.source() })),
            }
        };
        &POOL
    }};
}
pub(crate) use in_a_static;

/// Calls a function of each strategy that needs no heap.
macro_rules! each_in_place {
    ($run:ident) => {
        use stampool::raw::free_list::{LockedList, QuiescentList, TaggedList};
        use stampool::{Locked, Quiescent, TaggedPacked, TaggedWide};
        use $crate::statics::in_a_static;

        $run(in_a_static!(TaggedWide, Address, 64, mechanism => TaggedList::new(mechanism)));
        $run(in_a_static!(TaggedPacked, Index, 32, mechanism => TaggedList::new(mechanism)));
        $run(in_a_static!(Quiescent, Address, 0, _mechanism => QuiescentList::new()));
        $run(in_a_static!(Locked, Address, 0, _mechanism => LockedList::new()));
    };
}
pub(crate) use each_in_place;
