//! The paths of a pool by themselves, to be counted: `cargo xtask instructions` runs this under
//! callgrind and counts the instructions within `counted`.

use core::alloc::Layout;
use core::hint::black_box;
use core::ptr::NonNull;
use stampool::{Block, Checked, Checking, Hardened, Local, Pool, TaggedWide};

/// Operations of each path.
const OPERATIONS: usize = 1000;

type Handle<'p> = Local<'p, TaggedWide>;

/// Blocks in a batch. A pool without a chosen batch would adapt to the paths, and exchange nothing.
const BATCH: usize = 64;

fn pool() -> Pool {
    let builder = Pool::builder(Layout::new::<[u64; 8]>()).batch(BATCH);
    builder.build().expect("a valid pool")
}

/// What is counted: whatever `work` executes.
#[inline(never)]
fn counted(work: impl FnOnce()) {
    work();
}

/// Allocates a block and frees it, over and over: neither exchanges.
fn path_hit<C: Checking>(local: &Local<'_, TaggedWide, C>) {
    for _ in 0..OPERATIONS {
        let block = black_box(local.allocate().expect("memory"));
        // SAFETY: just allocated from the same pool.
        unsafe { local.deallocate(block) };
    }
}

/// Allocates and frees blocks enough for exchanges in both directions. Nothing is carved: the same
/// was done before.
fn path_exchange(local: &Handle<'_>, blocks: &mut [Block]) {
    path_carve(local, blocks);
    for &block in &*blocks {
        // SAFETY: allocated just now, and freed once.
        unsafe { local.deallocate(block) };
    }
}

/// Allocates from a pool that has no blocks yet.
fn path_carve(local: &Handle<'_>, blocks: &mut [Block]) {
    for block in blocks {
        *block = black_box(local.allocate().expect("memory"));
    }
}

/// Hits of a pool with this checking.
fn checked_hit<C: Checking>() {
    let builder = Pool::builder(Layout::new::<[u64; 8]>()).batch(BATCH).checking::<C>();
    let pool = builder.build().expect("a valid pool");
    let local = pool.local().expect("memory");
    path_hit(&local);
    counted(|| path_hit(&local));
}

fn main() {
    let pool = pool();
    let local = pool.local().expect("memory");
    let blocks = &mut [Block::from(NonNull::dangling()); OPERATIONS];
    match std::env::args().nth(1).as_deref() {
        Some("hit") => {
            path_hit(&local);
            counted(|| path_hit(&local));
        }
        Some("exchange") => {
            path_exchange(&local, blocks);
            counted(|| path_exchange(&local, blocks));
        }
        Some("carve") => counted(|| path_carve(&local, blocks)),
        Some("checked") => checked_hit::<Checked>(),
        Some("hardened") => checked_hit::<Hardened>(),
        other => panic!("hit, exchange, carve, checked or hardened, not {other:?}"),
    }
}
