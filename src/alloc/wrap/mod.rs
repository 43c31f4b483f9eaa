//! Allocators around an allocator.

mod locked;
mod shared;

pub use locked::Locked;
pub use shared::Shared;
