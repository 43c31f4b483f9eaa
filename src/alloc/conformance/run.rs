//! One run of one program.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::shadow::{Live, is_filled};
use super::subject::{OwnerCalls, Subject};
use super::{Clause, Program, Step, TestSource, Violation};
use crate::alloc::{AllocError, Allocator, Usage};

type Answer = Result<NonNull<[u8]>, AllocError>;
type Resize<A> = unsafe fn(&A, NonNull<u8>, Layout, Layout) -> Answer;
/// Region and offset, where the region is known, and length.
type Place = (Option<(usize, usize)>, usize);

/// What a step showed: where the block was put, or why not, and the usage afterwards. Two runs of
/// the same program must show the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    answer: Option<Result<Place, AllocError>>,
    usage: Option<Usage>,
}

pub(super) struct Run<'r, A> {
    pub(super) subject: &'r Subject<'r, A>,
    pub(super) member: Box<A>,
    pub(super) source: TestSource,
    pub(super) live: Vec<Live>,
    /// Layouts that were called unsupported, and layouts that were served.
    pub(super) unsupported: Vec<Layout>,
    pub(super) served: Vec<Layout>,
    pub(super) made: usize,
    step: usize,
}

impl<'r, A: Allocator> Run<'r, A> {
    /// Runs `program` from a new allocator to its drop.
    pub(super) fn of(
        subject: &'r Subject<'_, A>,
        program: &Program,
    ) -> Result<Vec<Seen>, Violation> {
        let source = TestSource::new(program.source);
        let Some(member) = subject.caught(|| (subject.make)(source.clone())) else {
            return Err(Violation { clause: Clause::A6, what: "`make` unwound", step: 0 });
        };
        let mut run = Run {
            subject,
            member: Box::new(member),
            source: source.clone(),
            live: Vec::new(),
            unsupported: Vec::new(),
            served: Vec::new(),
            made: 0,
            step: 0,
        };
        let seen = run.all(program);
        let Run { member, step, .. } = run;
        let words = subject.panic.take();
        let dropped = subject.caught(|| drop(member));
        if seen.is_err() {
            // An allocator that has broken a rule may well unwind at the end too.
            subject.panic.replace(words);
        }
        let seen = seen?;
        if dropped.is_none() {
            return Err(Violation { clause: Clause::A6, what: "its drop unwound", step });
        }
        source.verdict(step)?;
        Ok(seen)
    }

    /// All steps, and the frees at the end.
    fn all(&mut self, program: &Program) -> Result<Vec<Seen>, Violation> {
        let mut seen = Vec::with_capacity(program.steps.len());
        for (at, step) in program.steps.iter().enumerate() {
            self.step = at;
            let answer = self.take(*step)?;
            self.hold_all()?;
            let answer = answer.map(|answer| self.place(answer));
            seen.push(Seen { answer, usage: self.usage()? });
        }
        self.step = program.steps.len();
        self.free_all(program.oldest_first)?;
        Ok(seen)
    }

    pub(super) fn broken<T>(&self, clause: Clause, what: &'static str) -> Result<T, Violation> {
        Err(Violation { clause, what, step: self.step })
    }

    pub(super) fn ensure(
        &self,
        holds: bool,
        clause: Clause,
        what: &'static str,
    ) -> Result<(), Violation> {
        if holds { Ok(()) } else { self.broken(clause, what) }
    }

    /// The answer without addresses, which differ from run to run.
    fn place(&self, answer: Answer) -> Result<Place, AllocError> {
        answer.map(|block| {
            if !self.subject.is_ours {
                return (None, 0);
            }
            (self.source.place_of(block.cast::<u8>().addr().get(), block.len()), block.len())
        })
    }

    pub(super) fn usage(&self) -> Result<Option<Usage>, Violation> {
        let Some(calls) = self.subject.owner else { return Ok(None) };
        let usage = self.subject.caught(|| (calls.usage)(&self.member));
        usage.map_or_else(|| self.broken(Clause::A6, "`usage` unwound"), |usage| Ok(Some(usage)))
    }

    pub(super) fn owns(
        &self,
        calls: OwnerCalls<A>,
        address: NonNull<u8>,
    ) -> Result<bool, Violation> {
        let owns = self.subject.caught(|| (calls.owns)(&self.member, address));
        owns.map_or_else(|| self.broken(Clause::A6, "`owns` unwound"), Ok)
    }

