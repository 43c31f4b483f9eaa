//! The source of an allocator under test.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::ground::Ground;
use super::shadow::is_filled;
use super::{SourcePlan, Violation};
use crate::alloc::conformance::Clause;
use crate::source::Source;
use crate::sync::{Arc, ProcessMutex, opaque};

/// Bytes in front of a region, if there are so many, and behind it, that belong to nobody.
const GUARD_BYTES: usize = 16;
/// What they hold.
const GUARD: u8 = 0xA7;
/// What a region holds after it went back.
const RELEASED: u8 = 0x5A;
/// More than this is refused.
const MOST_BYTES: usize = 8 << 20;

/// A source that does what a program says: it refuses some calls, answers some with a misaligned
/// region, extends regions, and has the granule of the program. It notices regions that go back twice,
/// or with another layout, or never, and bytes that are written beside a region, or in one that went
/// back.
///
/// All regions of a run, and its buffers, lie in one stretch of 64 MiB: as far apart as in each other
/// run of the same program, and none where an earlier one lay. So a program shows the same in each
/// run, even if the allocator compares addresses, or returns one in a region that went back, as it
/// may for a block of no bytes. A region for which there is no room left is refused.
///
/// It is a handle: all clones serve from the same regions.
#[derive(Clone)]
pub struct TestSource(Arc<ProcessMutex<State>>);

opaque! { [] TestSource; }

struct State {
    plan: SourcePlan,
    /// Made for the first region.
    ground: Option<Ground>,
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
    /// The region by the pointer of the ground, which the allocator under test has no part in.
    ground: NonNull<u8>,
    /// How many bytes in front of the region are its own too.
    in_front: usize,
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
        let front = self.in_front.min(GUARD_BYTES);
        // SAFETY: the piece of the ground begins so many bytes in front of the region, or more.
        let below = unsafe { self.start.sub(front) };
        // SAFETY: the end of the region, which lies in its piece of the ground.
        let above = unsafe { self.start.add(self.layout.size()) };
        [(below, front), (above, GUARD_BYTES)]
    }

    fn set_guards(&self) {
        for (start, len) in self.guards() {
            // SAFETY: in the piece of the ground, and not in the region.
            unsafe { start.write_bytes(GUARD, len) };
        }
    }

    fn is_guarded(&self) -> bool {
        self.guards().into_iter().all(|(start, len)| is_filled(start, len, GUARD))
    }

    /// Overwrites a region that goes back, by the pointer of the ground. Under Miri no pointer that
    /// the allocator under test has may access it any more.
    fn set_released(&self) {
        // SAFETY: the region went back, so nobody uses it.
        unsafe { self.ground.write_bytes(RELEASED, self.layout.size()) };
    }

    /// Whether nobody has written to the region since it went back.
    fn is_released(&self) -> bool {
        is_filled(self.ground, self.layout.size(), RELEASED)
    }
}

/// The fault of an allocator that writes to a guard.
const BESIDE: &str = "a byte beside a region was written";

impl TestSource {
    pub(super) fn new(plan: SourcePlan) -> Self {
        Self(Arc::new(ProcessMutex::new(State {
            plan,
            ground: None,
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

    /// A buffer of `len` bytes for allocators that serve from one. It begins at any address, and exists
    /// until the allocator under test has been dropped. A program's plan refuses no buffer, and what a
    /// buffer takes is no longer there for regions.
    ///
    /// # Panics
    ///
    /// If there is no room left for it.
    pub fn buffer(&self, len: usize) -> NonNull<u8> {
        self.with(|state| {
            let layout = Layout::from_size_align(len.max(1), 1).expect("a buffer's length");
            let start = state.place(layout, 0, false).expect("room for a buffer");
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
            None if state.regions.iter().any(|region| !region.is_live && !region.is_released()) => {
                Some("a byte of a region was written after the region went back")
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
        let offset = self.plan.skew.checked_add(1)?.checked_next_multiple_of(layout.align())?;
        let room = room.min(MOST_BYTES);
        let offset = offset + usize::from(is_misaligned);
        let size = layout.size().checked_add(offset)?.checked_add(room + GUARD_BYTES)?;
        let ground = self.ground.get_or_insert_with(|| Ground::new(self.plan.is_falling));
        let piece = ground.take(size, layout.align())?;
        // SAFETY: the piece is this region's, and nobody uses it yet. The allocator's pointer comes
        // from this borrow, so it reaches this piece alone.
        let own: &mut [MaybeUninit<u8>] =
            unsafe { core::slice::from_raw_parts_mut(piece.as_ptr().cast(), size) };
        // SAFETY: the piece reaches to behind the region, which begins here.
        let start = unsafe { NonNull::from(own).cast::<u8>().add(offset) };
        // SAFETY: as above.
        let ground = unsafe { piece.add(offset) };
        let (is_live, is_buffer, in_front) = (true, false, offset);
        let region = Region { ground, in_front, start, layout, room, is_live, is_buffer };
        region.set_guards();
        self.regions.push(region);
        Some(start)
    }
}

// SAFETY: each region lies in a piece of memory of its own, which is freed with the source's last
// handle. The misaligned regions are the pointers that the trait allows.
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
            if layout.align() > state.plan.max_align {
                // Nobody who asked `max_align` takes this for a lack of memory.
                return None;
            }
            if is_refused
                || layout.size() == 0
                || layout.size() > MOST_BYTES.saturating_sub(state.bytes)
            {
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
                    known.set_released();
                    state.bytes -= layout.size();
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
            if more > known.room || more > MOST_BYTES.saturating_sub(state.bytes) {
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

    fn granule(&self) -> usize {
        self.with(|state| state.plan.granule)
    }

    fn max_align(&self) -> usize {
        self.with(|state| state.plan.max_align)
    }
}
