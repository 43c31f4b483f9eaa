//! Functions that are `const` wherever the backend's types can be made in a constant.

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
