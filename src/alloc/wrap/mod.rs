//! Allocators around an allocator.

mod both;
#[cfg(feature = "std")]
mod checked;
#[cfg(feature = "std")]
mod counted;
mod exact_length;
mod fallback;
#[cfg(feature = "std")]
mod leases;
mod lifetimes;
mod limited;
#[cfg(feature = "std")]
mod locked;
#[cfg(feature = "std")]
mod per_thread;
mod segregated;
#[cfg(feature = "std")]
mod shared;

#[cfg(feature = "std")]
pub use checked::Checked;
#[cfg(feature = "std")]
pub use counted::{Counted, CountedThread, Statistics};
pub use fallback::Fallback;
pub use lifetimes::{Lifetime, Lifetimes, Lived};
pub use limited::Limited;
#[cfg(feature = "std")]
pub use locked::Locked;
#[cfg(feature = "std")]
pub use per_thread::{Leased, PerThread};
pub use segregated::Segregated;
#[cfg(feature = "std")]
pub use shared::Shared;
