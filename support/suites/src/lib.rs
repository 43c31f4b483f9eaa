//! Members of the allocator family in the words of other allocators' own test suites.
//!
//! | module | for the tests of |
//! |---|---|
//! | [`bumpalo`] | bumpalo: `tests/all/quickchecks.rs`, `tests/all/allocator_api.rs` |
//! | [`bump_scope`] | bump-scope: three of its fuzz programs, which [`fuzz`] runs |
//! | [`rlsf`] | rlsf: `src/flex/tests.rs`, with the shadow in `src/tests.rs` |
//!
//! Each adaptor holds a [`member`], which the process chooses. `cargo xtask suites` runs all.

pub mod bump_scope;
pub mod bumpalo;
pub mod fuzz;
pub mod member;
pub mod rlsf;

/// The crate `allocator-api2`, in which bumpalo's tests of the unstable `Allocator` compile.
pub use allocator_api2_02 as api;
