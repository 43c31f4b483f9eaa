//! What is `const` wherever the backend's types can be made in a constant.

use super::UnsafeCell;

/// A function that is `const` in a shipped build. The checkers' types are not made in constants.
#[cfg(not(any(
    stampool_model = "loom",
    stampool_model = "porf",
    stampool_model = "shuttle",
    stampool_model = "steered"
)))]
macro_rules! const_when_shipped {
    ($(#[$attribute:meta])* $visible:vis fn $($function:tt)*) => {
        $(#[$attribute])* $visible const fn $($function)*
    };
    ($(#[$attribute:meta])* $visible:vis unsafe fn $($function:tt)*) => {
        $(#[$attribute])* $visible const unsafe fn $($function)*
    };
}
#[cfg(any(
    stampool_model = "loom",
    stampool_model = "porf",
    stampool_model = "shuttle",
    stampool_model = "steered"
))]
macro_rules! const_when_shipped {
    ($($function:tt)*) => { $($function)* };
}
pub(crate) use const_when_shipped;

/// An array of `$length` equal values that are made one by one, by `$make`.
#[cfg(not(any(
    stampool_model = "loom",
    stampool_model = "porf",
    stampool_model = "shuttle",
    stampool_model = "steered"
)))]
macro_rules! array_of {
    ($make:expr; $length:expr) => {
        [const { $make }; $length]
    };
}
#[cfg(any(
    stampool_model = "loom",
    stampool_model = "porf",
    stampool_model = "shuttle",
    stampool_model = "steered"
))]
macro_rules! array_of {
    ($make:expr; $length:expr) => {
        core::array::from_fn::<_, { $length }, _>(|_| $make)
    };
}
pub(crate) use array_of;

/// A cell whose creation is a write for the checkers that watch cells.
#[cfg(not(any(
    stampool_model = "loom",
    stampool_model = "porf",
    stampool_model = "shuttle",
    stampool_model = "steered"
)))]
pub(super) const fn written() -> UnsafeCell<()> {
    UnsafeCell::new(())
}
#[cfg(any(
    stampool_model = "loom",
    stampool_model = "porf",
    stampool_model = "shuttle",
    stampool_model = "steered"
))]
pub(super) fn written() -> UnsafeCell<()> {
    let cell = UnsafeCell::new(());
    cell.with_mut(drop);
    cell
}
