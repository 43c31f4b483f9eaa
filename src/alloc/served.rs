//! What a call returns that serves a block or resizes it where it is.

use core::ptr::NonNull;

use crate::error::AllocError;

/// The block, as long as it is now, or the reason why there is none.
pub(super) type Served = Result<NonNull<[u8]>, AllocError>;
