//! The member under test.

use core::alloc::Layout;
use core::ptr::NonNull;

use stampool::alloc::wrap::{Checked, Locked};
use stampool::alloc::{
    AllocError, Allocator, AsyncLinear, BestFit, GoodFit, Linear, Owner, Reset, SignPost, Stack,
    Usage,
};
use stampool::{Source, SystemSource};

/// The variable that chooses the member.
pub const VARIABLE: &str = "STAMPOOL_MEMBER";

/// The members that take a source and serve any layout, and members that are broken so that a suite
/// can be seen to fail. `cargo xtask suites` reads the same list.
pub const MEMBERS: &str = include_str!("../members.txt");

/// A member, whichever it is.
pub type Member<'a> = Box<dyn Reset + 'a>;

/// The member that [`VARIABLE`] names, over `source`.
pub fn chosen<'a>(source: impl Source + 'a, first_chunk_bytes: usize) -> Member<'a> {
    let name = std::env::var(VARIABLE).unwrap_or_else(|_| "Linear".to_owned());
    named(&name, source, first_chunk_bytes)
}

/// The member of this name.
///
/// # Panics
///
/// If there is none.
fn named<'a>(name: &str, source: impl Source + 'a, first_chunk_bytes: usize) -> Member<'a> {
    let linear = |source| Linear::with_first_chunk(source, first_chunk_bytes);
    match name {
        "Linear" => Box::new(linear(source)),
        "AsyncLinear" => Box::new(AsyncLinear::with_first_chunk(source, first_chunk_bytes)),
        "Stack" => Box::new(Stack::with_first_chunk(source, first_chunk_bytes)),
        "GoodFit" => Box::new(GoodFit::with_first_chunk(source, first_chunk_bytes)),
        "BestFit" => Box::new(BestFit::with_first_chunk(source, first_chunk_bytes)),
        "SignPost" => Box::new(SignPost::with_first_chunk(source, first_chunk_bytes)),
        "Locked<Linear>" => Box::new(Locked::new(linear(source))),
        "Checked<Linear>" => Box::new(Checked::new(linear(source))),
        "overlapping" => Box::new(Broken { inner: Box::new(linear(source)), overlaps: true }),
        "forgetful" => Box::new(Broken { inner: Box::new(linear(source)), overlaps: false }),
        "insatiable" => Box::new(Linear::with_first_chunk(SystemSource, UNASKED_BYTES)),
        other => panic!("{VARIABLE}={other}: the members are {MEMBERS}"),
    }
}

/// As much of a block as was asked for, which is what the suites expect. By A4 that may go back.
///
/// # Panics
///
/// If the block is shorter.
pub fn cut(block: NonNull<[u8]>, layout: Layout) -> NonNull<[u8]> {
    assert!(layout.size() <= block.len(), "a block is as long as was asked for");
    NonNull::slice_from_raw_parts(block.cast(), layout.size())
}

/// The first chunk of the member that is broken in that it has memory which its source did not give.
const UNASKED_BYTES: usize = 64 << 10;

/// A member that is not one: its blocks begin eight bytes too low, or it forgets the bytes of a block
/// that moves.
struct Broken<'a> {
    inner: Member<'a>,
    overlaps: bool,
}

const SHIFT: usize = 8;

impl Broken<'_> {
    /// Blocks stay aligned: what is not would end the process at the first reference to it.
    fn shift(&self, layout: Layout) -> usize {
        let is_shifted = self.overlaps && layout.size() >= SHIFT && layout.align() <= SHIFT;
        if is_shifted { SHIFT } else { 0 }
    }
}

// SAFETY: not kept, on purpose. A block begins in the block before it, in the region's header, or in
// the padding in front of it.
unsafe impl Allocator for Broken<'_> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let block = self.inner.allocate(layout)?;
        let start = block.cast::<u8>();
        if layout.size() != 0 {
            // SAFETY: the block has so many bytes.
            unsafe { start.write_bytes(0, layout.size()) };
        }
        // SAFETY: in the region, which begins with a header of more than eight bytes.
        let start = unsafe { start.sub(self.shift(layout)) };
        Ok(NonNull::slice_from_raw_parts(start, layout.size()))
    }

    unsafe fn deallocate(&self, _block: NonNull<u8>, _layout: Layout) {}

    unsafe fn grow(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let moved = self.allocate(new)?;
        if self.overlaps {
            // SAFETY: both have so many bytes.
            unsafe { moved.cast::<u8>().copy_from(block, old.size()) };
        }
        Ok(moved)
    }

    /// Not the provided one, which takes it that blocks do not overlap.
    unsafe fn shrink(
        &self,
        block: NonNull<u8>,
        _old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let moved = self.allocate(new)?;
        // SAFETY: both have so many bytes.
        unsafe { moved.cast::<u8>().copy_from(block, new.size()) };
        Ok(moved)
    }
}

impl Owner for Broken<'_> {
    fn owns(&self, address: NonNull<u8>) -> bool {
        self.inner.owns(address)
    }

    fn usage(&self) -> Usage {
        self.inner.usage()
    }
}

impl Reset for Broken<'_> {
    fn reset(&mut self) {
        self.inner.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_list_has_a_member() {
        for line in MEMBERS.lines() {
            let name = line.split_once(" must fail ").map_or(line, |(name, _)| name);
            let block = named(name, SystemSource, 64).allocate(Layout::new::<u64>());
            block.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
