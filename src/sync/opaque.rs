//! `Debug` for the parts of a pool that threads share.

/// Implements `Debug` for types whose content other threads change: it writes the type's name and
/// nothing else, because each read would be an access that a checker explores and that no site
/// names.
macro_rules! opaque {
    ($([$($generics:tt)*] $name:ident $(<$($parameter:tt),*>)?;)+) => {$(
        impl<$($generics)*> core::fmt::Debug for $name $(<$($parameter),*>)? {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}
pub(crate) use opaque;
