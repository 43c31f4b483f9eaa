//! A subject behind a pointer, so that what is not timed is compiled once for all subjects.

use stampool::Block;

use crate::loops::Drive;
use crate::{Handle, Measured, Never, Subject, Take as _};

/// Any subject, whose every call goes through a pointer: for what is not timed at all.
#[derive(Clone, Copy)]
pub(crate) struct Erased<'s>(pub(crate) &'s dyn AnySubject);

/// What the workloads ask of a subject.
pub(crate) trait AnySubject: Send + Sync {
    /// Runs `work` with a handle for the calling thread, which leaves afterwards.
    fn lend_handle(&self, work: &mut dyn FnMut(&mut dyn Drive));

    /// As [`Measured::handle`], in a box from the program's allocator.
    fn boxed_handle(&self) -> ErasedHandle<'_>;

    /// As [`Measured::blocks`].
    fn blocks(&self) -> Option<usize>;

    /// As [`Measured::KEPT`].
    fn keeps(&self) -> bool;
}

impl dyn AnySubject + '_ {
    /// As [`lend_handle`](AnySubject::lend_handle), and gives what `work` gives.
    pub(crate) fn with_handle<R>(&self, work: impl FnOnce(&mut dyn Drive) -> R) -> R {
        let (mut work, mut given) = (Some(work), None);
        self.lend_handle(&mut |handle| given = work.take().map(|work| work(handle)));
        given.expect("the work was done, once")
    }
}

impl<S: Measured> AnySubject for S {
    fn lend_handle(&self, work: &mut dyn FnMut(&mut dyn Drive)) {
        work(&mut self.handle());
    }

    fn boxed_handle(&self) -> ErasedHandle<'_> {
        ErasedHandle(Box::new(Sure(self.handle())))
    }

    fn blocks(&self) -> Option<usize> {
        Measured::blocks(self)
    }

    fn keeps(&self) -> bool {
        S::KEPT
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
pub(crate) struct ErasedHandle<'h>(Box<dyn Handle<Refusal = Never> + 'h>);

impl Handle for ErasedHandle<'_> {
    type Refusal = Never;

    fn allocate(&mut self) -> Result<Block, Never> {
        self.0.allocate()
    }

    unsafe fn deallocate(&mut self, block: Block) {
        // SAFETY: by the caller.
        unsafe { self.0.deallocate(block) };
    }
}

/// A handle that panics where it would refuse: the kinds of refusal differ, and one type is for
/// all.
struct Sure<H>(H);

impl<H: Handle> Handle for Sure<H> {
    type Refusal = Never;

    fn allocate(&mut self) -> Result<Block, Never> {
        Ok(self.0.take())
    }

    unsafe fn deallocate(&mut self, block: Block) {
        // SAFETY: by the caller.
        unsafe { self.0.deallocate(block) };
    }
}
