//! A plain, correct pool behind a mutex that can be told to do one thing wrong.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use stampool::Block;
use std::alloc;
use std::sync::{Arc, Mutex};
use std::thread;

use stress::subject::{
    Audited, Examined, Handle, Idle, MagazineCounts, Mechanism, Refused, Subject,
};

/// What the subject does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Hands out a block that is still live.
    HandsOutTwice,
    /// Forgets a block that comes back.
    Loses,
    /// The same, and counts it as idle all the same.
    LosesAndLies,
    /// Hands out blocks that begin in the middle of others.
    Overlaps,
    /// Carves although it has free blocks.
    CarvesTooMuch,
    /// Writes into a block that is live.
    Scribbles,
    /// Hands out a block beside its alignment.
    Misaligns,
    /// Says that it has no memory.
    Refuses,
    /// Panics.
    Panics,
    /// Panics when a thread attaches.
    PanicsAtAttach,
    /// Says for a while that more magazines wait than may, however many threads are at work.
    OverfillsLimbo,
    /// The same, with one magazine too many, and for good.
    LeavesOneTooMany,
    /// Makes a magazine that nothing accounts for.
    MakesAMagazineTooMany,
    /// Makes none for a batch.
    MakesAMagazineTooFew,
    /// Has one block more than it may.
    ExceedsCapacity,
    /// Refuses when it could have one block more.
    RefusesEarly,
    /// Stays in an allocation until it is told to go on, with a lock held.
    Hangs,
}

/// Blocks per batch, as the subject says.
pub(crate) const BATCH: usize = 4;
/// Blocks in the arena: more than any test needs.
const ARENA: usize = 1 << 14;
/// The call at which the subject does its wrong, once; it counts only calls that could.
pub(crate) const CALL: usize = 97;

/// A subject with a fault. Blocks come from one arena, so that even a wrong one is memory of the subject's.
#[derive(Debug)]
pub struct FaultySubject {
    fault: Fault,
    layout: Layout,
    arena: NonNull<u8>,
    arena_layout: Layout,
    /// Blocks that it may have.
    capacity: usize,
    calls: AtomicUsize,
    state: Mutex<State>,
    goes_on: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct State {
    free: Vec<usize>,
    carved: usize,
    last_live: Option<usize>,
    forgotten: usize,
}

// SAFETY: the arena is touched through blocks only, and the lists are behind the mutex.
unsafe impl Sync for FaultySubject {}
// SAFETY: as above; nothing belongs to a thread.
unsafe impl Send for FaultySubject {}

impl FaultySubject {
    pub fn new(layout: Layout, fault: Fault) -> Self {
        Self::limited(layout, fault, None)
    }

    /// A subject that may have so many blocks.
    pub fn limited(layout: Layout, fault: Fault, capacity: Option<usize>) -> Self {
        let arena_layout =
            Layout::from_size_align(layout.size() * ARENA, layout.align()).expect("fits");
        // SAFETY: the layout is not of size 0. Zeroed: a test may look at any byte.
        let arena = unsafe { alloc::alloc_zeroed(arena_layout) };
        let arena = NonNull::new(arena).expect("memory for a test");
        let exceeds = usize::from(fault == Fault::ExceedsCapacity);
        let early = usize::from(fault == Fault::RefusesEarly);
        let capacity = capacity.map_or(ARENA, |blocks| blocks + exceeds - early);
        let (calls, state, goes_on) = Default::default();
        Self { fault, layout, arena, arena_layout, capacity, calls, state, goes_on }
    }

    /// What lets a subject that hangs go on.
    pub fn goes_on(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.goes_on)
    }

    /// Says whether to do the wrong now, which it is once.
    fn strikes(&self, fault: Fault) -> bool {
        self.fault == fault && self.calls.fetch_add(1, Relaxed) == CALL - 1
    }

    /// The same, at the first call.
    fn strikes_first(&self, fault: Fault) -> bool {
        self.fault == fault && self.calls.fetch_add(1, Relaxed) == 0
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("panics happen outside the lock")
    }

