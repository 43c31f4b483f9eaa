//! Mutated subjects above the lists.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use stampool::raw::each_strategy;
use stampool::{
    AllocError, Block, Local, Pool, Source, Stamped, Strategy, SystemSource, TaggedPacked,
};

use crate::names::{Slot, Way};
use crate::subject::{Examined as _, Handle, Refused, Subject, examined_through};

/// Memory with a line to spare behind each region, so that what runs over a region's last block
/// runs into nothing.
struct Roomy(SystemSource);

const SPARE: usize = 64;

fn roomy(layout: Layout) -> Option<Layout> {
    Layout::from_size_align(layout.size() + SPARE, layout.align()).ok()
}

// SAFETY: as the source inside, of which each region is the first part of one.
unsafe impl Source for Roomy {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.obtain(roomy(layout)?)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        let layout = roomy(layout).expect("it was obtained");
        // SAFETY: by the caller, obtained above by the layout that follows from this one.
        unsafe { self.0.release(region, layout) };
    }
}

/// A pool whose users write one byte behind a block as they free it, at one free in [`EVERY`].
pub(super) struct Overrun {
    pool: Pool<TaggedPacked>,
    frees: AtomicU64,
}

const EVERY: u64 = 64;

impl Overrun {
    pub(super) fn new(layout: Layout, batch: usize) -> Result<Self, Refused> {
        let builder = Pool::builder(layout).strategy::<TaggedPacked>().batch(batch);
        let built = builder.source(Roomy(SystemSource)).build();
        let pool = built.map_err(Refused::by)?;
        Ok(Self { pool, frees: AtomicU64::new(0) })
    }
}

/// One thread's way in.
pub(super) struct OverrunHandle<'a> {
    local: Local<'a, TaggedPacked>,
    overrun: &'a Overrun,
}

impl Subject for Overrun {
    type Refusal = AllocError;
    type Handle<'a> = OverrunHandle<'a>;

    fn attach(&self) -> Result<OverrunHandle<'_>, AllocError> {
        Ok(OverrunHandle { local: self.pool.local()?, overrun: self })
    }
}

examined_through! { [] Overrun, pool, }

impl Handle for OverrunHandle<'_> {
    type Refusal = AllocError;

    fn allocate(&mut self) -> Result<Block, AllocError> {
        self.local.allocate()
    }

    unsafe fn deallocate(&mut self, block: Block) {
        if (self.overrun.frees.fetch_add(1, Relaxed) + 1).is_multiple_of(EVERY) {
            let size = self.overrun.layout().size();
            // SAFETY: one behind the block, where another block is, or the spare line.
            let behind = unsafe { block.0.add(size) };
            steered::point();
            // SAFETY: within the region. Whose it is, is the fault.
            unsafe { behind.as_ptr().write_volatile(0x5A) };
        }
        // SAFETY: the caller's contract is the same.
        unsafe { self.local.deallocate(block) };
    }
}

/// Checks a name, and then ends whatever turn its block has.
pub(super) fn free_by_check_and_act(local: &Way<'_>, name: Stamped<Slot>) -> bool {
    let Some(slot) = local.pool().get(name) else { return false };
    local.free(slot.me.load(Relaxed)).is_ok()
}

/// Strategies by the names that the command line knows.
pub(super) fn of_strategy<R>(name: &str, with: impl WithStrategy<R>) -> Option<R> {
    each_strategy!(S => {
        if name == S::NAME {
            return Some(with.run::<S>());
        }
    });
    None
}

/// What is done with a strategy.
pub(super) trait WithStrategy<R> {
    /// Does it.
    fn run<S: Strategy>(self) -> R;
}
