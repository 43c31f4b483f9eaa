//! The source of an allocator under test.

use core::alloc::Layout;
use core::ptr::NonNull;
use std::alloc::{alloc, dealloc};

use super::shadow::is_filled;
use super::{SourcePlan, Violation};
use crate::alloc::conformance::Clause;
use crate::source::Source;
use crate::sync::{Arc, ProcessMutex};

/// The alignment of what lies around each region. So a region's address, up to this bit, is the
/// same in each run of a program.
const GROUND: usize = 64 << 10;
/// Bytes in front of a region, if there are so many, and behind it, that belong to nobody.
const GUARD_BYTES: usize = 16;
/// What they hold.
const GUARD: u8 = 0xA7;
/// More than this is refused.
const MOST_BYTES: usize = 8 << 20;

/// A source that does what a program says: it refuses some calls, and returns a misaligned region
/// in some, and extends regions. It notices regions that go back twice, or with another layout, or
/// never, and bytes that are written beside a region.
///
/// It is a handle: all clones serve from the same regions.
#[derive(Clone)]
pub struct TestSource(Arc<ProcessMutex<State>>);

struct State {
    plan: SourcePlan,
    regions: Vec<Region>,
    calls: usize,
    refusals: usize,
    misaligned: usize,
    bytes: usize,
    fault: Option<&'static str>,
}

// SAFETY: the regions' pointers are used under the lock, and by the allocator that owns the bytes.
unsafe impl Send for State {}

struct Region {
    /// What the program's allocator gave.
    ground: NonNull<u8>,
    ground_layout: Layout,
    start: NonNull<u8>,
    layout: Layout,
    /// By how many bytes it can still be extended.
    room: usize,
    is_live: bool,
    /// A buffer of the test, which nobody gives back.
    is_buffer: bool,
}

impl Region {
    /// The bytes around the region: where they begin, and how many there are.
    fn guards(&self) -> [(NonNull<u8>, usize); 2] {
        let in_front = self.start.addr().get() - self.ground.addr().get();
        let front = in_front.min(GUARD_BYTES);
        // SAFETY: the ground begins so many bytes in front of the region.
        let below = unsafe { self.start.sub(front) };
        // SAFETY: the end of the region, which lies in its ground.
        let above = unsafe { self.start.add(self.layout.size()) };
        [(below, front), (above, GUARD_BYTES)]
    }

    fn set_guards(&self) {
        for (start, len) in self.guards() {
            // SAFETY: in the ground, and not in the region.
            unsafe { start.write_bytes(GUARD, len) };
        }
    }

    fn is_guarded(&self) -> bool {
        self.guards().into_iter().all(|(start, len)| is_filled(start, len, GUARD))
    }
}

/// The fault of an allocator that writes to a guard.
const BESIDE: &str = "a byte beside a region was written";

impl TestSource {
    pub(super) fn new(plan: SourcePlan) -> Self {
        Self(Arc::new(ProcessMutex::new(State {
            plan,
            regions: Vec::new(),
            calls: 0,
            refusals: 0,
            misaligned: 0,
            bytes: 0,
            fault: None,
        })))
    }

    fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        // A panic of the allocator under test leaves the books as they are.
        match self.0.lock() {
            Ok(mut state) => f(&mut state),
            Err(mut poisoned) => f(poisoned.get_mut()),
        }
    }

    /// A buffer of `len` bytes for allocators that serve from one. It begins at any address, is
    /// never refused, and exists until the allocator under test has been dropped.
    ///
    /// # Panics
    ///
    /// If the program is out of memory.
    pub fn buffer(&self, len: usize) -> NonNull<u8> {
        self.with(|state| {
            let layout = Layout::from_size_align(len.max(1), 1).expect("a buffer's length");
            let start = state.place(layout, 0, false).expect("memory for a buffer");
            let region = state.regions.last_mut().expect("just placed");
            region.is_buffer = true;
            state.bytes += len;
            start
        })
    }

    /// How often the source was asked, how often it refused, and how often it returned a misaligned
    /// region.
    pub(super) fn calls(&self) -> (usize, usize, usize) {
        self.with(|state| (state.calls, state.refusals, state.misaligned))
    }

    /// Whether anything was ever obtained.
    pub(super) fn is_used(&self) -> bool {
        self.with(|state| !state.regions.is_empty())
    }

    /// Bytes that the allocator holds.
    pub(super) fn bytes(&self) -> usize {
        self.with(|state| state.bytes)
    }

    /// The live region that holds all `len` bytes at `start`: its number, and where in it they are.
    pub(super) fn place_of(&self, start: usize, len: usize) -> Option<(usize, usize)> {
        self.with(|state| {
            let held = |region: &Region| {
                let first = region.start.addr().get();
                region.is_live
                    && start >= first
                    && start.checked_add(len).is_some_and(|end| end <= first + region.layout.size())
            };
            let number = state.regions.iter().position(held)?;
            Some((number, start - state.regions[number].start.addr().get()))
        })
    }

    /// The addresses in front of a live region and behind it.
    pub(super) fn outside(&self) -> Vec<NonNull<u8>> {
        self.with(|state| {
            let beside = |region: &Region| {
                let (first, size) = (region.start, region.layout.size());
                [first.map_addr(|at| at.saturating_add(size)), before(first)]
            };
            state.regions.iter().filter(|region| region.is_live).flat_map(beside).collect()
        })
    }

    /// What was done wrong with the regions, once the allocator is gone.
    pub(super) fn verdict(&self, step: usize) -> Result<(), Violation> {
        let kept = |region: &Region| region.is_live && !region.is_buffer;
        let fault = self.with(|state| match state.fault {
            None if state.regions.iter().any(kept) => Some("a region never went back"),
            None if state.regions.iter().any(|region| region.is_live && !region.is_guarded()) => {
                Some(BESIDE)
            }
            fault => fault,
        });
        match fault {
            Some(what) => Err(Violation { clause: Clause::Source, what, step }),
            None => Ok(()),
        }
    }
}

