//! Chunks: memory from the source that is cut into blocks, and the tables that find what lies in
//! it.
//!
//! All writes are made under the growth lock (`Shared::growth` in `pool/shared.rs`), except those of
//! stamps, which a thread writes for the blocks that it owns. [`Directory::get`] and
//! [`BlockTable::find`] read without the lock.

mod block_table;
mod carver;
mod directory;
mod regions;
mod stamp;

pub use block_table::{BlockTable, WriteHeader};
pub use carver::{Carved, Carver, ChunkSizes, Extras, NewChunk, Pace, Rooms};
pub use directory::Directory;
pub use regions::{BlockRegion, Detached, Regions};
pub use stamp::{StampWidth, StampWord};
