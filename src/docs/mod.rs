//! Chapters: how the pool is made, and why.
//!
//! - [`design`]: the layers, the magazines, the strategies, and what is promised.
//! - [`forms`]: raw blocks, objects and stamped names, with a handle or without, and what each
//!   costs.
//! - [`family`]: the allocators beside the pools, and which one to take.
//! - [`general`]: an allocator for whole programs on the same core.
//! - [`choosing`]: the strategies side by side, and which for whom.
//! - [`checking`]: misuse that a pool detects, and what that costs.
//! - [`one_allocation`]: one block through every layer, with file names.
//! - [`orderings`]: every atomic access of the core, and why its ordering suffices.
//! - [`your_structure`]: how a project checks its own structure on these pools under porf.
//! - [`verification`]: what is proven, by which command, and where each proof ends.
//! - [`glossary`]: the words that a systems engineer does not know already.
//!
//! The repository's folder `papers` has more: all measured times (`papers/benchmarks.md`), the sums
//! behind the memory bound, what the checkers can and cannot see, and the literature.

#[doc = include_str!("design.md")]
pub mod design {}

#[doc = include_str!("forms.md")]
pub mod forms {}

#[doc = include_str!("choosing.md")]
pub mod choosing {}

#[doc = include_str!("checking.md")]
pub mod checking {}

#[doc = include_str!("one_allocation.md")]
pub mod one_allocation {}

#[doc = include_str!("orderings.md")]
pub mod orderings {}

#[doc = include_str!("your_structure.md")]
pub mod your_structure {}

#[doc = include_str!("../../papers/verification.md")]
pub mod verification {}

#[doc = include_str!("general.md")]
pub mod general {}

#[doc = include_str!("glossary.md")]
pub mod glossary {}

// The chapter names by labels what a feature brings. These definitions count where they are there,
// and the chapter's own ones, which come later, elsewhere.
#[cfg_attr(
    all(feature = "os", target_os = "linux"),
    doc = "[mapped]: crate::source::Mapped\n[reserved]: crate::source::Reserved\n\n"
)]
#[cfg_attr(feature = "family", doc = include_str!("family.md"))]
#[cfg_attr(not(feature = "family"), doc = "This build leaves out the allocators beside the pools.")]
pub mod family {}
