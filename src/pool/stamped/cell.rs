//! What a stamped pool keeps in each block.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::chunk::StampWord;
use crate::sync::{UnsafeCell, Witness};

/// A block: its header, and the value behind it.
///
/// - SC1. The header is written once, before the block's number is published. Afterwards `number`
///   does not change, and `stamp` changes only by its own operations.
/// - SC2. The first owner writes `value` once, while `stamp` is fresh. From then on threads only
///   share it, until the pool is dropped.
#[repr(C)]
pub(super) struct Cell<T> {
    pub(super) stamp: StampWord,
    /// The block's number in the pool's block table.
    pub(super) number: u32,
    /// Asserts, under loom and porf, that a thread which reads the header has acquired it.
    created: Witness,
    value: UnsafeCell<MaybeUninit<T>>,
}

impl<T> Cell<T> {
    /// Writes the header of a fresh block.
    ///
    /// # Safety
    ///
    /// The caller owns the block, which has this type's layout.
    pub(super) unsafe fn write_header(block: NonNull<u8>, number: u32) {
        let cell = Self {
            stamp: StampWord::fresh(),
            number,
            created: Witness::created(),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        };
        // SAFETY: by the caller.
        unsafe { block.cast::<Self>().write(cell) };
    }

    /// The cell in a block.
    ///
    /// # Safety
    ///
    /// The caller has acquired the header, and the pool lives for `'p`.
    #[inline]
    pub(super) unsafe fn of<'p>(block: NonNull<u8>) -> &'p Self {
        // SAFETY: by the caller the header was written, and cells are only shared until the pool is
        // dropped.
        let cell = unsafe { block.cast::<Self>().as_ref() };
        cell.created.acquired();
        cell
    }

    /// Constructs the value.
    ///
    /// # Safety
    ///
    /// The caller owns the block, and it is fresh.
    pub(super) unsafe fn construct(&self, value: T) {
        // SAFETY: by the caller the block is fresh, so no other thread has a reference into the
        // cell.
        self.value.with_mut(|place| unsafe { place.cast::<T>().write(value) });
        self.stamp.constructed();
    }

    /// The value.
    ///
    /// # Safety
    ///
    /// The value was constructed, and the caller has acquired the construction.
    #[inline]
    pub(super) unsafe fn value(&self) -> &T {
        // SAFETY: by the caller and SC2, no thread writes the cell any more.
        self.value.with(|place| unsafe { &*place.cast::<T>() })
    }

    /// Drops the value of a block, if it has one, and its header.
    ///
    /// # Safety
    ///
    /// No thread uses the block any more.
    pub(super) unsafe fn end(block: NonNull<u8>) {
        /// Drops the header, also if the drop of the value panics. The shipped header is plain
        /// memory, but a checker's header owns memory.
        struct Header<T>(NonNull<Cell<T>>);
        impl<T> Drop for Header<T> {
            fn drop(&mut self) {
                // SAFETY: this is the last use of the cell. Dropping a `MaybeUninit` does not drop
                // the value.
                unsafe { self.0.drop_in_place() };
            }
        }
        let header = Header(block.cast::<Self>());
        // A shared reference, because a `&mut` to the cell would invalidate the pointer in
        // `Header`.
        // SAFETY: by the caller, and the reference is not used after the header is dropped.
        let cell = unsafe { header.0.as_ref() };
        if !cell.stamp.is_fresh() {
            // SAFETY: the value was constructed (SC2), and is dropped nowhere else.
            cell.value.with_mut(|place| unsafe { place.cast::<T>().drop_in_place() });
        }
    }
}
