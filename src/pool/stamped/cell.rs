//! What a stamped pool keeps in each block.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::chunk::StampWord;
use crate::sync::{UnsafeCell, Witness};

/// A block: its header, and the value behind it.
///
/// I1. `stamp` and `number` are written once, before the block's number is published.
/// I2. `value` is written once, by the first owner, while `stamp` is fresh. From then on it is only
///     shared, until the pool is dropped.
#[repr(C)]
pub(super) struct Cell<T> {
    pub(super) stamp: StampWord,
    /// As in the pool's block table.
    pub(super) number: u32,
    /// Of the header.
    created: Witness,
    value: UnsafeCell<MaybeUninit<T>>,
}

impl<T> Cell<T> {
    /// Writes the header of a fresh block.
    ///
    /// # Safety
    ///
    /// The block has this type's layout, and is nobody else's.
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
        // SAFETY: by the caller it was written, and cells are only shared before the pool's end.
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
        // SAFETY: by the caller nobody else has had the block, so nobody is in the cell.
        self.value.with_mut(|place| unsafe { place.cast::<T>().write(value) });
        self.stamp.constructed();
    }

    /// The value.
    ///
    /// # Safety
    ///
    /// It was constructed, and the caller has acquired that.
    #[inline]
    pub(super) unsafe fn value(&self) -> &T {
        // SAFETY: by the caller, and I2: nobody writes the cell any more.
        self.value.with(|place| unsafe { &*place.cast::<T>() })
    }

    /// Drops what is in a block.
    ///
    /// # Safety
    ///
    /// Nobody refers to the block any more, and nobody ever will.
    pub(super) unsafe fn end(block: NonNull<u8>) {
        /// Ends the header even where the value panics: shipped it is plain, a checker's is not.
        struct Header<T>(NonNull<Cell<T>>);
        impl<T> Drop for Header<T> {
            fn drop(&mut self) {
                // SAFETY: the last use of the cell; the value in it is none that is dropped twice.
                unsafe { self.0.drop_in_place() };
            }
        }
        let header = Header(block.cast::<Self>());
        // Shared, since a `&mut` to the cell would end the pointer that `Header` keeps.
        // SAFETY: by the caller; the reference is not used once the header is dropped.
        let cell = unsafe { header.0.as_ref() };
        if !cell.stamp.is_fresh() {
            // SAFETY: constructed (I2), and dropped nowhere else.
            cell.value.with_mut(|place| unsafe { place.cast::<T>().drop_in_place() });
        }
    }
}
