//! Chunks: memory from the source, cut into blocks, and names for what lies in it.
//!
//! Everything that writes here happens under the pool's growth lock; only
//! [`Directory::get`], [`Births::find`], the stamps of blocks, and what a [`Level`] says of them are
//! used without it.

mod births;
mod carver;
mod directory;
mod level;
mod regions;
mod stamp;

pub use births::{Birth, Births, FreeReads};
pub use carver::{Carved, Carver, Extra};
pub use directory::Directory;
pub use level::{Guarded, Level, Misuse, Off};
pub use regions::Regions;
pub use stamp::{StampWidth, StampWord};
