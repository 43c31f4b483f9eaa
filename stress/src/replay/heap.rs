//! Where a replay allocates: pools by size class, or one general allocator alone.

use core::ptr::NonNull;
use std::alloc;

use peers::malloc::{MALLOCS, Malloc};

use stampool::Block;

use super::class::{CLASSES, Shape};
use crate::subject::{Examined, Handle, Refused};

/// A heap that the threads of a replay share.
pub(super) trait Heap: Sync {
    /// One thread's way in.
    type Thread<'a>: HeapThread
    where
        Self: 'a;

    /// Makes one thread's way in, to the classes that it uses.
    fn attach(&self, uses: &[bool; CLASSES]) -> Result<Self::Thread<'_>, Refused>;
}

/// One thread's access to a heap.
pub(super) trait HeapThread {
    /// Allocates an object.
    fn allocate(&mut self, shape: Shape) -> Result<Block, Refused>;

    /// Frees an object.
    ///
    /// # Safety
    /// `block` must come from `allocate` of the same heap and shape, be freed once, and not
    /// be used afterwards.
    unsafe fn deallocate(&mut self, block: Block, shape: Shape);
}

/// One pool per class that the trace uses; the system serves what is larger.
#[derive(Debug)]
pub(super) struct Pools<U> {
    pub(super) classes: [Option<U>; CLASSES],
}

/// A thread's handles, one per class that it uses.
#[derive(Debug)]
pub(super) struct Handles<H>([Option<H>; CLASSES]);

impl<U: Examined> Heap for Pools<U> {
    type Thread<'a>
        = Handles<U::Handle<'a>>
    where
        U: 'a;

    fn attach(&self, uses: &[bool; CLASSES]) -> Result<Self::Thread<'_>, Refused> {
        let mut handles = [const { None }; CLASSES];
        for ((handle, pool), used) in handles.iter_mut().zip(&self.classes).zip(uses) {
            if *used && let Some(pool) = pool {
                *handle = Some(pool.attach().map_err(Refused::by)?);
            }
        }
        Ok(Handles(handles))
    }
}

impl<H> Handles<H> {
    fn of(&mut self, class: usize) -> &mut H {
        self.0[class].as_mut().expect("a thread has a handle for each class that it uses")
    }
}

impl<H: Handle> HeapThread for Handles<H> {
    fn allocate(&mut self, shape: Shape) -> Result<Block, Refused> {
        match shape.class() {
            Some(class) => self.of(class).allocate().map_err(Refused::by),
            None => system().allocate(shape),
        }
    }

    unsafe fn deallocate(&mut self, block: Block, shape: Shape) {
        match shape.class() {
            // SAFETY: the caller's contract, and the class is the one it came from.
            Some(class) => unsafe { self.of(class).deallocate(block) },
            // SAFETY: the caller's contract.
            None => unsafe { system().deallocate(block, shape) },
        }
    }
}

/// The allocator of the platform: what serves objects beyond the pools, and the first reference.
pub static SYSTEM: Malloc = Malloc { name: "system", heap: &alloc::System };

/// One thread's access to it.
fn system() -> Malloc {
    SYSTEM
}

/// All general allocators that a trace can be replayed on, for reference.
pub fn mallocs() -> impl Iterator<Item = Malloc> {
    [SYSTEM].into_iter().chain(MALLOCS.iter().copied())
}

impl Heap for Malloc {
    type Thread<'a> = Self;

    fn attach(&self, _: &[bool; CLASSES]) -> Result<Self, Refused> {
        Ok(*self)
    }
}

impl HeapThread for Malloc {
    fn allocate(&mut self, shape: Shape) -> Result<Block, Refused> {
        // SAFETY: a shape's layout is never of size 0.
        let block = unsafe { self.heap.alloc(shape.layout()) };
        NonNull::new(block)
            .map(Block)
            .ok_or_else(|| Refused(format!("{} has no {} bytes", self.name, shape.layout().size())))
    }

    unsafe fn deallocate(&mut self, block: Block, shape: Shape) {
        // SAFETY: the caller's contract; a shape always gives the same layout.
        unsafe { self.heap.dealloc(block.as_ptr(), shape.layout()) };
    }
}
