//! Memory that the system maps, with huge pages, NUMA policies, guard pages and the like.

mod error;
mod mapped;
mod nodes;
mod numa;
mod options;
pub(super) mod sys;

pub use error::MapError;
pub use mapped::Mapped;
pub use nodes::{NodeSet, NumaPolicy};
pub use options::{HugePageSize, HugePages, MapOptions};
