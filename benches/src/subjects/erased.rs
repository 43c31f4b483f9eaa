//! A subject behind a pointer. With it a workload is compiled once for all subjects: for what is
//! not timed.

use core::ptr::NonNull;

use crate::{Handle, Measured, Never, Subject, Take as _};

/// Any subject.
#[derive(Clone, Copy)]
pub struct Erased<'s>(pub &'s dyn AnySubject);

/// What [`Erased`] asks of a subject.
pub trait AnySubject: Send + Sync {
    /// As [`Measured::handle`], in a box from the program's allocator.
    fn boxed_handle(&self) -> ErasedHandle<'_>;

    /// As [`Measured::blocks`].
    fn blocks(&self) -> Option<usize>;
}

impl<S: Measured> AnySubject for S {
    fn boxed_handle(&self) -> ErasedHandle<'_> {
        ErasedHandle(Box::new(Sure(self.handle())))
    }

    fn blocks(&self) -> Option<usize> {
        Measured::blocks(self)
    }
}

impl Subject for Erased<'_> {
    type Refusal = Never;
    type Handle<'h>
        = ErasedHandle<'h>
    where
        Self: 'h;

    fn attach(&self) -> Result<ErasedHandle<'_>, Never> {
        Ok(self.0.boxed_handle())
    }
}

impl Measured for Erased<'_> {
    fn blocks(&self) -> Option<usize> {
        self.0.blocks()
    }
}

/// Any handle that gives a block whenever it is asked.
pub struct ErasedHandle<'h>(Box<dyn Handle<Refusal = Never> + 'h>);

impl Handle for ErasedHandle<'_> {
    type Refusal = Never;

    fn allocate(&mut self) -> Result<NonNull<u8>, Never> {
        self.0.allocate()
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>) {
        // SAFETY: by the caller.
        unsafe { self.0.deallocate(block) };
    }
}

/// A handle that panics where it would refuse: the kinds of refusal differ, and one type is for
/// all.
struct Sure<H>(H);

impl<H: Handle> Handle for Sure<H> {
    type Refusal = Never;

    fn allocate(&mut self) -> Result<NonNull<u8>, Never> {
        Ok(self.0.take())
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>) {
        // SAFETY: by the caller.
        unsafe { self.0.deallocate(block) };
    }
}
