//! The checks of [`Checked`] and [`Hardened`].
//!
//! A hit finds the block's word through the chunk that its handle used last, compares the word and
//! sets it, without an RMW. If anything differs from what the hit expects, a function out of line
//! repeats the check from the start.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

use super::Checks;
use super::exact::Exact;
use super::known::{self, Record};
use super::misuse::{Misuse, Named};
use super::poison::{self, Poison};
use super::sealed::Sealed;
use super::shadow::{self, BlockState, Near, Span, Spans, Word};
use crate::block::{Block, BlockLayout};
use crate::sync::{PoolId, opaque};

/// How many freed blocks a handle of a hardened pool holds back. A power of two.
const QUARANTINE: usize = 16;

/// A checking that keeps a word for each block and compares it whenever the block changes hands.
/// With `HARD`, the pool also fills freed blocks, compares the fill before it hands a block out
/// again, holds freed blocks back for a while, and hands out fresh blocks in a random order.
pub struct Tracked<const HARD: bool> {
    pool: PoolId,
    spans: Spans,
    exact: Exact,
    stride: usize,
    poison: Poison,
    /// The seed of the random order of fresh blocks.
    seed: u64,
}

/// The pool checks that each freed block is a live block of the pool, and panics if it is not.
/// [`PoolBuilder::checked`](crate::PoolBuilder::checked) chooses it; the chapter
/// [`checking`](crate::docs::checking) has the cost.
pub type Checked = Tracked<false>;

/// As [`Checked`], and the pool also finds writes to freed blocks.
/// [`PoolBuilder::hardened`](crate::PoolBuilder::hardened) chooses it; the chapter
/// [`checking`](crate::docs::checking) has the cost.
pub type Hardened = Tracked<true>;

impl<const HARD: bool> Sealed for Tracked<HARD> {}

// SAFETY: spans and words are written before they are published. Afterwards threads only share
// them, and the words are atomic.
unsafe impl<const HARD: bool> Send for Tracked<HARD> {}
// SAFETY: as above.
unsafe impl<const HARD: bool> Sync for Tracked<HARD> {}

/// What a handle keeps: the chunk that it used last, and copies of values of the pool.
pub struct CheckState {
    near: Cell<Near>,
    /// The size of a block.
    stride: usize,
    poison: Poison,
    /// The address of the handle's slot.
    slot: usize,
}

opaque! {
    [const HARD: bool] Tracked<HARD>;
    [] CheckState;
}

impl CheckState {
    /// The word of a block, if the block is in the chunk that was used last.
    fn near<'l>(&self, block: Block) -> Option<&'l Word> {
        let near = self.near.get();
        let nth = near.number(block.0.addr().get())?;
        // SAFETY: `number` returned `nth`. `Tracked` and its spans outlive the handles' states.
        Some(unsafe { near.word(nth) })
    }

    fn cached(&self) -> BlockState {
        BlockState::cached(self.slot)
    }

    /// The block's bytes, by a pointer that may access all of them, even if the user's pointer may
    /// not. The block is in the chunk that was used last.
    #[inline(always)]
    fn bytes(&self, block: Block) -> NonNull<u8> {
        self.near.get().first.with_addr(block.0.addr())
    }

    /// Whether blocks are filled and compared inline.
    #[inline(always)]
    fn is_short(&self) -> bool {
        self.stride == poison::LINE
    }
}

impl<const HARD: bool> Tracked<HARD> {
    /// The word of a block, and its name. The block's chunk becomes the one that was used last.
    ///
    /// # Errors
    ///
    /// The misuse, if the pointer is not to the start of a block of this pool.
    fn find<'l>(&'l self, state: &CheckState, block: Block) -> Result<(&'l Word, Named), Misuse> {
        let address = block.0.addr().get();
        // Only one search: a second one could find a chunk that was added meanwhile.
        let Some(span) = self.spans.find(self.stride, address) else {
            return Err(self.elsewhere(address));
        };
        let name = |number| Named { pool: self.pool, block: span.before + number };
        let near = span.near(self.exact);
        let Some(nth) = near.number(address) else {
            let offset = address - span.first.addr().get();
            return Err(Misuse::Interior(name(offset / self.stride), offset % self.stride));
        };
        state.near.set(near);
        // SAFETY: `number` returned `nth`, and the spans live as long as `Tracked`.
        Ok((unsafe { near.word(nth) }, name(nth)))
    }

    /// The misuse of a pointer that does not point into any chunk of this pool.
    fn elsewhere(&self, address: usize) -> Misuse {
        let Some(record) = known::find(address) else {
            return Misuse::Foreign(address, self.pool);
        };
        let number = record.before + (address - record.first) / record.stride;
        let block = Named { pool: record.pool, block: number };
        if record.dropped {
            Misuse::DroppedPool(block, self.pool)
        } else {
            Misuse::OtherPool(block, self.pool)
        }
    }

    /// The misuse of a block whose word says that it is elsewhere.
    fn astray(word: &Word, name: Named) -> Misuse {
        Misuse::FreedAtOnce(name, word.generation())
    }

    /// The word of a block that came from a cache or a magazine of this pool, through the chunk
    /// used last if possible.
    fn own<'l>(&'l self, state: &CheckState, block: Block) -> &'l Word {
        state.near(block).unwrap_or_else(|| self.named(state, block).0)
    }

    fn named<'l>(&'l self, state: &CheckState, block: Block) -> (&'l Word, Named) {
        self.find(state, block).expect("caches and magazines hold blocks of the pool")
    }
}

