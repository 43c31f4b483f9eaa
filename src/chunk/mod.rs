//! Chunks: memory from the source, cut into blocks, and names for what lies in it.
//!
//! Everything that writes here happens under the pool's growth lock; only
//! [`Directory::get`] is called without it.

mod carver;
mod directory;
mod regions;

pub use carver::{Carved, Carver, Extra};
pub use directory::Directory;
pub use regions::Regions;
