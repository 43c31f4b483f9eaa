//! Allocators around an allocator.

mod both;
mod checked;
mod fallback;
mod limited;
mod locked;
mod segregated;
mod shared;

pub use checked::Checked;
pub use fallback::Fallback;
pub use limited::Limited;
pub use locked::Locked;
pub use segregated::Segregated;
pub use shared::Shared;
