//! A panic about a misuse names the line of the library's caller, where the fault is.

use core::alloc::Layout;
use core::cell::RefCell;
use core::mem::MaybeUninit;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::Ordering;
use std::panic::{self, catch_unwind};
use std::sync::Once;

use stampool::{AtomicPackedStamped, AtomicStamped, Block, Checked, Pool, Stamped};

thread_local! {
    /// Where the calling thread's last panic was.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `misuse`, which must panic. Returns the place of the panic, and its message.
fn last_panic(misuse: impl FnOnce()) -> (String, String) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let place = info.location().expect("a panic has a place").to_string();
            PLACE.with(|last| *last.borrow_mut() = place);
            report(info);
        }));
    });
    let payload = catch_unwind(AssertUnwindSafe(misuse)).expect_err("it must panic");
    let said = payload.downcast_ref::<String>().cloned();
    (PLACE.take(), said.unwrap_or_default())
}

/// The line that the macro stands in, as a panic names it.
macro_rules! here {
    () => {
        format!("{}:{}:", file!(), line!())
    };
}

/// Requires the panic to name the line that the misuse stands in.
macro_rules! names_its_line {
    ($misuse:expr) => {{
        let (place, said) = last_panic(|| _ = $misuse);
        assert!(place.starts_with(&here!()), "{place} is not {}: {said}", here!());
    }};
}

#[test]
fn a_panic_elsewhere_is_not_taken_for_one_here() {
    fn elsewhere() {
        panic!("not in the caller's line");
    }
    let (place, _) = last_panic(elsewhere);
    assert!(!place.starts_with(&here!()));
}

#[test]
fn a_refused_free_names_its_line() {
    let pool = Pool::builder(Layout::new::<u64>()).batch(4).checked().build().unwrap();
    let local = pool.local().unwrap();
    let block = local.allocate().unwrap();
    // SAFETY: ours.
    unsafe { local.deallocate(block) };
    // SAFETY: none, that is the test; the pool is checked. The same holds for the frees below.
    names_its_line!(unsafe { local.deallocate(block) });
    // SAFETY: as above.
    names_its_line!(unsafe { local.deallocate_many(&[block]) });
}

#[test]
fn a_refused_free_without_a_handle_names_its_line() {
    let pool = || Pool::builder(Layout::new::<u64>()).batch(4).checked();
    let pool = pool().build_thread_local().unwrap();
    let block = pool.allocate().unwrap();
    // SAFETY: ours.
    unsafe { pool.deallocate(block) };
    // SAFETY: none, that is the test; the pool is checked. The same holds for the frees below.
    names_its_line!(unsafe { pool.deallocate(block) });
    // SAFETY: as above.
    names_its_line!(unsafe { pool.deallocate_many(&[block]) });
    // In a thread that has no handle yet.
    std::thread::scope(|threads| {
        // SAFETY: as above.
        threads.spawn(|| names_its_line!(unsafe { pool.deallocate(block) }));
    });
}

stampool::static_pool! {
    static CHECKED: ThreadLocalPool<stampool::TaggedWide, Checked> =
        Pool::builder(Layout::new::<u64>()).batch(4).checked();
}

#[test]
fn a_refused_free_into_a_static_pool_names_its_line() {
    let block = CHECKED.allocate().unwrap();
    // SAFETY: ours.
    unsafe { CHECKED.deallocate(block) };
    // SAFETY: none, that is the test; the pool is checked. The same holds for the free below.
    names_its_line!(unsafe { CHECKED.deallocate(block) });
    std::thread::spawn(move || {
        // SAFETY: as above.
        names_its_line!(unsafe { CHECKED.deallocate(block) });
    })
    .join()
    .unwrap();
}

#[test]
fn a_static_pool_that_cannot_be_built_names_its_declaration() {
    const DECLARED: u32 = line!() + 1;
    stampool::static_pool! { static EMPTY: ThreadLocalPool = Pool::builder(Layout::new::<()>()); }
    let (_, said) = last_panic(|| _ = EMPTY.allocate());
    let declared = format!("the static pool of {}:{DECLARED}:", file!());
    assert!(said.contains(&declared) && said.contains("a block of zero bytes"), "{said}");
}

