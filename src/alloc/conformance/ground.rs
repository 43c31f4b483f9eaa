//! The memory in which all regions of one run lie.

use core::alloc::Layout;
use core::cell::Cell;
use core::ops::Range;
use core::ptr::NonNull;
use std::alloc::{alloc, dealloc, handle_alloc_error};

/// Each piece begins at a multiple of this.
const STEP: usize = 64 << 10;
/// A piece with a larger alignment is refused.
const MOST_ALIGN: usize = 8 << 20;
const LAYOUT: Layout = match Layout::from_size_align(64 << 20, MOST_ALIGN) {
    Ok(layout) => layout,
    Err(_) => panic!("a layout"),
};

struct Memory(NonNull<u8>);

crate::sync::thread_local! {
    /// The memory of this thread's last run, for the next one: new memory costs much more. Under Miri
    /// it is new for each run, so that a read of bytes that the run has not written is found.
    static SPARE: Cell<Option<Memory>> = const { Cell::new(None) };
}

impl Memory {
    fn take() -> Self {
        SPARE.try_with(Cell::take).ok().flatten().unwrap_or_else(Self::new)
    }

    fn new() -> Self {
        // SAFETY: the size is not zero.
        let start = NonNull::new(unsafe { alloc(LAYOUT) });
        Self(start.unwrap_or_else(|| handle_alloc_error(LAYOUT)))
    }

    fn give(self) {
        if !cfg!(miri) {
            // A thread keeps one. If it is at its end already, this one is freed.
            _ = SPARE.try_with(|spare| spare.set(Some(self)));
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: from `alloc` with this layout; nobody else has it.
        unsafe { dealloc(self.0.as_ptr(), LAYOUT) };
    }
}

/// One stretch of memory that is handed out in pieces, each byte once: a piece that goes back is not
/// handed out again in the same run. So which of two addresses is lower, how far they lie apart, and
/// whether they are equal, is the same in each run of a program, whatever the heap of the process is
/// like.
pub(super) struct Ground {
    /// There until the drop.
    memory: Option<Memory>,
    unused: Range<usize>,
    is_falling: bool,
}

impl Ground {
    /// The pieces lie in rising order, or in falling order.
    pub(super) fn new(is_falling: bool) -> Self {
        Self { memory: Some(Memory::take()), unused: 0..LAYOUT.size(), is_falling }
    }

    /// A piece of `size` bytes, or nothing if there are not so many left. The pointer reaches all
    /// pieces.
    pub(super) fn take(&mut self, size: usize, align: usize) -> Option<NonNull<u8>> {
        let align = align.max(STEP);
        if align > MOST_ALIGN {
            return None;
        }
        let Range { start, end } = self.unused;
        let first = if self.is_falling {
            end.checked_sub(size)? & !(align - 1)
        } else {
            start.next_multiple_of(align)
        };
        let behind = first.checked_add(size)?;
        if first < start || behind > end {
            return None;
        }
        self.unused = if self.is_falling { start..first } else { behind..end };
        let memory = self.memory.as_ref()?;
        // SAFETY: the piece lies in the memory.
        Some(unsafe { memory.0.add(first) })
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        // The source that handed the pieces out is gone, and with it the allocator under test, which
        // held a handle.
        if let Some(memory) = self.memory.take() {
            memory.give();
        }
    }
}