    fn at(&self, offset: usize) -> NonNull<u8> {
        assert!(offset + self.layout.size() <= self.arena_layout.size(), "the arena is too small");
        // SAFETY: within the arena.
        unsafe { self.arena.add(offset) }
    }
}

impl Drop for FaultySubject {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout, and no block outlives the subject.
        unsafe { alloc::dealloc(self.arena.as_ptr(), self.arena_layout) };
    }
}

impl Subject for FaultySubject {
    type Refusal = Refused;
    type Handle<'a> = &'a FaultySubject;

    fn attach(&self) -> Result<&FaultySubject, Refused> {
        assert!(self.fault != Fault::PanicsAtAttach, "fault at attach");
        Ok(self)
    }
}

impl Audited for FaultySubject {
    fn carved_blocks(&self) -> usize {
        self.lock().carved
    }

    fn idle_blocks(&mut self) -> Idle {
        let state = self.lock();
        let lie = if self.fault == Fault::LosesAndLies { state.forgotten } else { 0 };
        Idle { cached: 0, listed: state.free.len() + lie }
    }
}

impl Examined for FaultySubject {
    fn layout(&self) -> Layout {
        self.layout
    }

    fn batch_blocks(&self) -> usize {
        BATCH
    }

    fn mechanism(&self) -> Mechanism {
        Mechanism { strategy: "FaultySubject", lock_free: false, tag_bits: 0 }
    }

    fn magazine_counts(&self) -> MagazineCounts {
        let due = self.lock().carved.div_ceil(BATCH) + 1;
        // At the first look only: what is over again at the end must be seen while it lasts.
        let overfull = usize::from(self.strikes_first(Fault::OverfillsLimbo)) * 100;
        MagazineCounts {
            limbo_magazines: 8 + overfull + usize::from(self.fault == Fault::LeavesOneTooMany),
            limbo_limit: 8,
            magazines: due + usize::from(self.fault == Fault::MakesAMagazineTooMany)
                - usize::from(self.fault == Fault::MakesAMagazineTooFew),
            least_magazines: due,
            most_magazines: due,
            ..MagazineCounts::default()
        }
    }
}

impl Handle for &FaultySubject {
    type Refusal = Refused;

    fn allocate(&mut self) -> Result<Block, Refused> {
        if self.strikes(Fault::Refuses) {
            return Err(Refused("fault".to_owned()));
        }
        assert!(!self.strikes(Fault::Panics), "fault");
        let mut state = self.lock();
        if self.strikes(Fault::Hangs) {
            while !self.goes_on.load(Relaxed) {
                thread::yield_now();
            }
        }
        if let Some(live) = state.last_live
            && self.strikes(Fault::HandsOutTwice)
        {
            return Ok(Block(self.at(live)));
        }
        if let Some(live) = state.last_live
            && self.strikes(Fault::Scribbles)
        {
            // SAFETY: a byte of the arena; whose it is, is the point of the test.
            let last = unsafe { self.at(live).add(self.layout.size() - 1) };
            // SAFETY: as above. One thread at a time in these tests.
            unsafe { *last.as_ptr() ^= 0xFF };
        }
        let hoards = self.fault == Fault::CarvesTooMuch;
        let offset = match state.free.pop().filter(|_| !hoards) {
            Some(offset) => offset,
            None if state.carved == self.capacity => {
                return Err(Refused("at the limit".to_owned()));
            }
            None => {
                state.carved += 1;
                (state.carved - 1) * self.layout.size()
            }
        };
        let offset = offset
            + match self.fault {
                Fault::Overlaps if self.strikes(Fault::Overlaps) => self.layout.align(),
                Fault::Misaligns if self.strikes(Fault::Misaligns) => 1,
                _ => 0,
            };
        state.last_live = Some(offset);
        Ok(Block(self.at(offset)))
    }

    unsafe fn deallocate(&mut self, block: Block) {
        let mut state = self.lock();
        let offset = block.0.addr().get() - self.arena.addr().get();
        if state.last_live == Some(offset) {
            state.last_live = None;
        }
        if self.strikes(Fault::Loses) || self.strikes(Fault::LosesAndLies) {
            state.forgotten += 1;
        } else {
            state.free.push(offset);
        }
    }
}
