//! Chunks: memory from the source, cut into blocks, and names for what lies in it.
//!
//! Everything that writes here happens under the pool's growth lock; only
//! [`Directory::get`], [`BlockTable::find`], the stamps of blocks, and what a [`Level`] says of them are
//! used without it.

mod block_table;
mod carver;
mod directory;
mod regions;
mod stamp;

pub use block_table::{BlockTable, FreeReads, WriteHeader};
pub use carver::{Carved, Carver, NewChunk};
pub use directory::Directory;
pub use regions::Regions;
pub use stamp::{StampWidth, StampWord};
