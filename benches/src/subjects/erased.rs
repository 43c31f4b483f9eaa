//! A subject behind a pointer. With it a workload is compiled once for all subjects: for what is
//! not timed.

use core::ptr::NonNull;

use crate::{Handle, Subject};

/// Any subject.
#[derive(Clone, Copy)]
pub struct Erased<'s>(pub &'s dyn AnySubject);

/// What [`Erased`] asks of a subject.
pub trait AnySubject: Send + Sync {
    /// As [`Subject::handle`], in a box from the program's allocator.
    fn boxed_handle(&self) -> Box<dyn Handle + '_>;

    /// As [`Subject::blocks`].
    fn blocks(&self) -> Option<usize>;
}

impl<S: Subject> AnySubject for S {
    fn boxed_handle(&self) -> Box<dyn Handle + '_> {
        Box::new(self.handle())
    }

    fn blocks(&self) -> Option<usize> {
        Subject::blocks(self)
    }
}

impl Subject for Erased<'_> {
    type Handle<'h>
        = Box<dyn Handle + 'h>
    where
        Self: 'h;

    fn handle(&self) -> Box<dyn Handle + '_> {
        self.0.boxed_handle()
    }

    fn blocks(&self) -> Option<usize> {
        self.0.blocks()
    }
}

impl Handle for Box<dyn Handle + '_> {
    fn allocate(&mut self) -> NonNull<u8> {
        (**self).allocate()
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>) {
        // SAFETY: by the caller.
        unsafe { (**self).deallocate(block) };
    }
}
