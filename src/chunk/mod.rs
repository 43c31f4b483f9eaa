//! Chunks: memory from the source that is cut into blocks, and the tables that find what lies in
//! it.
//!
//! Everything that writes here happens under the pool's growth lock. The exceptions, which are used
//! without it, are [`Directory::get`], [`BlockTable::find`], and the stamps of blocks.

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
