//! An object that lies in its owner.
//!
//! The threads of loom, porf and shuttle have small stacks, across which a large owner cannot be moved
//! before it has its place. Under these checkers the object is therefore in a box. That changes
//! nothing of what they explore.

use core::ops::Deref;

#[cfg(not(any(stampool_model = "loom", stampool_model = "porf", stampool_model = "shuttle")))]
type Inside<T> = T;
#[cfg(any(stampool_model = "loom", stampool_model = "porf", stampool_model = "shuttle"))]
type Inside<T> = Box<T>;

/// An object that lies in its owner. The alternative is a `Box`.
#[derive(Debug)]
pub struct InPlace<T>(Inside<T>);

impl<T> InPlace<T> {
    /// Puts the object in its place.
    #[cfg(not(any(stampool_model = "loom", stampool_model = "porf", stampool_model = "shuttle")))]
    pub const fn new(object: T) -> Self {
        Self(object)
    }

    /// Puts the object in its place.
    #[cfg(any(stampool_model = "loom", stampool_model = "porf", stampool_model = "shuttle"))]
    pub fn new(object: T) -> Self {
        Self(Box::new(object))
    }
}

impl<T> From<T> for InPlace<T> {
    fn from(object: T) -> Self {
        Self::new(object)
    }
}

impl<T> Deref for InPlace<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}
