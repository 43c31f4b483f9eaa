//! Where the kit's source places regions: a program shows the same whatever the heap is like.

use core::alloc::Layout;
use core::cell::{Cell, RefCell};
use core::ptr::NonNull;
use core::sync::atomic::AtomicPtr;
use std::alloc::{alloc, dealloc};

use stampool::Source;
use stampool::alloc::conformance::{
    Clause, Conformance, Fit, Program, SourcePlan, Step, TestSource,
};
use stampool::alloc::{Linear, Stack};

/// Takes memory from the heap whenever a region goes back, of the region's size and a little more,
/// and keeps it. So what the heap would serve next is taken.
struct Squatter {
    source: TestSource,
    is_on: bool,
    taken: Vec<(AtomicPtr<u8>, Layout)>,
}

// SAFETY: the regions are the test source's.
unsafe impl Source for Squatter {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.source.obtain(layout)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.source.release(region, layout) };
        if self.is_on {
            let layout = Layout::from_size_align(layout.size() + 32, 64 << 10).expect("a layout");
            // SAFETY: the size is not zero.
            let taken = unsafe { alloc(layout) };
            self.taken.push((AtomicPtr::new(taken), layout));
        }
    }
}

impl Drop for Squatter {
    fn drop(&mut self) {
        for (start, layout) in &mut self.taken {
            let start = *start.get_mut();
            assert!(!start.is_null(), "out of memory");
            // SAFETY: from `alloc` with this layout, and freed once.
            unsafe { dealloc(start, *layout) };
        }
    }
}

const fn allocate(size: usize, align: usize) -> Step {
    match Layout::from_size_align(size, align) {
        Ok(layout) => Step::Allocate { layout, zeroed: false },
        Err(_) => panic!("a layout"),
    }
}

/// A stack shrinks a block to no bytes, and gives its chunk back. The block's address may then lie
/// in a later region, if that one lies where the first one was, and the kit compared where the block
/// lies in the two runs of a program. So the program was refused when the heap served the same
/// memory again in one of them alone.
#[test]
fn a_block_of_no_bytes_in_a_region_that_went_back() {
    let oldest = |to, in_place| Step::Shrink { which: 0, fit: Fit(0), to, align: 1, in_place };
    let program = Program {
        source: SourcePlan::default(),
        steps: vec![
            allocate(1, 1),
            oldest(0, true),
            allocate(51, 1),
            allocate(59, 64),
            oldest(0, false),
            // With another size than the requested one, so that there is a second run.
            Step::Deallocate { which: usize::MAX, fit: Fit(97) },
        ],
        oldest_first: true,
    };
    let runs = Cell::new(0);
    let make = |source| {
        runs.set(runs.get() + 1);
        let is_on = runs.get() % 2 == 0;
        Stack::with_first_chunk(Squatter { source, is_on, taken: Vec::new() }, 1)
    };
    let check = Conformance::new(make).owner().recovers();
    for _ in 0..10 {
        check.run(&program).expect("the two runs show the same");
    }
    assert_eq!(runs.get(), 20, "each program runs twice");
}

/// The heap's next answers are others after each call.
fn perturb(held: &mut Vec<Vec<u8>>) {
    held.push(Vec::with_capacity(100_000 + 5_000 * held.len()));
}

/// Obtains regions, some of them after others have gone back, and gives all back. Answers where they
/// were, counted from the first one on.
fn distances(source: &mut TestSource, held: &mut Vec<Vec<u8>>) -> Vec<isize> {
    let mut places = Vec::new();
    for (size, shift) in (0..20).map(|nth| (1 + nth * nth * 97, nth)) {
        let layouts = [1 << shift, 16].map(|align| Layout::from_size_align(size, align));
        let regions = layouts.map(|layout| {
            let layout = layout.expect("a layout");
            perturb(held);
            (source.obtain(layout).expect("the plan refuses nothing"), layout)
        });
        for (region, layout) in regions {
            places.push(region.addr().get());
            // SAFETY: obtained with this layout, and nobody uses it.
            unsafe { source.release(region, layout) };
        }
    }
    places.iter().map(|place| place.wrapping_sub(places[0]).cast_signed()).collect()
}

/// Where a region lies depends on the program alone, and no region lies where an earlier one did.
#[test]
fn regions_lie_at_the_same_distances_in_each_run() {
    for is_falling in [false, true] {
        let source = SourcePlan { skew: 5, room: 9, is_falling, ..SourcePlan::default() };
        let program = Program { source, steps: Vec::new(), oldest_first: true };
        let (held, runs) = (RefCell::default(), RefCell::new(Vec::new()));
        let make = |mut source: TestSource| {
            runs.borrow_mut().push(distances(&mut source, &mut held.borrow_mut()));
            Linear::new(source)
        };
        for _ in 0..3 {
            Conformance::new(make).run(&program).expect("all regions went back");
        }
        let runs = runs.into_inner();
        assert!(runs.iter().all(|run| *run == runs[0]), "{runs:?}");
        let in_order = |pair: &[isize]| pair[0] != pair[1] && (pair[0] > pair[1]) == is_falling;
        assert!(runs[0].windows(2).all(in_order), "falling {is_falling}: {:?}", runs[0]);
    }
}

/// The generator makes programs of both orders.
#[test]
fn generated_programs_have_regions_in_both_orders() {
    let rises = RefCell::new(Vec::new());
    for seed in 0..20 {
        let make = |mut source: TestSource| {
            let layout = Layout::new::<u8>();
            // The plan may refuse some calls.
            let regions: Vec<_> = (0..8).filter_map(|_| source.obtain(layout)).collect();
            rises.borrow_mut().push(regions[0] < regions[1]);
            for region in regions {
                // SAFETY: obtained with this layout, and nobody uses it.
                unsafe { source.release(region, layout) };
            }
            Linear::new(source)
        };
        Conformance::new(make).steps(1).seed(seed).programs(1).check();
    }
    let rises = rises.into_inner();
    assert!(rises.contains(&true) && rises.contains(&false), "{rises:?}");
}

/// Writes to each region after it went back.
#[cfg(not(miri))]
struct WritesLate(TestSource);

// SAFETY: not kept, on purpose. The test source keeps the memory until the end of the run.
#[cfg(not(miri))]
unsafe impl Source for WritesLate {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.obtain(layout)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.0.release(region, layout) };
        // SAFETY: the region was so long, and its memory exists still.
        let last = unsafe { region.add(layout.size() - 1) };
        // SAFETY: as above. That it went back is the fault.
        unsafe { last.write(1) };
    }
}

/// Under Miri such a write is undefined behaviour, which Miri itself reports.
#[cfg(not(miri))]
#[test]
fn a_write_to_a_region_that_went_back_is_found() {
    let make = |source| Linear::new(WritesLate(source));
    let failure = Conformance::new(make).programs(100).find().expect_err("a write too late");
    assert_eq!(failure.violation.clause, Clause::Source, "{failure}");
    assert!(failure.to_string().contains("after the region went back"), "{failure}");
}
