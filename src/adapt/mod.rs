//! The family under foreign traits, and foreign allocators under the family's.
//!
//! - [`Global`]: any allocator of the family that threads can share, as the program's allocator;
//!   [`FromGlobal`] is the other direction.
//! - `Api2V02` and `Api2V04`, with the features `allocator-api2-02` and `allocator-api2-04`: an
//!   allocator of that version of the crate `allocator-api2`, as one of the family.
//!
//! In the other direction those two features implement the foreign `Allocator` for `&T` of each
//! member `T`, and for [`Shared<A>`](crate::alloc::wrap::Shared). They do not for a member by
//! value: a container would own the allocator then, and its owner could
//! [reset](crate::alloc::Reset) the allocator under the container.

mod api2;
mod global;

#[cfg(feature = "allocator-api2-02")]
pub use api2::v02::Api2V02;
#[cfg(feature = "allocator-api2-04")]
pub use api2::v04::Api2V04;
pub use global::{FromGlobal, Global};
