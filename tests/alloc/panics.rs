//! Members whose source panics when it takes a region back: every region goes back once all the same.

use core::alloc::Layout;
use core::panic::AssertUnwindSafe;
use core::ptr::NonNull;
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use stampool::alloc::{Allocator, AsyncLinear, Linear, Reset, Stack};
use stampool::{Source, SystemSource};

const BIG: Layout = Layout::new::<[u8; 1000]>();

/// What a [`Panics`] has out, and how many of its next releases are quiet.
#[derive(Default)]
struct Book {
    out: Vec<(usize, Layout)>,
    quiet: Option<usize>,
}

/// Panics at one release, after it has taken the region back.
#[derive(Clone, Default)]
struct Panics(Arc<Mutex<Book>>);

impl Panics {
    fn book<R>(&self, look: impl FnOnce(&mut Book) -> R) -> R {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Panics at the release after `quiet` others.
    fn after(&self, quiet: usize) {
        self.book(|book| book.quiet = Some(quiet));
    }

    fn regions(&self) -> usize {
        self.book(|book| book.out.len())
    }
}

// SAFETY: the regions are the system's. A region that is not out does not go back to it.
unsafe impl Source for Panics {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let region = SystemSource.obtain(layout)?;
        self.book(|book| book.out.push((region.addr().get(), layout)));
        Some(region)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        let panics = self.book(|book| {
            let entry = (region.addr().get(), layout);
            let at = book.out.iter().position(|out| *out == entry).expect("the region is out");
            book.out.swap_remove(at);
            let panics = book.quiet == Some(0);
            book.quiet = book.quiet.and_then(|quiet| quiet.checked_sub(1));
            panics
        });
        // SAFETY: by the caller.
        unsafe { SystemSource.release(region, layout) };
        assert!(!panics, "the source panics");
    }
}

fn unwinds(call: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(call)).is_err()
}

/// Obtains several chunks.
fn fill<A: Allocator>(member: &A) {
    for size in [100, 5000, 100, 20_000] {
        let layout = Layout::from_size_align(size, 1).expect("a layout");
        let block = member.allocate(layout).expect("memory").cast::<u8>();
        // SAFETY: the block is live.
        unsafe { block.write_bytes(1, size) };
    }
}

/// Drops a member with a panic at each release.
fn dropped<A: Allocator>(new: impl Fn(Panics) -> A) {
    for quiet in 0..8 {
        let source = Panics::default();
        let member = new(source.clone());
        fill(&member);
        source.after(quiet);
        let all = source.regions();
        assert_eq!(unwinds(|| drop(member)), quiet < all, "the panic goes on");
        assert_eq!(source.regions(), 0, "a release that panics leaks no other region");
    }
}

/// Resets a member with a panic at each release.
fn reset<A: Reset>(new: impl Fn(Panics) -> A) {
    for quiet in 0..8 {
        let source = Panics::default();
        let mut member = new(source.clone());
        fill(&member);
        source.after(quiet);
        let all = source.regions();
        assert_eq!(unwinds(|| member.reset()), quiet < all - 1, "the panic goes on");
        assert_eq!(source.regions(), 1, "the largest chunk stays");
        assert_eq!(member.usage().used_bytes, 0);
        source.book(|book| book.quiet = None);
        fill(&member);
        drop(member);
        assert_eq!(source.regions(), 0);
    }
}

#[test]
fn a_linear_allocators_release_that_panics_leaks_no_other_region() {
    dropped(|source| Linear::with_first_chunk(source, 64));
    dropped(|source| AsyncLinear::with_first_chunk(source, 64));
    reset(|source| Linear::with_first_chunk(source, 64));
    reset(|source| AsyncLinear::with_first_chunk(source, 64));
}

#[test]
fn a_stacks_release_that_panics_leaks_no_other_region() {
    dropped(|source| Stack::with_first_chunk(source, 64));
    reset(|source| Stack::with_first_chunk(source, 64));
}

/// A chunk that is empty and too small goes back when the stack grows.
#[test]
fn a_stack_is_whole_when_a_release_panics_as_it_grows() {
    let source = Panics::default();
    let stack = Stack::with_first_chunk(source.clone(), 64);
    let first = stack.allocate(Layout::new::<u64>()).expect("memory").cast::<u8>();
    // SAFETY: the block is live.
    unsafe { stack.deallocate(first, Layout::new::<u64>()) };
    source.after(0);
    assert!(unwinds(|| _ = stack.allocate(BIG)), "the empty chunk goes back");
    assert_eq!(source.regions(), 1);
    assert_eq!(stack.usage().used_bytes, 0);
    let block = stack.allocate(BIG).expect("memory").cast::<u8>();
    // SAFETY: the block is live.
    unsafe { block.write_bytes(1, BIG.size()) };
    // SAFETY: the block is live.
    unsafe { stack.deallocate(block, BIG) };
    drop(stack);
    assert_eq!(source.regions(), 0);
}

/// A scope that closes gives its chunks back but one.
#[test]
fn a_stack_is_whole_when_a_release_panics_as_a_scope_closes() {
    for quiet in 0..4 {
        let source = Panics::default();
        let stack = Stack::with_first_chunk(source.clone(), 64);
        let kept = stack.allocate(Layout::new::<u64>()).expect("memory").cast::<u64>();
        // SAFETY: the block is live.
        unsafe { kept.write(7) };
        let scope = stack.enter().expect("no scope is open");
        for size in [1000, 3000, 9000, 30_000] {
            let layout = Layout::from_size_align(size, 1).expect("a layout");
            scope.allocate(layout).expect("memory");
        }
        source.after(quiet);
        assert_eq!(unwinds(|| drop(scope)), quiet < 3, "the scope's chunks go back but one");
        assert_eq!(source.regions(), 2);
        assert_eq!(stack.usage().used_bytes, 16);
        let block = stack.allocate(BIG).expect("no scope is open").cast::<u8>();
        // SAFETY: the block is live.
        unsafe { block.write_bytes(1, BIG.size()) };
        // SAFETY: the block is live.
        assert_eq!(unsafe { kept.read() }, 7);
        source.book(|book| book.quiet = None);
        drop(stack);
        assert_eq!(source.regions(), 0);
    }
}