fn before(first: NonNull<u8>) -> NonNull<u8> {
    first.map_addr(|at| core::num::NonZero::new(at.get() - 1).unwrap_or(at))
}

impl State {
    /// Makes a region. There is a byte in front of it at least, and bytes behind it, that belong to
    /// nobody. It can be extended by `room` bytes.
    fn place(&mut self, layout: Layout, room: usize, is_misaligned: bool) -> Option<NonNull<u8>> {
        let offset = (self.plan.skew + 1).next_multiple_of(layout.align());
        let offset = offset + usize::from(is_misaligned);
        let size = layout.size().checked_add(offset)?.checked_add(room + GUARD_BYTES)?;
        let ground_layout = Layout::from_size_align(size, layout.align().max(GROUND)).ok()?;
        // SAFETY: the size is not zero.
        let ground = NonNull::new(unsafe { alloc(ground_layout) })?;
        // SAFETY: the ground reaches to behind the region, which begins here.
        let start = unsafe { ground.add(offset) };
        let (is_live, is_buffer) = (true, false);
        let region = Region { ground, ground_layout, start, layout, room, is_live, is_buffer };
        region.set_guards();
        self.regions.push(region);
        Some(start)
    }
}

// SAFETY: each region lies in a piece of memory of its own, which is freed when it goes back or
// with the source's last handle. The misaligned regions are the pointers that the trait allows.
unsafe impl Source for TestSource {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.with(|state| {
            let call = state.calls;
            state.calls += 1;
            let refused = call.checked_sub(state.plan.refuse_from);
            let is_refused = refused.is_some_and(|nth| nth < state.plan.refuse);
            if layout.size() == 0 {
                state.fault = Some("the source was asked for no bytes");
            }
            if is_refused || layout.size() == 0 || layout.size() > MOST_BYTES - state.bytes {
                state.refusals += 1;
                return None;
            }
            let is_misaligned = state.plan.misalign == Some(call) && layout.align() > 1;
            let Some(start) = state.place(layout, state.plan.room, is_misaligned) else {
                state.refusals += 1;
                return None;
            };
            state.misaligned += usize::from(is_misaligned);
            state.bytes += layout.size();
            Some(start)
        })
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        self.with(|state| {
            let known =
                state.regions.iter_mut().find(|known| known.start == region && known.is_live);
            match known {
                Some(known) if known.layout == layout && !known.is_buffer => {
                    known.is_live = false;
                    if !known.is_guarded() {
                        state.fault = Some(BESIDE);
                    }
                    let (ground, ground_layout) = (known.ground, known.ground_layout);
                    state.bytes -= layout.size();
                    // SAFETY: obtained from `alloc` with this layout; by the caller, nobody uses
                    // it. It is not live any more, so it is freed only once.
                    unsafe { dealloc(ground.as_ptr(), ground_layout) };
                }
                Some(_) => state.fault = Some("a region went back with another layout"),
                None => state.fault = Some("a region went back that was not out"),
            }
        });
    }

    unsafe fn extend(&mut self, region: NonNull<u8>, old: Layout, new: Layout) -> bool {
        self.with(|state| {
            let is_longer = new.size() > old.size() && new.align() == old.align();
            let held = |known: &Region| known.start == region && known.is_live;
            let known = state.regions.iter_mut().find(|known| held(known));
            let known = known.filter(|known| is_longer && known.layout == old && !known.is_buffer);
            let Some(known) = known else {
                state.fault = Some("a region was extended with another layout, or was not out");
                return false;
            };
            let more = new.size() - old.size();
            if more > known.room || more > MOST_BYTES - state.bytes {
                return false;
            }
            if !known.is_guarded() {
                state.fault = Some(BESIDE);
            }
            known.layout = new;
            known.room -= more;
            known.set_guards();
            state.bytes += more;
            true
        })
    }
}

impl Drop for State {
    fn drop(&mut self) {
        for region in self.regions.iter().filter(|region| region.is_live) {
            // SAFETY: obtained from `alloc` with this layout, and not freed before. The allocator
            // under test, which held a handle, is gone.
            unsafe { dealloc(region.ground.as_ptr(), region.ground_layout) };
        }
    }
}
