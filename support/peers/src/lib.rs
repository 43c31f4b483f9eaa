//! Other people's memory reclamation behind stampool's lists, for comparison only: nothing of it
//! ships.
//!
//! | module | library | idea |
//! |---|---|---|
//! | [`hyaline`] | seize | whoever looks takes a reference on what is retired meanwhile |
//! | [`hazard`] | haphazard | whoever looks says at which magazine |
//!
//! With the feature `malloc` there are also whole allocators, in the module of that name, behind
//! nothing of ours.
//!
//! Each of the two above is a [`Reclaimer`](stampool::raw::free_list::Reclaimer), used as
//! [`Deferred<R>`](stampool::raw::free_list::Deferred), as `EpochDeferred` is. Both come in two
//! forms. The one for benchmarks works as in a program of its own, as far as the limbo of the pool
//! lets it: things are collected by batches of [`BATCH`]. The one for models brings everything back
//! as soon as it can.
//!
//! These are adapters. What they pay beyond what the library costs where it is at home stands at
//! the head of each module, and belongs to every figure.

mod batch;
pub mod hazard;
pub mod hyaline;
pub mod malloc;

pub use batch::BATCH;
pub use hazard::Hazard;
pub use hyaline::Seize;

use stampool::raw::free_list::Deferred;

/// seize, with guards bound to the thread.
pub type SeizeDeferred = Deferred<Seize<hyaline::PerThread>>;
/// seize as models run it: guards of their own, batches of one.
pub type SeizeOwned = Deferred<Seize<hyaline::PerGuard>>;
/// haphazard, looking for what has become free after every [`BATCH`] deferrals of a handle.
pub type HazardDeferred = Deferred<Hazard<{ BATCH }>>;
/// haphazard as models run it: looking after each deferral.
pub type HazardEager = Deferred<Hazard<1>>;
