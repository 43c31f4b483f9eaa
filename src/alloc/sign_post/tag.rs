//! A piece of memory, and the tag in front of it.

use core::ptr::NonNull;

use crate::alloc::provenance::recover;

pub(super) const WORD: usize = size_of::<usize>();
/// Blocks begin at multiples of this, counted from the address 0.
pub(super) const GRANULE: usize = 2 * WORD;
/// The length of the shortest piece.
pub(super) const LEAST: usize = 4 * WORD;

/// The length of the piece that a block of this size takes, with its tag.
#[inline(always)]
pub(super) const fn taken(size: usize) -> usize {
    let bytes = (size + WORD + (GRANULE - 1)) & !(GRANULE - 1);
    if bytes < LEAST { LEAST } else { bytes }
}

/// The piece is free.
const FREE: usize = 1;
/// The piece in front of it is free.
const LEFT_FREE: usize = 2;
const FLAGS: usize = FREE | LEFT_FREE;

/// A piece of a region, by the address behind its tag, where its block begins.
///
/// ```text
///        the piece begins                                   the next piece begins
/// in use | tag | block ..                                          | tag | ..
/// free   | tag | next | previous | ..                     | length | tag | ..
///              the piece's address
/// ```
///
/// The tag is the piece's length, a multiple of a granule, and two flags in the bits that are zero in
/// it. The last piece of a region is a tag alone, with the length zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece(pub(super) NonNull<u8>);

/// What a tag says.
#[derive(Clone, Copy)]
pub(super) struct Tag(usize);

impl Tag {
    /// Of a piece in use, whose left neighbour is in use too.
    #[inline(always)]
    pub(super) const fn used(length: usize) -> Self {
        Self(length)
    }

    #[inline(always)]
    pub(super) const fn length(self) -> usize {
        self.0 & !FLAGS
    }

    #[inline(always)]
    pub(super) const fn is_free(self) -> bool {
        self.0 & FREE != 0
    }

    #[inline(always)]
    pub(super) const fn is_left_free(self) -> bool {
        self.0 & LEFT_FREE != 0
    }

    /// The same with a free left neighbour.
    #[inline(always)]
    pub(super) const fn left_freed(self) -> Self {
        Self(self.0 | LEFT_FREE)
    }

    /// The same with a left neighbour in use.
    #[inline(always)]
    pub(super) const fn left_used(self) -> Self {
        Self(self.0 & !LEFT_FREE)
    }

    /// The same with another length.
    #[inline(always)]
    pub(super) const fn with_length(self, length: usize) -> Self {
        Self(self.0 & FLAGS | length)
    }
}

// Each of these asks that the piece is one of a region, or the end of one, and that the word is the
// piece's own at that time: its tag always, the others while it is free.
impl Piece {
    /// The piece of a block, to which the caller's pointer may reach less than all of it.
    #[inline(always)]
    pub(super) fn of(block: NonNull<u8>) -> Self {
        Self(recover(block))
    }

    #[inline(always)]
    unsafe fn word(self, nth: usize) -> NonNull<usize> {
        // SAFETY: by the caller, the word is one of the piece.
        unsafe { self.0.cast::<usize>().add(nth) }
    }

    /// # Safety
    ///
    /// The address is that of a piece or of the end of a region.
    #[inline(always)]
    pub(super) unsafe fn tag(self) -> Tag {
        // SAFETY: by the caller, a tag lies there.
        let at = unsafe { self.0.cast::<usize>().sub(1) };
        // SAFETY: as above.
        Tag(unsafe { at.read() })
    }

    /// # Safety
    ///
    /// As [`tag`](Self::tag).
    #[inline(always)]
    pub(super) unsafe fn put_tag(self, tag: Tag) {
        // SAFETY: by the caller, there is room for a tag.
        let at = unsafe { self.0.cast::<usize>().sub(1) };
        // SAFETY: as above.
        unsafe { at.write(tag.0) }
    }

    /// Writes the tag and the length of a free piece, whose left neighbour is in use.
    ///
    /// # Safety
    ///
    /// Nobody uses the bytes, and there are so many.
    #[inline(always)]
    pub(super) unsafe fn put_free(self, length: usize) {
        // SAFETY: by the caller.
        unsafe { self.put_tag(Tag(length | FREE)) };
        // SAFETY: by the caller, the piece's last word.
        let last = unsafe { self.word(length / WORD - 2) };
        // SAFETY: as above.
        unsafe { last.write(length) }
    }

    /// The piece that begins so many bytes behind this one.
    ///
    /// # Safety
    ///
    /// The region reaches so far.
    #[inline(always)]
    pub(super) unsafe fn behind(self, bytes: usize) -> Self {
        // SAFETY: by the caller.
        Self(unsafe { self.0.add(bytes) })
    }

    /// The piece in front of this one, and its length.
    ///
    /// # Safety
    ///
    /// The tag says that it is free.
    #[inline(always)]
    pub(super) unsafe fn left(self) -> (Self, usize) {
        // SAFETY: the last word of the piece in front of this one, which is free.
        let at = unsafe { self.0.cast::<usize>().sub(2) };
        // SAFETY: as above; it holds the length.
        let length = unsafe { at.read() };
        // SAFETY: the piece is so long.
        (Self(unsafe { self.0.sub(length) }), length)
    }

    /// # Safety
    ///
    /// The piece is in a list.
    #[inline(always)]
    pub(super) unsafe fn next(self) -> Option<Self> {
        // SAFETY: by the caller, the first word is the link.
        unsafe { self.0.cast::<Option<Self>>().read() }
    }

    /// # Safety
    ///
    /// The piece is free.
    #[inline(always)]
    pub(super) unsafe fn put_next(self, to: Option<Self>) {
        // SAFETY: by the caller.
        unsafe { self.0.cast::<Option<Self>>().write(to) }
    }

    /// # Safety
    ///
    /// The piece is in a list, and not its first one.
    #[inline(always)]
    pub(super) unsafe fn previous(self) -> Self {
        // SAFETY: a piece has two words at least.
        let at = unsafe { self.word(1) }.cast::<Self>();
        // SAFETY: by the caller, the second word is the link.
        unsafe { at.read() }
    }

    /// # Safety
    ///
    /// The piece is free.
    #[inline(always)]
    pub(super) unsafe fn put_previous(self, to: Self) {
        // SAFETY: a piece has two words at least.
        let at = unsafe { self.word(1) }.cast::<Self>();
        // SAFETY: by the caller.
        unsafe { at.write(to) }
    }
}
