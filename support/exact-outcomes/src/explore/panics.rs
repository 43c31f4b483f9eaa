//! What a panic said.

use core::any::Any;

/// What a panic said, if it said anything.
#[must_use]
pub fn panic_message(payload: &dyn Any) -> Option<&str> {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied())
}
