//! Size classes: which pool an allocation of a trace goes to.

use core::alloc::Layout;

/// Number of pools: blocks of 8, 16, .. 4096 bytes.
pub const CLASSES: usize = 10;

const SMALLEST_LOG2: u32 = 3;

/// Size and alignment of one allocation, and the pool that serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    size: u32,
    align_log2: u8,
    /// `CLASSES` stands for the system.
    class: u8,
}

impl Shape {
    /// The shape of an allocation of `size` bytes. `align_log2` has been checked by the reader.
    pub(super) fn new(size: u32, align_log2: u8) -> Self {
        // A block of 2^k bytes is aligned to 2^k: more alignment means a larger class.
        let log2 = u64::from(size).max(1).next_power_of_two().trailing_zeros();
        let class = log2.max(u32::from(align_log2)).saturating_sub(SMALLEST_LOG2);
        let class = usize::try_from(class).unwrap_or(CLASSES).min(CLASSES);
        Self { size, align_log2, class: u8::try_from(class).expect("ten classes") }
    }

    /// The pool that serves it; `None` for the system.
    pub fn class(self) -> Option<usize> {
        Some(usize::from(self.class)).filter(|class| *class < CLASSES)
    }

    /// What was asked for, as the system wants it.
    ///
    /// # Panics
    /// Never on 64-bit machines; where memory is smaller than the object, elsewhere.
    pub fn layout(self) -> Layout {
        let size = crate::num::index(self.size).max(1);
        Layout::from_size_align(size, 1 << self.align_log2)
            .expect("32 bits of size and at most 16 MiB of alignment are a layout")
    }
}

/// The blocks of a class.
///
/// # Panics
/// If `class` is not below [`CLASSES`].
pub fn class_layout(class: usize) -> Layout {
    assert!(class < CLASSES, "no such class");
    let bytes = 1 << (class + 3);
    Layout::from_size_align(bytes, bytes).expect("a power of two up to 4096")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_edges_of_the_classes() {
        let class = |size, align| Shape::new(size, align).class();
        assert_eq!(class(0, 0), Some(0));
        assert_eq!(class(8, 3), Some(0));
        assert_eq!(class(9, 0), Some(1));
        assert_eq!(class(8, 4), Some(1), "alignment lifts it");
        assert_eq!(class(4096, 4), Some(9));
        assert_eq!(class(4097, 4), None);
        assert_eq!(class(1, 13), None);
        assert_eq!(class(u32::MAX, 0), None);
    }

    proptest! {
        #[test]
        fn a_class_holds_what_it_serves(size: u32, align in 0..=super::super::MAX_ALIGN_LOG2) {
            let shape = Shape::new(size, align);
            let asked = shape.layout();
            if let Some(class) = shape.class() {
                prop_assert!(class_layout(class).size() >= asked.size());
                prop_assert!(class_layout(class).align() >= asked.align());
            } else {
                prop_assert!(asked.size() > 4096 || asked.align() > 4096);
            }
        }
    }
}
