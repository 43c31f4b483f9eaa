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
//! [reset](crate::alloc::Reset) the allocator under the container. The allocators of a
//! [`ThreadLocalPool`](crate::ThreadLocalPool::as_allocator) and of an
//! [`ExactPool`](crate::ExactPool::as_allocator) have no reset, and are copies of a reference to
//! the pool, so containers take them by value too.
//!
//! An [`Allocator`](crate::alloc::Allocator) of your own has none of these implementations, because a
//! crate cannot implement a foreign trait for all types. Put it into a `Shared`, or into a wrapper such
//! as [`Counted`](crate::alloc::wrap::Counted) or [`Locked`](crate::alloc::wrap::Locked), and give the
//! container a reference to that.
//!
//! # Example
//!
//! In `Cargo.toml`, `stampool` has the feature `allocator-api2-02`, and beside it stands
//! `allocator-api2 = "0.2"`, the version that hashbrown uses. (`cargo add allocator-api2` takes
//! 0.4, which goes with the feature `allocator-api2-04`, and not with hashbrown.)
//!
//! ```
//! # #[cfg(feature = "allocator-api2-02")] {
//! # use allocator_api2_02 as allocator_api2;
//! use allocator_api2::{boxed::Box, vec::Vec};
//! use hashbrown::HashMap;
//! use stampool::alloc::Linear;
//!
//! let mut arena = Linear::default();
//! let mut numbers = Vec::new_in(&arena);
//! numbers.extend([1, 2, 3]);
//! // Lives as long as the borrow of the arena, and is never dropped.
//! let node: &mut [u64; 2] = Box::leak(Box::new_in([7, 8], &arena));
//! node[0] += numbers[0];
//! let mut names = HashMap::new_in(&arena);
//! names.insert(node[0], "eight");
//! assert_eq!(names[&8], "eight");
//! drop((numbers, names));
//! arena.reset(); // runs no destructors
//! # }
//! ```
//!
//! The chapter [`family`](crate::docs::family) has a longer one, with a scope of a stack.

mod api2;
mod global;

#[cfg(feature = "allocator-api2-02")]
pub use api2::v02::Api2V02;
#[cfg(feature = "allocator-api2-04")]
pub use api2::v04::Api2V04;
pub use global::{FromGlobal, Global};
