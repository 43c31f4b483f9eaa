//! A stack allocator: a linear allocator that takes frees in any order, and has scopes.

mod free;
mod places;
mod resize;
mod scope;
mod state;
mod whole;

pub use scope::Scope;
pub use whole::Stack;
