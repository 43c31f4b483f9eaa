//! Misuse of checked and hardened pools, each in a process of its own. A process that ends normally
//! has not noticed the misuse.

#[path = "common/again.rs"]
mod again;
mod common;

use core::alloc::Layout;
use core::ptr::NonNull;

use again::this_program;
use stampool::{Block, Checking, Local, Pool, PoolBuilder, Strategy};

/// Says to a child which test it is to misuse.
const CHILD: &str = "STAMPOOL_MISUSE_CHILD";

/// Runs the test `name` again, in a child that gets as far as `misuse`: it must panic, and say
/// `expected`.
fn must_panic(name: &str, expected: &str, misuse: impl FnOnce()) {
    if std::env::var(CHILD).is_ok_and(|child| child == name) {
        misuse();
        // The parent takes this for what it is.
        std::process::exit(0);
    }
    let child = this_program()
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, name)
        .output()
        .expect("a child");
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(!child.status.success(), "{name}: nothing was noticed\n{said}");
    assert!(said.contains(expected), "{name}: not a word of `{expected}`\n{said}");
}

fn builder(size: usize) -> PoolBuilder {
    Pool::builder(Layout::from_size_align(size, 1).expect("a layout")).batch(4)
}

/// Frees what lies so many bytes behind a block.
///
/// # Safety
///
/// The pool is checked.
unsafe fn deallocate_at<S: Strategy, C: Checking>(
    local: &Local<'_, S, C>,
    block: Block,
    offset: usize,
) {
    let there = block.as_ptr().wrapping_add(offset);
    // SAFETY: none, that is the test.
    unsafe { local.deallocate(Block(NonNull::new(there).expect("not null"))) };
}

/// A checked pool of this process, and what it is to be said of it.
macro_rules! misuse {
    ($($name:ident, $expected:literal, |$pool:ident, $local:ident| $body:block)*) => {$(
        #[test]
        fn $name() {
            must_panic(stringify!($name), $expected, || {
                let $pool = builder(24).checked().build().expect("a pool");
                let $local = $pool.local().expect("memory");
                let _ = &$local;
                $body
            });
        }
    )*};
}

