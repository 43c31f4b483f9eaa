//! What is under test.

use core::ptr::NonNull;

use stampool::{AllocError, Local, Pool, Strategy};

/// A pool, or a twin of one.
pub trait Subject {
    /// One thread's way in.
    type Handle<'a>: Handle
    where
        Self: 'a;

    /// Makes a handle.
    ///
    /// # Errors
    /// The subject has no memory for it.
    fn attach(&self) -> Result<Self::Handle<'_>, AllocError>;

    /// Blocks ever carved.
    fn carved_blocks(&self) -> usize;

    /// Blocks in the caches of forgotten handles, and all others that are free.
    fn idle_blocks(&mut self) -> (usize, usize);
}

/// A handle of a subject.
pub trait Handle {
    /// Takes a block.
    ///
    /// # Errors
    /// There is none.
    fn allocate(&self) -> Result<NonNull<u8>, AllocError>;

    /// Gives a block back.
    ///
    /// # Safety
    /// It was taken from a handle of the same subject, not given back since, and nobody uses it.
    unsafe fn deallocate(&self, block: NonNull<u8>);
}

impl<S: Strategy> Subject for Pool<S> {
    type Handle<'a> = Local<'a, S>;

    fn attach(&self) -> Result<Local<'_, S>, AllocError> {
        self.local()
    }

    fn carved_blocks(&self) -> usize {
        self.stats().carved_blocks
    }

    fn idle_blocks(&mut self) -> (usize, usize) {
        let census = self.census();
        (census.cached_blocks, census.full_blocks + census.partial_blocks)
    }
}

impl<S: Strategy> Handle for Local<'_, S> {
    fn allocate(&self) -> Result<NonNull<u8>, AllocError> {
        Local::allocate(self)
    }

    unsafe fn deallocate(&self, block: NonNull<u8>) {
        // SAFETY: the caller's contract is the same.
        unsafe { Local::deallocate(self, block) };
    }
}