#[test]
fn a_write_after_a_free_names_the_line_of_the_allocation() {
    let pool = Pool::builder(Layout::new::<u64>()).batch(64).hardened().build().unwrap();
    let local = pool.local().unwrap();
    // So few that no exchange lies between the free and the allocation that finds the write.
    let mut room = [MaybeUninit::uninit(); 40];
    let write_after_free = |room: &mut [MaybeUninit<Block>]| {
        local.allocate_many(room).unwrap();
        // SAFETY: the call has written all of them.
        let blocks: Vec<_> = room.iter().map(|block| unsafe { block.assume_init() }).collect();
        // SAFETY: ours.
        unsafe { local.deallocate_many(&blocks) };
        // SAFETY: none, that is the test: the block is free. The pool is hardened.
        unsafe { blocks[0].cast::<u64>().write(0) };
    };
    write_after_free(&mut room);
    names_its_line!((0..40).for_each(|_| _ = local.allocate()));
    write_after_free(&mut room[..20]);
    names_its_line!(local.allocate_many(&mut room));
}

#[test]
fn a_write_after_a_free_that_shows_at_a_refill_names_the_line_of_the_allocation() {
    let pool = Pool::builder(Layout::new::<u64>()).batch(4).hardened().build().unwrap();
    let local = pool.local().unwrap();
    let blocks: Vec<Block> = (0..4).map(|_| local.allocate().unwrap()).collect();
    // SAFETY: ours.
    unsafe { local.deallocate_many(&blocks) };
    drop(local);
    for block in blocks {
        // SAFETY: none, that is the test: the block is free. The pool is hardened.
        unsafe { block.cast::<u64>().write(0) };
    }
    let local = pool.local().unwrap();
    names_its_line!(local.allocate());
}

#[test]
fn a_write_after_a_free_without_a_handle_names_the_line_of_the_allocation() {
    let builder = Pool::builder(Layout::new::<u64>()).batch(64).hardened();
    let pool = builder.build_thread_local().unwrap();
    let mut room = [MaybeUninit::uninit(); 40];
    let write_after_free = |room: &mut [MaybeUninit<Block>]| {
        pool.allocate_many(room).unwrap();
        // SAFETY: the call has written all of them.
        let blocks: Vec<_> = room.iter().map(|block| unsafe { block.assume_init() }).collect();
        // SAFETY: ours.
        unsafe { pool.deallocate_many(&blocks) };
        // SAFETY: none, that is the test: the block is free. The pool is hardened.
        unsafe { blocks[0].cast::<u64>().write(0) };
    };
    write_after_free(&mut room);
    names_its_line!((0..40).for_each(|_| _ = pool.allocate()));
    write_after_free(&mut room[..20]);
    names_its_line!(pool.allocate_many(&mut room));
}

#[test]
fn an_impossible_ordering_names_its_line() {
    let wide = AtomicStamped::<u8>::default();
    names_its_line!(wide.load(Ordering::Release));
    names_its_line!(wide.store(Stamped::NULL, Ordering::Acquire));
    let (old, new, failure) = (Stamped::NULL, Stamped::NULL, Ordering::Release);
    names_its_line!(wide.compare_exchange(old, new, Ordering::AcqRel, failure));
    names_its_line!(AtomicPackedStamped::<u8>::default().load(Ordering::Release));
}

#[cfg(feature = "family")]
mod family {
    use core::ptr::NonNull;

    use super::*;
    use stampool::alloc::conformance::Conformance;
    use stampool::alloc::{AllocError, Allocator, Stack};

    #[test]
    fn a_refused_free_through_an_allocator_names_its_line() {
        let layout = Layout::new::<u64>();
        let pool = Pool::builder(layout).batch(4).checked().build().unwrap();
        let allocator = pool.as_allocator().unwrap();
        let block = allocator.allocate(layout).unwrap().cast();
        // SAFETY: ours.
        unsafe { allocator.deallocate(block, layout) };
        // SAFETY: none, that is the test; the pool is checked.
        names_its_line!(unsafe { allocator.deallocate(block, layout) });
    }

    #[test]
    fn a_forgotten_scope_names_the_line_of_the_next_one() {
        let mut stack = Stack::default();
        let mut scope = stack.open();
        core::mem::forget(scope.open());
        names_its_line!(scope.open());
        names_its_line!(scope.scope(|_| ()));
        core::mem::forget(scope);
        names_its_line!(stack.open());
        names_its_line!(stack.scope(|_| ()));
    }

    /// Refuses everything, and gives a reason that is not true.
    struct Liar;

    // SAFETY: no block is live.
    unsafe impl Allocator for Liar {
        fn allocate(&self, _layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
            Err(AllocError::NotInPlace)
        }

        unsafe fn deallocate(&self, _block: NonNull<u8>, _layout: Layout) {}
    }

    #[test]
    fn a_broken_rule_names_the_line_of_the_check() {
        names_its_line!(Conformance::new(|_| Liar).programs(3).check());
    }
}
