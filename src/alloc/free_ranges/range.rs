//! A free range: what lies in its own bytes.

use core::ptr::{NonNull, without_provenance_mut};

pub(super) const WORD: usize = size_of::<*mut u8>();

/// Blocks and free ranges begin at multiples of this, counted from the address 0, and are multiples
/// of it long: two words, 16 bytes where an address has 64 bits.
pub(super) const GRANULE: usize = 2 * WORD;

/// The bytes of the granules that a block of this size takes.
#[inline(always)]
pub(super) const fn granules(size: usize) -> usize {
    (size + (GRANULE - 1)) & !(GRANULE - 1)
}

/// Memory that nobody uses, between two live blocks or the ends of a region. What its words hold
/// while it is in the index:
///
/// ```text
/// | next | length | previous | .. | length |      two granules and more, in a list
/// |      | length | node of a tree | .. | length | three granules and more, in a tree
/// | next | previous + 1 |                         one granule, a crumb
/// ```
///
/// So the second word and the last one tell how long a range is. Those of a crumb are the same word,
/// which holds a link too. Its lowest bit, which is zero in a length, says that it is a crumb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreeRange {
    pub(super) start: NonNull<u8>,
    pub(super) bytes: usize,
}

/// The bit that says that a range is a crumb.
const CRUMB: usize = 1;

impl FreeRange {
    #[inline(always)]
    pub(super) const fn new(start: NonNull<u8>, bytes: usize) -> Self {
        Self { start, bytes }
    }

    /// The range that begins at `start`.
    ///
    /// # Safety
    ///
    /// A range that is in the index begins there.
    #[inline(always)]
    pub(super) unsafe fn beginning_at(start: NonNull<u8>) -> Self {
        // SAFETY: the second word of a range.
        Self { start, bytes: length(unsafe { get(start, 1) }) }
    }

    /// The range that begins at `start`, which is no crumb.
    ///
    /// # Safety
    ///
    /// Such a range, which is in the index, begins there.
    #[inline(always)]
    pub(super) unsafe fn longer_at(start: NonNull<u8>) -> Self {
        // SAFETY: the second word of a range.
        Self { start, bytes: unsafe { get(start, 1) }.addr() }
    }

    /// The range that ends at `end`.
    ///
    /// # Safety
    ///
    /// A range that is in the index ends there.
    #[inline(always)]
    pub(super) unsafe fn ending_at(end: NonNull<u8>) -> Self {
        // SAFETY: a range has a granule at least, and so a word in front of its end.
        let last = unsafe { end.sub(WORD) };
        // SAFETY: the last word of a range.
        let bytes = length(unsafe { get(last, 0) });
        // SAFETY: the range is so long.
        Self { start: unsafe { end.sub(bytes) }, bytes }
    }

    #[inline(always)]
    pub(super) const fn is_crumb(self) -> bool {
        self.bytes == GRANULE
    }

    /// Writes what tells how long the range is. It has no previous one then.
    ///
    /// # Safety
    ///
    /// The range is free.
    #[inline(always)]
    pub(super) unsafe fn write_length(self) {
        if self.is_crumb() {
            // SAFETY: the second word of a free range.
            return unsafe { put(self.start, 1, without_provenance_mut(CRUMB)) };
        }
        // SAFETY: by the caller, and it is no crumb.
        unsafe { self.write_longer() }
    }

    /// Writes the length of a range that is no crumb, as [`write_length`](Self::write_length) does.
    ///
    /// # Safety
    ///
    /// The range is free, and has more than one granule.
    #[inline(always)]
    pub(super) unsafe fn write_longer(self) {
        let length = without_provenance_mut(self.bytes);
        // SAFETY: the second word of a free range.
        unsafe { put(self.start, 1, length) };
        // SAFETY: the last word of the range.
        let last = unsafe { self.start.add(self.bytes - WORD) };
        // SAFETY: as above.
        unsafe { put(last, 0, length) };
    }
}

#[inline(always)]
fn length(word: *mut u8) -> usize {
    if word.addr() & CRUMB == 0 { word.addr() } else { GRANULE }
}

/// # Safety
///
/// The word is one of a free range, and was written.
#[inline(always)]
unsafe fn get(start: NonNull<u8>, word: usize) -> *mut u8 {
    // SAFETY: by the caller.
    let at = unsafe { start.cast::<*mut u8>().add(word) };
    // SAFETY: by the caller; a range is aligned for a word.
    unsafe { at.read() }
}

/// # Safety
///
/// The word is one of a free range.
#[inline(always)]
unsafe fn put(start: NonNull<u8>, word: usize, value: *mut u8) {
    // SAFETY: by the caller.
    let at = unsafe { start.cast::<*mut u8>().add(word) };
    // SAFETY: by the caller; a range is aligned for a word.
    unsafe { at.write(value) }
}

/// The range behind the one at `start` in its list.
///
/// # Safety
///
/// The range is in a list.
#[inline(always)]
pub(super) unsafe fn next(start: NonNull<u8>) -> Option<NonNull<u8>> {
    // SAFETY: by the caller.
    NonNull::new(unsafe { get(start, 0) })
}

/// # Safety
///
/// The range at `start` is free.
#[inline(always)]
pub(super) unsafe fn put_next(start: NonNull<u8>, to: Option<NonNull<u8>>) {
    // SAFETY: by the caller.
    unsafe { put(start, 0, to.map_or(core::ptr::null_mut(), NonNull::as_ptr)) }
}

/// The range in front of the one at `start` in its list.
///
/// # Safety
///
/// The range is in a list, not as the first one, and a crumb if `is_crumb`.
#[inline(always)]
pub(super) unsafe fn previous(start: NonNull<u8>, is_crumb: bool) -> NonNull<u8> {
    if !is_crumb {
        // SAFETY: by the caller.
        let link = unsafe { get(start, 2) };
        // SAFETY: the start of a range is not zero.
        return unsafe { NonNull::new_unchecked(link) };
    }
    // SAFETY: by the caller.
    let link = unsafe { get(start, 1) };
    // SAFETY: the start of a range, which is even and not zero, and one.
    unsafe { NonNull::new_unchecked(link.wrapping_sub(CRUMB)) }
}

/// # Safety
///
/// The range at `start` is in a list, and it and `to` are crumbs if `is_crumb`.
#[inline(always)]
pub(super) unsafe fn put_previous(start: NonNull<u8>, to: NonNull<u8>, is_crumb: bool) {
    if is_crumb {
        // SAFETY: by the caller.
        unsafe { put(start, 1, to.as_ptr().wrapping_add(CRUMB)) }
    } else {
        // SAFETY: by the caller.
        unsafe { put(start, 2, to.as_ptr()) }
    }
}