impl<const HARD: bool> Checks for Tracked<HARD> {
    const NAME: &'static str = if HARD { "hardened" } else { "checked" };
    const CHECKS: bool = true;
    const QUARANTINE: usize = if HARD { QUARANTINE } else { 0 };
    const CHUNK_LIMIT: usize = shadow::MOST_BLOCKS;
    type State = CheckState;

    fn new(pool: PoolId, blocks: BlockLayout, zero: bool) -> Self {
        Self {
            pool,
            spans: Spans::new(),
            exact: Exact::by(blocks.stride()),
            stride: blocks.stride(),
            poison: Poison::new(zero),
            seed: if HARD { dice::seed() } else { 0 },
        }
    }

    fn check_state(&self, slot: usize) -> CheckState {
        CheckState { near: Cell::new(Near::NONE), slot, stride: self.stride, poison: self.poison }
    }

    fn room(blocks: usize) -> Option<Layout> {
        Span::layout(blocks)
    }

    unsafe fn add_chunk(&self, room: NonNull<u8>, first: NonNull<u8>, blocks: usize) {
        // SAFETY: by the caller.
        let before = unsafe { self.spans.add(room, first, blocks) };
        known::remember(Record {
            pool: self.pool,
            dropped: false,
            first: first.addr().get(),
            stride: self.stride,
            blocks,
            before,
        });
    }

    unsafe fn carved(&self, blocks: &mut [Block]) {
        if !HARD {
            return;
        }
        let Some(first) = blocks.first() else { return };
        dice::shuffle(self.seed ^ first.0.addr().get() as u64, blocks);
        for block in blocks {
            // SAFETY: by the caller, and the carver's pointer may access the whole block.
            unsafe { self.poison.fill(block.0, self.stride) };
        }
    }

    #[inline(always)]
    unsafe fn hand_out(&self, state: &CheckState, slot: usize, block: Block) -> bool {
        let near = state.near.get();
        let Some(nth) = near.number(block.0.addr().get()) else { return false };
        // SAFETY: `number` returned `nth`, and the spans live as long as `Tracked`.
        let word = unsafe { near.word(nth) };
        if !word.is(BlockState::cached(slot)) {
            return false;
        }
        // SAFETY: the block lies in the chunk used last, has the length of a line, and was taken
        // from the handle's own cache.
        if HARD && !(state.is_short() && unsafe { state.poison.is_whole_line(state.bytes(block)) })
        {
            return false;
        }
        word.set(BlockState::LIVE);
        word.handed_out();
        true
    }

    unsafe fn verify_alloc(&self, state: &CheckState, block: Block) -> Result<(), Misuse> {
        let word = self.own(state, block);
        if !word.is(state.cached()) {
            return Err(Self::astray(word, self.named(state, block).1));
        }
        let bytes = state.bytes(block);
        // SAFETY: the block was taken from the handle's own cache. It was filled when it was freed
        // or carved.
        if HARD && let Some((at, found)) = unsafe { self.poison.first_wrong(bytes, self.stride) } {
            // The block stays usable once the write has been reported.
            // SAFETY: as above.
            unsafe { self.poison.fill(bytes, self.stride) };
            let name = self.named(state, block).1;
            return Err(Misuse::Written(name, at, found, self.poison.byte()));
        }
        word.set(BlockState::LIVE);
        word.handed_out();
        Ok(())
    }

    #[inline(always)]
    unsafe fn take_in(&self, state: &CheckState, slot: usize, block: Block) -> bool {
        let near = state.near.get();
        let Some(nth) = near.number(block.0.addr().get()) else { return false };
        // SAFETY: `number` returned `nth`, and the spans live as long as `Tracked`.
        let word = unsafe { near.word(nth) };
        if !word.is(BlockState::LIVE) || HARD && !state.is_short() {
            return false;
        }
        word.set(BlockState::cached(slot));
        if HARD {
            // SAFETY: the block lies in the chunk used last, has the length of a line, and its user
            // has freed it.
            unsafe { state.poison.fill_line(state.bytes(block)) };
        }
        true
    }

