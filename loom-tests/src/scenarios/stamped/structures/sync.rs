//! The checkers' counterparts of what `examples/structures/sync.rs` has.

pub(crate) use stampool::raw::sync::{AtomicU64, UnsafeCell};
