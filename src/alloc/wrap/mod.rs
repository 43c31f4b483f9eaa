//! Allocators around an allocator.

mod locked;

pub use locked::Locked;