    unsafe fn verify_free(&self, state: &CheckState, block: Block) -> Result<(), Misuse> {
        let word = match state.near(block) {
            Some(word) => word,
            None => self.find(state, block)?.0,
        };
        if !word.is(BlockState::LIVE) {
            let name = self.find(state, block)?.1;
            return Err(match word.generation() {
                0 => Misuse::NeverHandedOut(name),
                generation => Misuse::FreedTwice(name, generation),
            });
        }
        word.set(state.cached());
        if HARD {
            // SAFETY: the block lies in the chunk used last, and its user has freed it.
            unsafe { self.poison.fill(state.bytes(block), self.stride) };
        }
        Ok(())
    }

    unsafe fn leaves_cache(&self, state: &CheckState, block: Block) -> Result<(), Misuse> {
        let word = self.own(state, block);
        word.exchange(state.cached(), BlockState::IN_MAGAZINE)
            .map_err(|_| Self::astray(word, self.named(state, block).1))
    }

    unsafe fn enters_cache(&self, state: &CheckState, block: Block) -> Result<(), Misuse> {
        let word = self.own(state, block);
        word.exchange(BlockState::IN_MAGAZINE, state.cached())
            .or_else(|_| word.exchange(BlockState::FRESH, state.cached()))
            .map_err(|_| Self::astray(word, self.named(state, block).1))
    }
}

impl<const HARD: bool> Drop for Tracked<HARD> {
    fn drop(&mut self) {
        known::dropped(self.pool);
    }
}

/// A random order, to expose callers that rely on an order which the pool does not promise. It is
/// not secret.
mod dice {
    use core::hash::BuildHasher;
    use std::hash::RandomState;

    /// A seed that differs between pools and between processes.
    pub(super) fn seed() -> u64 {
        RandomState::new().hash_one(0_u8)
    }

    /// The shuffle of Fisher and Yates, with random numbers of SplitMix64.
    pub(super) fn shuffle<T>(seed: u64, items: &mut [T]) {
        let mut state = seed;
        for last in (1..items.len()).rev() {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let below = last as u64 + 1;
            let other = usize::try_from((mixed ^ (mixed >> 31)) % below);
            items.swap(last, other.expect("below a length"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::Regions;
    use crate::source::SystemSource;

    /// Two threads free one block at one time. Here their steps run one after the other: both find
    /// the block live, and both put it into their caches.
    #[test]
    fn the_copy_that_lies_in_the_wrong_cache_is_found() {
        let mut regions = Regions::new(SystemSource);
        let blocks = BlockLayout::new(Layout::new::<[u64; 3]>(), 4096).unwrap();
        let checking = Tracked::<false>::new(PoolId::next(), blocks, false);
        let layout = Tracked::<false>::room(4).unwrap();
        let (layout, blocks_at) = layout.extend(blocks.run(4).unwrap()).unwrap();
        let room = regions.obtain(layout).unwrap();
        // SAFETY: within the room.
        let first = unsafe { room.add(blocks_at) };
        // SAFETY: one thread; the regions outlive `checking`.
        unsafe { checking.add_chunk(room, first, 4) };
        let block = Block(first);
        let (one, other) = (checking.check_state(64), checking.check_state(128));
        let name = Named { pool: checking.pool, block: 0 };

        macro_rules! on {
            ($call:ident($($argument:expr),*)) => {
                // SAFETY: one thread plays both handles, and says what each does with its copy.
                unsafe { checking.$call($($argument),*) }
            };
        }
        assert_eq!(on!(enters_cache(&one, block)), Ok(()));
        assert_eq!(on!(verify_alloc(&one, block)), Ok(()));
        let live = checking.own(&one, block);
        assert!(on!(take_in(&one, 64, block)));
        // The other thread has read the state before that.
        live.set(BlockState::LIVE);
        assert_eq!(on!(verify_free(&other, block)), Ok(()));

        let twice = Err(Misuse::FreedAtOnce(name, 1));
        assert!(!on!(hand_out(&one, 64, block)));
        assert_eq!(on!(verify_alloc(&one, block)), twice, "at a pop");
        assert_eq!(on!(leaves_cache(&one, block)), twice, "at a flush");
        assert_eq!(on!(leaves_cache(&other, block)), Ok(()));
        assert_eq!(on!(enters_cache(&other, block)), Ok(()));
        assert_eq!(on!(enters_cache(&one, block)), twice, "at a refill");
        assert!(on!(hand_out(&other, 128, block)), "the other copy is the block");
    }
}
