//! The hit path by itself, to be read as assembly: `cargo xtask hit-path` compiles this file,
//! prints the probes and judges them. The mutants are there to be found guilty.

use core::alloc::Layout;
use core::hint::black_box;
use core::sync::atomic::{AtomicUsize, Ordering};

use stampool::{Block, Local, Pool, TaggedWide};

type Handle<'p> = Local<'p, TaggedWide>;

/// Allocates, as a program would.
#[inline(never)]
pub fn probe_allocate(local: &Handle<'_>) -> Option<Block> {
    local.allocate().ok()
}

/// Deallocates, as a program would.
///
/// # Safety
///
/// As [`Local::deallocate`].
#[inline(never)]
pub unsafe fn probe_deallocate(local: &Handle<'_>, block: Block) {
    // SAFETY: by the caller.
    unsafe { local.deallocate(block) };
}

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Must be found guilty: counts every allocation.
#[inline(never)]
pub fn mutant_with_an_atomic(local: &Handle<'_>) -> Option<Block> {
    COUNT.fetch_add(1, Ordering::Relaxed);
    local.allocate().ok()
}

/// Must be found guilty: calls something on every allocation.
#[inline(never)]
pub fn mutant_with_a_call(local: &Handle<'_>) -> Option<Block> {
    local.allocate().ok().map(not_inlined)
}

#[inline(never)]
fn not_inlined(block: Block) -> Block {
    black_box(block)
}

fn main() {
    let pool = Pool::builder(Layout::new::<[u64; 8]>()).build().expect("a valid pool");
    let local = pool.local().expect("memory");
    for allocate in [probe_allocate, mutant_with_an_atomic, mutant_with_a_call] {
        let block = allocate(&local).expect("memory");
        // SAFETY: just allocated from the same pool.
        unsafe { probe_deallocate(&local, block) };
    }
}