    fn take(&mut self, step: Step) -> Result<Option<Answer>, Violation> {
        match step {
            Step::Allocate { layout, zeroed } => self.allocate(layout, zeroed).map(Some),
            Step::Deallocate { which, fit } => {
                let Some(at) = self.choose(which) else { return Ok(None) };
                let block = self.live.remove(at);
                self.deallocate(block, fit.size(block.layout.size(), block.len))?;
                Ok(None)
            }
            Step::Grow { which, fit, by, align, zeroed, in_place } => {
                let Some(at) = self.choose(which) else { return Ok(None) };
                let block = self.live[at];
                let old = with_size(block.layout, fit.size(block.layout.size(), block.len));
                let size = block.len.saturating_add(by);
                let Ok(new) = Layout::from_size_align(size, align) else { return Ok(None) };
                let method: Resize<A> = match (in_place, zeroed) {
                    (true, _) => A::grow_in_place,
                    (false, true) => A::grow_zeroed,
                    (false, false) => A::grow,
                };
                let answer = self.resize(at, old, new, method)?;
                self.settle(at, answer, old, new, in_place, zeroed && !in_place)?;
                Ok(Some(answer))
            }
            Step::Shrink { which, fit, to, align, in_place } => {
                let Some(at) = self.choose(which) else { return Ok(None) };
                let block = self.live[at];
                let old = with_size(block.layout, fit.size(block.layout.size(), block.len));
                let size = super::Fit(to).size(0, block.layout.size());
                let Ok(new) = Layout::from_size_align(size, align) else { return Ok(None) };
                let method: Resize<A> = if in_place { A::shrink_in_place } else { A::shrink };
                let answer = self.resize(at, old, new, method)?;
                self.settle(at, answer, old, new, in_place, false)?;
                Ok(Some(answer))
            }
            Step::Move => {
                // SAFETY: the value is read once: the box that held it is freed without dropping
                // it.
                let moved = Box::new(unsafe { core::ptr::read(&*self.member) });
                let old = core::mem::replace(&mut self.member, moved);
                drop::<Box<core::mem::ManuallyDrop<A>>>({
                    let raw = Box::into_raw(old).cast::<core::mem::ManuallyDrop<A>>();
                    // SAFETY: a `ManuallyDrop` has the layout of its content.
                    unsafe { Box::from_raw(raw) }
                });
                Ok(None)
            }
            Step::Reset => {
                let Some(reset) = self.subject.reset else { return Ok(None) };
                self.live.clear();
                let member = &mut *self.member;
                if self.subject.caught(|| reset(member)).is_none() {
                    return self.broken(Clause::A6, "`reset` unwound");
                }
                let unused = self.usage()?.is_none_or(|usage| usage.used_bytes == 0);
                self.ensure(unused, Clause::Recovery, "bytes are in use after `reset`")?;
                Ok(None)
            }
        }
    }

    fn choose(&self, which: usize) -> Option<usize> {
        let last = self.live.len().checked_sub(1)?;
        Some(if which == usize::MAX { last } else { which % self.live.len() })
    }

    /// Makes a call that may fail, and checks the rules that do not concern the block: that it does not
    /// unwind (A6), and if it fails, that the usage is as before (A3) and the reason is true (A7).
    fn call(
        &self,
        layout: Layout,
        in_place: bool,
        call: impl FnOnce(&A) -> Answer,
    ) -> Result<Answer, Violation> {
        let (usage, before) = (self.usage()?, self.source.calls());
        let member = &*self.member;
        let Some(answer) = self.subject.caught(|| call(member)) else {
            return self.broken(Clause::A6, "the call unwound");
        };
        let after = self.source.calls();
        if let Err(reason) = answer {
            let same = self.usage()? == usage;
            self.ensure(same, Clause::A3, "the usage changed though the call failed")?;
            if self.subject.has_reasons {
                self.reason(reason, layout, in_place, before, after)?;
            }
        }
        Ok(answer)
    }

