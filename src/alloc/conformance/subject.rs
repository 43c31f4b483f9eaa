//! The allocator under test, and what it promises.

use core::cell::RefCell;
use core::panic::AssertUnwindSafe;
use core::ptr::NonNull;
use std::panic::catch_unwind;

use super::TestSource;
use crate::alloc::Usage;

/// How the allocator is made, and what it promises beside the trait.
pub(super) struct Subject<'k, A> {
    pub(super) make: Box<dyn Fn(TestSource) -> A + 'k>,
    pub(super) owner: Option<OwnerCalls<A>>,
    pub(super) reset: Option<fn(&mut A)>,
    pub(super) recovers: bool,
    /// Whether its answers keep A4 and A5 to the letter.
    pub(super) is_ours: bool,
    /// Whether the kit can judge the reason of a failure (A7).
    pub(super) has_reasons: bool,
    /// The words of the last panic.
    pub(super) panic: RefCell<Option<String>>,
}

impl<A> Subject<'_, A> {
    /// Makes a call of the allocator. If it unwinds, the answer is `None`, and the words of the
    /// panic are kept.
    pub(super) fn caught<R>(&self, call: impl FnOnce() -> R) -> Option<R> {
        let payload = match catch_unwind(AssertUnwindSafe(call)) {
            Ok(answer) => return Some(answer),
            Err(payload) => payload,
        };
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        self.panic.replace(text.or_else(|| payload.downcast_ref::<String>().cloned()));
        None
    }
}

/// The calls of [`Owner`](crate::alloc::Owner), for an allocator that has them.
#[derive(Debug)]
pub(super) struct OwnerCalls<A> {
    pub(super) owns: fn(&A, NonNull<u8>) -> bool,
    pub(super) usage: fn(&A) -> Usage,
}

impl<A> Clone for OwnerCalls<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for OwnerCalls<A> {}
