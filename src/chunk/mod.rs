//! Chunks: memory from the source, cut into blocks, and names for what lies in it.
//!
//! Everything that writes here happens under the pool's growth lock; only
//! [`Directory::get`], [`Births::find`] and the stamps of blocks are used without it.

mod births;
mod carver;
mod directory;
mod regions;
mod stamp;

pub use births::{Birth, Births};
pub use carver::{Carved, Carver, Extra};
pub use directory::Directory;
pub use regions::Regions;
pub use stamp::{StampWidth, StampWord};