    fn allocate(&mut self, layout: Layout, zeroed: bool) -> Result<Answer, Violation> {
        let (usage, bytes) = (self.usage()?, self.source.bytes());
        let answer = self.call(layout, false, |member| {
            if zeroed { member.allocate_zeroed(layout) } else { member.allocate(layout) }
        })?;
        match answer {
            Ok(block) => {
                self.check_block(block, layout, None)?;
                if layout.size() == 0 && self.subject.is_ours {
                    let same = self.usage()?.map(|usage| usage.used_bytes)
                        == usage.map(|usage| usage.used_bytes);
                    self.ensure(same, Clause::A5, "a block of no bytes takes memory")?;
                    let same = self.source.bytes() == bytes;
                    self.ensure(same, Clause::A5, "a block of no bytes asks the source")?;
                }
                if zeroed {
                    let is_zero = is_filled(block.cast(), block.len(), 0);
                    self.ensure(is_zero, Clause::A1, "a zeroed block has bytes that are not zero")?;
                }
                self.enter(block, layout, None);
            }
            Err(reason) => {
                let needed = layout.size() != 0 || !self.subject.is_ours;
                self.ensure(needed, Clause::A5, "a block of no bytes was refused")?;
                if reason == AllocError::Unsupported {
                    self.unsupported.push(layout);
                }
            }
        }
        Ok(answer)
    }

    /// Enters a block that was returned, in the place of the one at `at` if there is one.
    fn enter(&mut self, block: NonNull<[u8]>, layout: Layout, at: Option<usize>) {
        let live = Live::new(block, layout, self.made);
        self.made += 1;
        self.served.push(layout);
        if let Some(at) = at {
            self.live.remove(at);
        }
        self.live.push(live);
    }

    fn deallocate(&self, block: Live, size: usize) -> Result<(), Violation> {
        let intact = block.is_intact(block.len);
        self.ensure(intact, Clause::A2, "the bytes of a live block have changed")?;
        let (member, layout) = (&*self.member, with_size(block.layout, size));
        let start = block.narrowed(size);
        // SAFETY: the block is live, and the layout fits it.
        let call = || unsafe { member.deallocate(start, layout) };
        match self.subject.caught(call) {
            Some(()) => Ok(()),
            None => self.broken(Clause::A6, "`deallocate` unwound"),
        }
    }

    fn resize(
        &self,
        at: usize,
        old: Layout,
        new: Layout,
        method: Resize<A>,
    ) -> Result<Answer, Violation> {
        let start = self.live[at].narrowed(old.size());
        // SAFETY: the block is live, the old layout fits it, and the new size is not smaller (grow)
        // or not larger (shrink).
        self.call(new, true, |member| unsafe { method(member, start, old, new) })
    }

    /// Checks what `grow` or `shrink` made of the block at `at`.
    fn settle(
        &mut self,
        at: usize,
        answer: Answer,
        old: Layout,
        new: Layout,
        in_place: bool,
        zeroed: bool,
    ) -> Result<(), Violation> {
        let block = self.live[at];
        let moved = match answer {
            Ok(moved) => moved,
            Err(reason) => {
                let allowed = in_place || reason != AllocError::NotInPlace;
                self.ensure(allowed, Clause::A7, "not in place, from a call that may move")?;
                let intact = block.is_intact(block.len);
                return self.ensure(intact, Clause::A3, "the block changed though the call failed");
            }
        };
        self.check_block(moved, new, Some(at))?;
        let start = moved.cast::<u8>();
        let stayed = !in_place || start == block.start;
        self.ensure(stayed, Clause::A1, "a call in place has moved the block")?;
        let common = block.layout.size().min(new.size());
        let kept = block.holds(start, common);
        self.ensure(kept, Clause::A1, "the block's bytes did not come along")?;
        if zeroed {
            let behind = start.map_addr(|start| start.saturating_add(old.size()));
            let is_zero = is_filled(behind, moved.len() - old.size(), 0);
            self.ensure(is_zero, Clause::A1, "the new bytes are not zero")?;
        }
        self.enter(moved, new, Some(at));
        Ok(())
    }

    fn free_all(&mut self, oldest_first: bool) -> Result<(), Violation> {
        while !self.live.is_empty() {
            let at = if oldest_first { 0 } else { self.live.len() - 1 };
            let block = self.live.remove(at);
            self.deallocate(block, block.layout.size())?;
        }
        let Some(usage) = self.usage()? else { return Ok(()) };
        let none = usage.live_blocks.is_none_or(|blocks| blocks == 0);
        self.ensure(none, Clause::Recovery, "blocks are live though all were freed")?;
        let unused = !self.subject.recovers || usage.used_bytes == 0;
        self.ensure(unused, Clause::Recovery, "bytes are in use though all blocks were freed")
    }
}

/// The layout with another size, which is at most that of a block that exists.
fn with_size(layout: Layout, size: usize) -> Layout {
    Layout::from_size_align(size, layout.align()).unwrap_or(layout)
}
