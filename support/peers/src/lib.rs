//! Other people's memory reclamation behind stampool's lists, for comparison only: nothing of it
//! ships.
//!
//! | module | library | idea |
//! |---|---|---|
//! | [`hyaline`] | seize | whoever looks takes a reference on what is retired meanwhile |
//! | [`hazard`] | haphazard | whoever looks says at which magazine |
//!
//! With the feature `malloc` there are also whole allocators, in the module of that name. These use
//! no code of ours.
//!
//! Each of the two above is a [`Reclaimer`](stampool::raw::free_list::Reclaimer), used as
//! [`Deferred<R>`](stampool::raw::free_list::Deferred) like `EpochDeferred`. Both have two forms.
//! The form for benchmarks works as in a program of its own, within the limits of the pool's limbo:
//! it collects in batches of [`BATCH`]. The form for models brings everything back as soon as it
//! can.
//!
//! These are adapters. Each module's head says what the adapter costs beyond the library's usual
//! use; that cost is part of every figure.

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
