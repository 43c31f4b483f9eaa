//! Allocators around an allocator.

mod checked;
mod locked;
mod shared;

pub use checked::Checked;
pub use locked::Locked;
pub use shared::Shared;
