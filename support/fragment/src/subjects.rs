//! What is measured, as one table: a member or a peer is one line.

use stampool::alloc::{self, BestFit, Bitmap, GoodFit, Linear, SignPost, Stack, StrategyPool};

use crate::heap::Buffer;
use crate::members::{Member, Nothing};
use crate::peers::{Buddy, Dl, List, Offsets, Rlsf, Talc};
use crate::play::{Played, Task};

/// A heap by its name.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    /// Works on a new one.
    pub(crate) play: fn(Task<'_>) -> Played,
}

const fn subject(name: &'static str, play: fn(Task<'_>) -> Played) -> Subject {
    Subject { name, play }
}

/// The loop around a heap: its instructions are taken off those of all others.
pub(crate) const NOTHING: Subject =
    subject("no allocator", |task| task.on(|buffer| Some(Nothing(buffer))));

/// A member of the family that is built in the buffer.
const fn member<A>(allocator: A) -> Option<Member<A>> {
    Some(Member(allocator))
}

/// The least block of members whose blocks are multiples of one size, in bytes.
const UNIT: usize = 16;

/// All of them: the family's members first. A bar of [`crate::bars`] is named after a subject here.
pub(crate) const SUBJECTS: &[Subject] = &[
    subject("Linear", |task| task.on(|buffer| member(Linear::new(buffer.source())))),
    subject("Stack", |task| task.on(|buffer| member(Stack::new(buffer.source())))),
    subject("GoodFit", |task| task.on(|b| member(GoodFit::with_first_chunk(b.source(), b.len)))),
    subject("BestFit", |task| task.on(|b| member(BestFit::with_first_chunk(b.source(), b.len)))),
    subject("SignPost", |task| task.on(|b| member(SignPost::with_first_chunk(b.source(), b.len)))),
    subject("StrategyPool", |task| {
        task.on(|b| member(StrategyPool::with_first_chunk(b.source(), b.len)))
    }),
    subject("Bitmap", |task| {
        task.on(|b| Bitmap::with_region(UNIT, b.len, b.source()).ok().map(Member))
    }),
    subject("Buddy", |task| {
        task.on(|b| alloc::Buddy::with_region(UNIT, b.len, b.source()).ok().map(Member))
    }),
    subject("talc", |task| task.on(|buffer| Some(Talc::new(buffer)))),
    subject("rlsf", |task| task.on(Rlsf::new)),
    subject("dlmalloc", |task| task.on(|buffer| Some(Dl::new(buffer)))),
    subject("offset-allocator", |task| {
        let blocks = task.peak_blocks();
        task.on(move |buffer: Buffer| Offsets::new(buffer, blocks))
    }),
    subject("buddy_system_allocator", |task| task.on(|buffer| Some(Buddy::new(buffer)))),
    subject("linked_list_allocator", |task| task.on(List::new)),
];
