//! The source that an allocator has when its user names none.

/// The program's own allocator, where there is one.
#[cfg(feature = "std")]
pub(crate) type DefaultSource = super::SystemSource;
/// Without the standard library, a buffer.
#[cfg(not(feature = "std"))]
pub(crate) type DefaultSource = super::BufferSource;