misuse! {
    a_double_free, "block #0 of pool #1 was freed twice (generation 1)", |pool, local| {
        let block = local.allocate().expect("memory");
        // SAFETY: ours.
        unsafe { local.deallocate(block) };
        // SAFETY: none, that is the test; the pool is checked.
        unsafe { local.deallocate(block) };
    }
    a_double_free_by_another_thread, "was freed twice (generation 1)", |pool, local| {
        let block = local.allocate().expect("memory");
        // SAFETY: ours.
        unsafe { local.deallocate(block) };
        let pool = &pool;
        std::thread::scope(|threads| {
            threads.spawn(move || {
                // SAFETY: none, that is the test; the pool is checked.
                unsafe { pool.local().expect("memory").deallocate(block) };
            });
        });
    }
    a_double_free_of_a_block_in_a_magazine, "was freed twice (generation 1)", |pool, local| {
        let block = local.allocate().expect("memory");
        // SAFETY: ours.
        unsafe { local.deallocate(block) };
        drop(local);
        let other = pool.local().expect("memory");
        // SAFETY: none, that is the test; the pool is checked.
        unsafe { other.deallocate(block) };
    }
    a_double_free_after_a_flush, "was freed twice (generation 1)", |pool, local| {
        let blocks: Vec<_> = (0..20).map(|_| local.allocate().expect("memory")).collect();
        for &block in &blocks {
            // SAFETY: ours.
            unsafe { local.deallocate(block) };
        }
        // SAFETY: none, that is the test; the pool is checked.
        unsafe { local.deallocate(blocks[0]) };
    }
    a_double_free_is_placed_at_the_call, "panicked at tests/misuse.rs", |pool, local| {
        let block = local.allocate().expect("memory");
        // SAFETY: ours.
        unsafe { local.deallocate(block) };
        // SAFETY: none, that is the test; the pool is checked.
        unsafe { local.deallocate(block) };
    }
    a_double_free_of_several_is_placed_at_the_call, "panicked at tests/misuse.rs",
    |pool, local| {
        let block = local.allocate().expect("memory");
        // SAFETY: none, that is the test; the pool is checked.
        unsafe { local.deallocate_many(&[block, block]) };
    }
    a_double_free_without_a_handle_is_placed_at_the_call, "panicked at tests/misuse.rs",
    |pool, local| {
        let pool = builder(24).checked().build_thread_local().expect("a pool");
        let block = pool.allocate().expect("memory");
        // SAFETY: ours.
        unsafe { pool.deallocate(block) };
        // SAFETY: none, that is the test; the pool is checked.
        unsafe { pool.deallocate(block) };
    }
    a_first_call_that_is_a_double_free_is_placed_at_the_call, "panicked at tests/misuse.rs",
    |pool, local| {
        let pool = builder(24).checked().build_thread_local().expect("a pool");
        let block = pool.local().expect("memory").allocate().expect("memory");
        // SAFETY: ours.
        unsafe { pool.local().expect("memory").deallocate(block) };
        // SAFETY: none, that is the test; the pool is checked.
        unsafe { pool.deallocate(block) };
    }
    a_pointer_to_the_stack, "not from any checked pool", |pool, local| {
        let mut bytes = [0_u64; 8];
        // SAFETY: none, that is the test; the pool is checked.
        unsafe { local.deallocate(Block(NonNull::from(&mut bytes).cast())) };
    }
    a_pointer_to_the_heap, "not from any checked pool", |pool, local| {
        let bytes = Box::leak(Box::new([0_u64; 8]));
        local.allocate().expect("memory");
        // SAFETY: none, that is the test; the pool is checked.
        unsafe { local.deallocate(Block(NonNull::from(bytes).cast())) };
    }
    an_interior_pointer, "an interior pointer was freed, 8 bytes into block #0 of pool #1",
    |pool, local| {
        let block = local.allocate().expect("memory");
        // SAFETY: none, that is the test; the pool is checked.
        unsafe { deallocate_at(&local, block, 8) };
    }
    a_pointer_past_the_end, "not from any checked pool", |pool, local| {
        let pool = builder(24).chunk_blocks(4).checked().build().expect("a pool");
        let local = pool.local().expect("memory");
        let first = local.allocate().expect("memory");
        // SAFETY: none, that is the test; the pool is checked.
        unsafe { deallocate_at(&local, first, 4 * 24) };
    }
    a_block_of_another_pool, "block #0 of pool #2 was freed into pool #1", |pool, local| {
        let other = builder(24).checked().build().expect("a pool");
        let block = other.local().expect("memory").allocate().expect("memory");
        // SAFETY: none, that is the test; the pool is checked.
        unsafe { local.deallocate(block) };
    }
    a_block_of_a_dropped_pool, "block #0 of pool #2, which was dropped, was freed into pool #1",
    |pool, local| {
        let other = builder(24).checked().build().expect("a pool");
        let block = other.local().expect("memory").allocate().expect("memory");
        drop(other);
        // SAFETY: none, that is the test; the pool is checked.
        unsafe { local.deallocate(block) };
    }
    a_block_that_was_never_handed_out, "block #1 of pool #1 was freed, and was never handed out",
    |pool, local| {
        let first = local.allocate().expect("memory");
        // SAFETY: none, that is the test; the pool is checked.
        unsafe { deallocate_at(&local, first, 24) };
    }
    a_block_that_was_never_carved, "block #100 of pool #1 was freed, and was never handed out",
    |pool, local| {
        let first = local.allocate().expect("memory");
        // SAFETY: none, that is the test; the pool is checked.
        unsafe { deallocate_at(&local, first, 2400) };
    }
}

#[test]
fn a_write_after_the_free() {
    let name = "a_write_after_the_free";
    must_panic(name, "was written to after it was freed: byte 23 is 0x07, not 0xde", || {
        let pool = builder(24).hardened().build().expect("a pool");
        let local = pool.local().expect("memory");
        let block = local.allocate().expect("memory");
        // SAFETY: ours.
        unsafe { local.deallocate(block) };
        // SAFETY: within the block.
        let byte = unsafe { block.as_non_null().add(23) };
        // SAFETY: memory of the pool, and one thread; to write there is what is tested.
        unsafe { byte.write(7) };
        for _ in 0..100 {
            let block = local.allocate().expect("memory");
            // SAFETY: ours.
            unsafe { local.deallocate(block) };
        }
    });
}

