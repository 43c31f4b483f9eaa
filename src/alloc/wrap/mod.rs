//! Allocators around an allocator.

mod both;
mod checked;
mod counted;
mod exact_length;
mod fallback;
mod leases;
mod lifetimes;
mod limited;
mod locked;
mod per_thread;
mod segregated;
mod shared;

pub use checked::Checked;
pub use counted::{Counted, CountedThread, Statistics};
pub use fallback::Fallback;
pub use lifetimes::{Lifetime, Lifetimes, Lived};
pub use limited::Limited;
pub use locked::Locked;
pub use per_thread::{Leased, PerThread};
pub use segregated::Segregated;
pub use shared::Shared;
