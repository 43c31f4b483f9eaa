//! A subject whose live blocks and handles are counted: for memory, not for times.

use core::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;

use stampool::Block;

use crate::loops::touch;
use crate::{Handle, Measured, Subject};

/// Counts what `subject` has handed out, and touches it.
///
/// A block counts from the return of `allocate` to the call of `deallocate`, which is a little less
/// than it is live; a handle from before it is made until it is gone, which is a little more.
#[derive(Debug)]
pub struct Counted<'s, S> {
    subject: &'s S,
    /// Bytes of a block, a word of each line of which is written when it is allocated; 0 leaves it
    /// alone.
    touched_bytes: usize,
    blocks: CachePadded<Count>,
    handles: CachePadded<Count>,
}

impl<'s, S: Measured> Counted<'s, S> {
    /// Nothing counted yet.
    pub fn new(subject: &'s S, touched_bytes: usize) -> Self {
        let (blocks, handles) = (CachePadded::default(), CachePadded::default());
        Self { subject, touched_bytes, blocks, handles }
    }

    /// Blocks that are live.
    pub fn live_blocks(&self) -> usize {
        self.blocks.now()
    }

    /// The most blocks that were live at one time.
    pub fn peak_blocks(&self) -> usize {
        self.blocks.peak()
    }

    /// The most handles that there were at one time.
    pub fn peak_handles(&self) -> usize {
        self.handles.peak()
    }
}

/// A number and its peak.
#[derive(Debug, Default)]
struct Count {
    now: AtomicUsize,
    peak: AtomicUsize,
}

impl Count {
    // Relaxed, all of it: what makes one thread's step follow another's orders them here, too.
    fn up(&self) {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        if now > self.peak.load(Ordering::Relaxed) {
            self.peak.fetch_max(now, Ordering::Relaxed);
        }
    }

    fn down(&self) {
        self.now.fetch_sub(1, Ordering::Relaxed);
    }

    fn now(&self) -> usize {
        self.now.load(Ordering::Relaxed)
    }

    fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }
}

/// One thread's access.
#[derive(Debug)]
pub struct CountedHandle<'s, H> {
    handle: H,
    touched_bytes: usize,
    blocks: &'s Count,
    // After the handle: it counts until that is gone.
    _counted: CountedDown<'s>,
}

/// Counts a handle.
#[derive(Debug)]
struct CountedDown<'s>(&'s Count);

impl Drop for CountedDown<'_> {
    fn drop(&mut self) {
        self.0.down();
    }
}

impl<S: Measured> Subject for Counted<'_, S> {
    type Refusal = S::Refusal;
    type Handle<'h>
        = CountedHandle<'h, S::Handle<'h>>
    where
        Self: 'h;

    fn attach(&self) -> Result<Self::Handle<'_>, S::Refusal> {
        self.handles.up();
        let _counted = CountedDown(&self.handles);
        let handle = self.subject.attach()?;
        Ok(CountedHandle {
            handle,
            touched_bytes: self.touched_bytes,
            blocks: &self.blocks,
            _counted,
        })
    }
}

impl<S: Measured> Measured for Counted<'_, S> {
    const KEPT: bool = S::KEPT;

    fn blocks(&self) -> Option<usize> {
        self.subject.blocks()
    }
}

impl<H: Handle> Handle for CountedHandle<'_, H> {
    type Refusal = H::Refusal;

    #[inline]
    fn allocate(&mut self) -> Result<Block, H::Refusal> {
        let block = self.handle.allocate()?;
        self.blocks.up();
        touch::write(block, self.touched_bytes);
        Ok(block)
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: Block) {
        self.blocks.down();
        // SAFETY: by the caller.
        unsafe { self.handle.deallocate(block) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Take as _;
    use crate::batch::Batch;
    use crate::subject::block_of;
    use crate::subjects::{per_thread, pool};
    use crate::workload::Workload;
    use stampool::TaggedWide;

    fn comes_back<S: Measured>(workload: Workload, subject: &S, batch: Batch) {
        let counted = Counted::new(subject, workload.size_bytes);
        for operations in [1, 2000] {
            workload.sample(&counted, operations);
            assert_eq!(counted.live_blocks(), 0, "{workload} keeps blocks");
        }
        let (live, handles) = (counted.peak_blocks(), counted.peak_handles());
        assert!((1..=workload.live_blocks()).contains(&live), "{workload}: {live} blocks");
        assert!((1..=workload.threads() + 1).contains(&handles), "{workload}: {handles} handles");
        let handles = if S::KEPT { workload.users() } else { handles };
        let (carved, bound) = (subject.blocks(), batch.bound_blocks(live, handles));
        assert!(carved.is_some_and(|blocks| blocks <= bound), "{workload}: {carved:?} of {bound}");
    }

    #[test]
    fn every_workload_gives_back_all_and_has_no_more_than_it_says() {
        for workload in Workload::list(&[1, 2], &[64]) {
            let (layout, batch) = (block_of(workload.size_bytes), Batch::SMALL);
            comes_back(workload, &pool::<TaggedWide>(layout, batch), batch);
            comes_back(workload, &per_thread::<TaggedWide>(layout, batch), batch);
        }
    }

    #[test]
    fn blocks_and_handles_count_while_they_are_there() {
        let pool = pool::<TaggedWide>(block_of(64), Batch::SMALL);
        let counted = Counted::new(&pool, 64);
        let (mut one, mut other) = (counted.handle(), counted.handle());
        let blocks = [one.take(), one.take(), other.take()];
        assert_eq!((counted.live_blocks(), counted.peak_handles()), (3, 2));
        for block in blocks {
            // SAFETY: allocated above, and freed once.
            unsafe { other.deallocate(block) };
        }
        drop(one);
        let third = counted.handle();
        assert_eq!((counted.live_blocks(), counted.peak_blocks()), (0, 3));
        assert_eq!((counted.handles.now(), counted.peak_handles()), (2, 2));
        drop((other, third));
        assert_eq!(counted.handles.now(), 0);
    }
}
