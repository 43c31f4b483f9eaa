//! rlsf's tests of `FlexTlsf`, with its shadow of the regions.

use super::suite::{File, Suite};

pub(super) const RLSF: Suite = Suite {
    name: "rlsf",
    repository: None,
    edition: "2021",
    dependencies: "env_logger = \"0.7\"\nlog = \"0.4\"\nquickcheck = \"0.9\"\n\
                   quickcheck_macros = \"0.9\"\n",
    files: &[
        File { from: "src/tests.rs", to: "src/tests.rs", edits: &[] },
        File { from: "src/flex/tests.rs", to: "src/flex/tests.rs", edits: &[] },
    ],
    own: &[
        (
            "src/lib.rs",
            "#[cfg(test)]
mod flex {
    use core::{alloc::Layout, ptr::NonNull};
    use suites::rlsf::{FlexSource, FlexTlsf, GlobalAllocAsFlexSource};
    mod tests;
}
#[cfg(test)]
mod tests;
#[cfg(test)]
mod utils;
",
        ),
        (
            "src/utils.rs",
            "use std::ptr::NonNull;
pub fn nonnull_slice_from_raw_parts<T>(start: NonNull<T>, len: usize) -> NonNull<[T]> {
    NonNull::slice_from_raw_parts(start, len)
}
pub fn nonnull_slice_len<T>(slice: NonNull<[T]>) -> usize {
    slice.len()
}
pub fn nonnull_slice_end<T>(slice: NonNull<[T]>) -> *mut T {
    slice.cast::<T>().as_ptr().wrapping_add(slice.len())
}
",
        ),
    ],
    least: 180,
    left_out: &[],
};
