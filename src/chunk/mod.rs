//! Chunks: memory from the source, cut into blocks, and names for what lies in it.
//!
//! Everything that writes here happens under the pool's growth lock; only
//! [`Directory::get`] and what a [`Level`] says of a block are asked without it.

mod carver;
mod directory;
mod level;
mod regions;

pub use carver::{Carved, Carver, Extra};
pub use directory::Directory;
pub use level::{Guarded, Level, Misuse, Off};
pub use regions::Regions;
