//! Handles come and go.

use atomics::Path;
use stampool::{Checking, Local, Strategy, ThreadLocalPool};
use steered::count::accesses;

use super::script::Tally;

/// Counts what handles of a new pool do when they come and go, without blocks and with some.
/// `local` leads to the handle inside one.
pub(super) fn run<'p, L, S: Strategy + 'p, C: Checking + 'p>(
    make: impl Fn() -> L,
    local: impl Fn(&L) -> &Local<'p, S, C>,
    tally: &mut Tally,
) {
    let handle = attach(Path::AttachNew, &make, tally);
    detach(Path::DetachEmpty, handle, 0, tally);
    let handle = attach(Path::Attach, &make, tally);
    let block = local(&handle).allocate().expect("memory");
    let blocks = local(&handle).cached_blocks();
    detach(Path::Detach, handle, blocks as u64, tally);
    // SAFETY: allocated above, of the same pool.
    unsafe { local(&make()).deallocate(block) };
}

fn attach<L>(path: Path, make: impl Fn() -> L, tally: &mut Tally) -> L {
    let mut handle = None;
    let accesses = accesses(|| handle = Some(make()));
    tally.add(path, 0, &accesses);
    handle.expect("just made")
}

fn detach<L>(path: Path, handle: L, blocks: u64, tally: &mut Tally) {
    let accesses = accesses(|| drop(handle));
    tally.add(path, blocks, &accesses);
}

/// Counts the calling thread's first allocation. Nothing is carved in it.
pub(super) fn first_call(pool: &ThreadLocalPool, tally: &mut Tally) {
    let batch = pool.stats().batch_blocks;
    pool.prefill(batch, 0).expect("memory");
    let mut block = None;
    let accesses = accesses(|| block = pool.allocate().ok());
    tally.add(Path::FirstCall, batch as u64, &accesses);
    // SAFETY: allocated just now.
    unsafe { pool.deallocate(block.expect("memory")) };
}
