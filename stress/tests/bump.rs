//! The scenarios `bump` and `bump_reset`: nothing is found in the shipped allocators, and each
//! oracle fails when it must.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use stampool::Source as _;
use stampool::alloc::{AllocError, Allocator, Owner, Usage};
use stress::bump::{Held, MEMBERS, Outcome, Plan, Recording, Scenario, Shared, Violation, run};
use stress::run::Budget;

fn plan(scenario: Scenario, threads: usize) -> Plan {
    Plan { scenario, threads, budget: Budget::Ops(30_000), seed: 5 }
}

fn nothing_found(scenario: Scenario) {
    for member in MEMBERS {
        for threads in 1..=3 {
            let outcome = run(&plan(scenario, threads), &member.make);
            if let Some(violation) = &outcome.violation {
                panic!("{} with {threads} threads: {violation}", member.name);
            }
            assert!(outcome.ops >= 30_000 && outcome.rounds > 1, "{outcome:?}");
            let is_buffer = member.name == "AsyncStatic";
            assert_eq!(outcome.refusals > 0, is_buffer, "{}: {outcome:?}", member.name);
            assert!(outcome.handed_over > 0, "{outcome:?}");
        }
    }
}

/// A killer of mutants: `xtask/src/mutants/list/bump.rs`.
#[test]
fn bump_on_real_threads() {
    nothing_found(Scenario::Bump);
}

/// As above.
#[test]
fn bump_reset_on_real_threads() {
    nothing_found(Scenario::BumpReset);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// Blocks are two bytes shorter than they should be.
    Overlap,
    /// The mark is rounded down to the alignment's half.
    Misaligns,
    /// A request that does not fit moves the mark, as a fetch-add does.
    RefusalMovesMark,
    /// Says that it owns nothing.
    OwnsNothing,
    /// Says that twice as much is in use.
    CountsTwice,
    /// A reset leaves the mark.
    KeepsMark,
    /// A reset leaves a region.
    KeepsRegion,
    /// The drop leaves its region.
    Leaks,
    /// Gives its region back with another layout.
    OtherLayout,
    /// Panics when it is full.
    Panics,
    /// Says that no memory is left when it is full.
    WrongReason,
}

const REGION: Layout = match Layout::from_size_align(1 << 20, 64) {
    Ok(layout) => layout,
    Err(_) => panic!("a layout"),
};
const BUFFER_BYTES: usize = 4 << 10;

/// A lock-free bump allocator over one region, without frees, with a fault.
struct Faulty {
    fault: Fault,
    start: NonNull<u8>,
    len: usize,
    mark: AtomicUsize,
    source: Recording,
    extra: usize,
}

// SAFETY: each byte of the region belongs to the thread that took it, but for a fault.
unsafe impl Sync for Faulty {}

impl Faulty {
    fn make(fault: Fault) -> Box<dyn Shared> {
        let mut source = Recording::default();
        let start = source.obtain(REGION).expect("memory");
        // The faults that show when it is full have a smaller buffer.
        let is_full = [Fault::RefusalMovesMark, Fault::Panics, Fault::WrongReason, Fault::None];
        let len = if is_full.contains(&fault) { BUFFER_BYTES } else { REGION.size() };
        Box::new(Self { fault, start, len, mark: AtomicUsize::new(0), source, extra: 0 })
    }

    fn refuse(&self) -> AllocError {
        match self.fault {
            Fault::Panics => panic!("full"),
            Fault::WrongReason => AllocError::OutOfMemory,
            Fault::RefusalMovesMark => {
                self.mark.fetch_add(self.len, Relaxed);
                AllocError::Capacity
            }
            _ => AllocError::Capacity,
        }
    }
}

// SAFETY: kept for `Fault::None`; the others are what the oracles are for.
unsafe impl Allocator for Faulty {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let base = self.start.addr().get();
        let mut offset = 0;
        let fits = self.mark.fetch_update(Relaxed, Relaxed, |mark| {
            offset = (base + mark).next_multiple_of(layout.align()) - base;
            if self.fault == Fault::Misaligns && layout.align() > 1 {
                offset += layout.align() / 2;
            }
            let short = if self.fault == Fault::Overlap { 2 } else { 0 };
            let end = offset + layout.size();
            (end <= self.len).then(|| (end - short).max(mark))
        });
        if fits.is_err() {
            return Err(self.refuse());
        }
        // SAFETY: the block ends in the region.
        let block = unsafe { self.start.add(offset) };
        Ok(NonNull::slice_from_raw_parts(block, layout.size()))
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        let end = block.addr().get() - self.start.addr().get() + layout.size();
        // Needed for a buffer whose rest is taken and given back by the books.
        _ = self.mark.compare_exchange(end, end - layout.size(), Relaxed, Relaxed);
    }

    // Not the default, which may take for granted that two blocks do not overlap.
    unsafe fn grow(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let moved = self.allocate(new)?;
        // SAFETY: both have so many bytes.
        unsafe { moved.cast::<u8>().copy_from(block, old.size()) };
        Ok(moved)
    }

    // As above.
    unsafe fn shrink(
        &self,
        block: NonNull<u8>,
        _old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let moved = self.allocate(new)?;
        // SAFETY: both have so many bytes.
        unsafe { moved.cast::<u8>().copy_from(block, new.size()) };
        Ok(moved)
    }
}