#[test]
fn a_double_free_into_a_hardened_pool() {
    must_panic("a_double_free_into_a_hardened_pool", "was freed twice (generation 1)", || {
        let pool = builder(64).hardened().build().expect("a pool");
        let local = pool.local().expect("memory");
        let block = local.allocate().expect("memory");
        // SAFETY: ours.
        unsafe { local.deallocate(block) };
        // SAFETY: none, that is the test; the pool is hardened.
        unsafe { local.deallocate(block) };
    });
}

/// What shows that the children's clean end is noticed: an unchecked pool does not panic.
#[test]
#[should_panic(expected = "nothing was noticed")]
fn an_unchecked_pool_notices_nothing() {
    must_panic("an_unchecked_pool_notices_nothing", "", || {
        let pool = builder(24).build().expect("a pool");
        let local = pool.local().expect("memory");
        let block = local.allocate().expect("memory");
        // SAFETY: ours.
        unsafe { local.deallocate(block) };
        // SAFETY: none. The block lies in the cache twice, and nobody takes it out again.
        unsafe { local.deallocate(block) };
    });
}

/// Frees what is not there to be freed, and catches the panic.
fn refused<S: Strategy, C: Checking>(local: &Local<'_, S, C>, block: Block) -> String {
    let free = core::panic::AssertUnwindSafe(|| {
        // SAFETY: none, that is the test; the pool is checked.
        unsafe { local.deallocate(block) };
    });
    let payload = std::panic::catch_unwind(free).expect_err("it must be refused");
    *payload.downcast::<String>().expect("a message")
}

/// A refused free changes nothing: afterwards all is there, once.
fn goes_on<S: Strategy, C: Checking>(builder: PoolBuilder<S, C>) {
    let mut pool = builder.build().expect("a pool");
    let local = pool.local().expect("memory");
    let mut blocks: Vec<_> = (0..30).map(|_| local.allocate().expect("memory")).collect();
    for &block in &blocks[10..] {
        // SAFETY: ours.
        unsafe { local.deallocate(block) };
    }
    for &block in &blocks[10..] {
        assert!(refused(&local, block).contains("freed twice"));
    }
    // SAFETY: within the block.
    let inside = unsafe { blocks[0].as_non_null().add(3) };
    assert!(refused(&local, inside.into()).contains("3 bytes into block"));
    let mut foreign = 0_u64;
    assert!(refused(&local, Block(NonNull::from(&mut foreign).cast())).contains("not from any"));
    blocks.truncate(10);
    for _ in 0..100 {
        blocks.push(local.allocate().expect("memory"));
    }
    let mut sorted = blocks.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), blocks.len(), "no block twice");
    for block in blocks {
        // SAFETY: ours.
        unsafe { local.deallocate(block) };
    }
    drop(local);
    assert_eq!(pool.stats().carved_blocks, pool.census().free_blocks(), "nothing is lost");
}

#[test]
fn a_pool_goes_on_after_a_refused_free() {
    fn every<S: Strategy>() {
        goes_on(builder(24).strategy::<S>().checked());
        goes_on(builder(64).strategy::<S>().hardened());
    }
    common::with_every_strategy!(every);
}

/// A bulk free that is refused in the middle has freed what comes before, and nothing else.
#[test]
fn of_several_blocks_those_behind_a_refused_one_stay_live() {
    let mut pool = builder(24).checked().build().expect("a pool");
    let local = pool.local().expect("memory");
    let [before, behind] = [(); 2].map(|()| local.allocate().expect("memory"));
    let free = core::panic::AssertUnwindSafe(|| {
        // SAFETY: none, that is the test; the pool is checked.
        unsafe { local.deallocate_many(&[before, before, behind]) };
    });
    assert!(std::panic::catch_unwind(free).is_err());
    assert!(refused(&local, before).contains("freed twice"));
    // SAFETY: still ours.
    unsafe { local.deallocate(behind) };
    drop(local);
    assert_eq!(pool.stats().carved_blocks, pool.census().free_blocks(), "nothing is lost");
}
