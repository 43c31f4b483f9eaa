//! The rules that are held against an answer, and against the allocator after each step.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::Clause;
use super::run::Run;
use super::violation::Violation;
use crate::alloc::{AllocError, Allocator};

/// A request above this may be refused for its size alone.
const HUGE: usize = 1 << 30;

impl<A: Allocator> Run<'_, A> {
    pub(super) fn reason(
        &self,
        reason: AllocError,
        layout: Layout,
        in_place: bool,
        before: (usize, usize, usize),
        after: (usize, usize, usize),
    ) -> Result<(), Violation> {
        let was_refused = before.1 != after.1 || !self.source.is_used() && after.0 == 0;
        match reason {
            AllocError::OutOfMemory => self.ensure(
                was_refused || layout.size() >= HUGE,
                Clause::A7,
                "out of memory, but the source has refused nothing",
            ),
            AllocError::MisalignedSource => self.ensure(
                before.2 != after.2,
                Clause::A7,
                "a misaligned source, but no region was misaligned",
            ),
            AllocError::Unsupported => self.ensure(
                !self.served.contains(&layout),
                Clause::A7,
                "unsupported, but the same layout was served before",
            ),
            AllocError::NotInPlace => self.ensure(
                in_place,
                Clause::A7,
                "not in place, from a call that may move the block",
            ),
            AllocError::Capacity => {
                // It need not state a capacity, because a part of it alone may have a limit.
                let states = self.usage()?.is_none_or(|usage| usage.capacity_bytes.is_some());
                self.ensure(
                    states || before.1 == after.1,
                    Clause::A7,
                    "at its capacity, but it states none, and the source has refused",
                )?;
                // A layout that does not fit though nothing is in use would be unsupported.
                let used = self.usage()?.map_or(self.made > 0, |usage| usage.used_bytes > 0);
                self.ensure(used, Clause::A7, "at its capacity, but nothing is in use")
            }
            AllocError::Sealed => {
                self.broken(Clause::A7, "sealed, but the kit seals nothing and opens no scope")
            }
            _ => Ok(()),
        }
    }

    /// Checks a block that was just returned for `layout`, while `except` of the live ones may
    /// overlap it.
    pub(super) fn check_block(
        &self,
        block: NonNull<[u8]>,
        layout: Layout,
        except: Option<usize>,
    ) -> Result<(), Violation> {
        let (start, len) = (block.cast::<u8>().addr().get(), block.len());
        let clause = if layout.size() == 0 { Clause::A5 } else { Clause::A1 };
        self.ensure(start.is_multiple_of(layout.align()), clause, "the block is misaligned")?;
        self.ensure(len >= layout.size(), Clause::A1, "the block is too short")?;
        let ends = start.checked_add(len).is_some();
        self.ensure(ends, Clause::A6, "the block's end wraps around")?;
        let own = core::ptr::from_ref(&*self.member).addr();
        let is_inline = start < own + size_of::<A>() && own < start + len && len > 0;
        self.ensure(!is_inline, Clause::A2, "the block lies in the allocator's own value")?;
        let is_held =
            len == 0 || !self.source.is_used() || self.source.place_of(start, len).is_some();
        self.ensure(is_held, Clause::A1, "the block lies in no region of the source")?;
        for (at, other) in self.live.iter().enumerate() {
            let apart = Some(at) == except || !other.overlaps(start, len);
            self.ensure(apart, Clause::A1, "the block overlaps a live one")?;
        }
        self.ensure(
            !self.subject.has_reasons || !self.unsupported.contains(&layout),
            Clause::A7,
            "served, but the same layout was called unsupported before",
        )
    }

    /// Holds every live block, and what the owner says, against the shadow.
    pub(super) fn hold_all(&self) -> Result<(), Violation> {
        for block in &self.live {
            let intact = block.is_intact(block.len);
            self.ensure(intact, Clause::A2, "the bytes of a live block have changed")?;
        }
        let Some(calls) = self.subject.owner else { return Ok(()) };
        let Some(usage) = self.usage()? else { return Ok(()) };
        let live: usize = self.live.iter().map(|block| block.layout.size()).sum();
        let enough = usage.used_bytes >= live;
        self.ensure(enough, Clause::Owner, "fewer bytes in use than are live")?;
        let blocks = self.live.iter().filter(|block| block.layout.size() > 0).count();
        let counted = usage.live_blocks.is_none_or(|counted| counted == blocks);
        self.ensure(counted, Clause::Owner, "another number of live blocks")?;
        let sum = usage.used_bytes.checked_add(usage.overhead_bytes);
        let inside = sum.is_some_and(|sum| sum <= usage.obtained_bytes);
        self.ensure(inside, Clause::Owner, "more bytes in use than obtained")?;
        let limited = usage.capacity_bytes.is_none_or(|most| usage.used_bytes <= most);
        self.ensure(limited, Clause::Owner, "more bytes in use than its capacity")?;
        if self.source.is_used() {
            let same = usage.obtained_bytes == self.source.bytes();
            self.ensure(same, Clause::Owner, "another number of bytes obtained")?;
        }
        for block in self.live.iter().filter(|block| block.layout.size() > 0) {
            let last = block.start.map_addr(|at| at.saturating_add(block.len - 1));
            let owned = self.owns(calls, block.start)? && self.owns(calls, last)?;
            self.ensure(owned, Clause::Owner, "a live block is not owned")?;
        }
        for outside in self.source.outside() {
            let owned = self.owns(calls, outside)?;
            self.ensure(!owned, Clause::Owner, "an address outside of all regions is owned")?;
        }
        Ok(())
    }
}
