//! Objects that are allocated and written, then freed in the order of their allocation.

use core::hint::black_box;

use stampool::Block;

use super::touch::write;
use crate::{Handle, Take};

#[inline(never)]
pub(super) fn run(
    handle: &mut impl Handle,
    objects: &mut [Block],
    touched_bytes: usize,
    iterations: u64,
) {
    for _ in 0..iterations {
        for object in &mut *objects {
            *object = handle.take();
            write(*object, touched_bytes);
        }
        for &object in black_box(&*objects) {
            // SAFETY: allocated just now, and freed once.
            unsafe { handle.deallocate(object) };
        }
    }
}
