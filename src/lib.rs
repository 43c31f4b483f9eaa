#![doc = include_str!("../README.md")]

pub mod docs;

mod block;
mod chunk;
mod error;
mod free_list;
mod mediator;
mod pool;
mod source;
mod sync;
mod thread_cache;

pub use block::Block;
pub use chunk::{Level, Off};
pub use error::{AllocError, BuildError};
pub use free_list::{
    Checked, DoubleWidthCas, EpochDeferred, Hardened, Locked, Plan, Quiescent, Requirements,
    Strategy, TagPolicy, TaggedPacked, TaggedWide,
};
pub use pool::{Census, Local, Pool, PoolBuilder, Stats};
pub use source::{BufferSource, Source, SystemSource};
pub use thread_cache::{EndHook, ExplicitHandles, StdThreads, ThreadHandling, ThreadId, Watcher};

/// The layers themselves, for the model checks and for experiments: the same code as above.
///
/// Exempt from semantic versioning, and meant for people who read the contracts: these layers trust
/// each other (that a list is used with one store, say) where the public ones trust nobody.
#[doc(hidden)]
pub mod raw {
    macro_rules! layers {
        ($($layer:ident),*) => {
            $(pub mod $layer {
                pub use crate::$layer::*;
            })*
        };
    }
    layers!(sync, block, chunk, free_list, mediator, thread_cache);
}