impl Owner for Faulty {
    fn owns(&self, address: NonNull<u8>) -> bool {
        let at = address.addr().get().wrapping_sub(self.start.addr().get());
        at < self.len && self.fault != Fault::OwnsNothing
    }

    fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        let twice = if self.fault == Fault::CountsTwice { 2 } else { 1 };
        usage.used_bytes = self.mark.load(Relaxed) * twice;
        usage.obtained_bytes = REGION.size() + self.extra;
        usage.capacity_bytes = Some(self.len);
        usage
    }
}

impl Shared for Faulty {
    fn lane(&self) -> Box<dyn Allocator + '_> {
        Box::new(self)
    }

    fn owner(&self) -> &dyn Owner {
        self
    }

    fn reset(&mut self) {
        match self.fault {
            Fault::KeepsMark => return,
            Fault::KeepsRegion => {
                self.source.obtain(REGION).expect("memory");
                self.extra = REGION.size();
            }
            _ => {}
        }
        self.mark.store(0, Relaxed);
    }

    fn held(&self) -> Option<Held> {
        Some(self.source.held())
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        let layout = match self.fault {
            Fault::Leaks => return,
            Fault::OtherLayout => Layout::new::<[MaybeUninit<u8>; 7]>(),
            _ => REGION,
        };
        // SAFETY: nobody uses the region. The recording source looks at the layout, and frees
        // nothing where it is another one.
        unsafe { self.source.release(self.start, layout) };
    }
}

fn outcome(fault: Fault, scenario: Scenario, threads: usize) -> Outcome {
    let plan = Plan { budget: Budget::Ops(3_000), ..plan(scenario, threads) };
    run(&plan, &|| Faulty::make(fault))
}

fn found(fault: Fault, scenario: Scenario) -> Violation {
    let violation = outcome(fault, scenario, 2).violation;
    violation.unwrap_or_else(|| panic!("{fault:?} was not found"))
}

#[test]
fn nothing_is_found_without_a_fault() {
    for scenario in Scenario::ALL {
        let outcome = outcome(Fault::None, scenario, 2);
        assert_eq!(outcome.violation, None);
        assert!(outcome.refusals > 0, "{outcome:?}");
    }
}

/// A test for each fault: its name, the scenario that finds it, and what is found.
macro_rules! found {
    ($($test:ident: $fault:ident by $scenario:ident => $violation:pat,)*) => {$(
        #[test]
        fn $test() {
            let violation = found(Fault::$fault, Scenario::$scenario);
            assert!(matches!(violation, $violation), "{violation}");
        }
    )*};
}

found! {
    blocks_that_share_bytes: Overlap by Bump =>
        Violation::ByteChanged { .. } | Violation::Overlap { .. },
    a_misaligned_block: Misaligns by Bump => Violation::Misaligned { .. },
    a_refusal_that_moves_the_mark: RefusalMovesMark by Bump => Violation::Usage { .. },
    a_block_that_is_not_owned: OwnsNothing by Bump => Violation::NotOwned { .. },
    a_usage_that_is_too_high: CountsTwice by Bump => Violation::Usage { .. },
    a_reset_that_keeps_the_mark: KeepsMark by BumpReset => Violation::UsedAfterReset { .. },
    a_reset_that_keeps_a_region: KeepsRegion by BumpReset =>
        Violation::RegionsLeft { regions: 2, most: 1 },
    a_region_that_never_goes_back: Leaks by Bump =>
        Violation::RegionsLeft { regions: 1, most: 0 },
    a_region_that_goes_back_with_another_layout: OtherLayout by Bump =>
        Violation::Released { .. },
    a_panic: Panics by Bump => Violation::Panicked { .. },
    a_reason_that_is_not_true: WrongReason by Bump => Violation::Refused { .. },
}
