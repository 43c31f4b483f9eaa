//! Where the object lies to which deferred functions point.

use core::ops::Deref;

/// An object that lies in its owner. The alternative is a `Box`.
#[derive(Debug)]
pub struct InPlace<T>(pub T);

impl<T> From<T> for InPlace<T> {
    fn from(object: T) -> Self {
        Self(object)
    }
}

impl<T> Deref for InPlace<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}
