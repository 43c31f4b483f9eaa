//! A word for each block, in front of the blocks of the chunk, and the search for the word of an
//! address.
//!
//! - CS1. A span is written once, before it is published, and lives as long as the list.
//! - CS2. The words of a chunk lie in reverse order and end where the first block begins, so that
//!   the address of the first block leads to blocks and words. Blocks begin at a multiple of 8
//!   bytes, as room and words do.
//! - CS3. A span has at most [`MOST_BLOCKS`] blocks, so that their number fits into a handle's word
//!   beside the rotation. [`Span::layout`] refuses more.

use core::alloc::Layout;
use core::ptr::{self, NonNull};

use super::exact::Exact;
use crate::sync::{AtomicPtr, AtomicU32, Witness, site};

/// The low bits of a handle's word that hold the rotation. The number of blocks is in the bits
/// above.
const ROTATION_BITS: u32 = 8;

/// The most blocks that a chunk of a checked pool may have: 2^56 - 1, and 2^24 - 1 on 32 bits.
#[allow(clippy::cast_possible_truncation, reason = "a word's width is the argument")]
pub(super) const MOST_BLOCKS: usize = most_blocks(usize::BITS) as usize;

/// The most blocks that a word of `bits` bits has room for.
const fn most_blocks(bits: u32) -> u64 {
    u64::MAX >> (u64::BITS - bits) >> ROTATION_BITS
}

/// A word of `bits` bits that holds both numbers, or `None` if `blocks` does not fit.
const fn pack(bits: u32, blocks: u64, rotation: u32) -> Option<u64> {
    debug_assert!(rotation >> ROTATION_BITS == 0, "a rotation is below the width of a word");
    if blocks > most_blocks(bits) {
        return None;
    }
    Some(blocks << ROTATION_BITS | rotation as u64)
}

/// Where a block is. The parent module says which thread may change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockState(u32);

impl BlockState {
    /// Never in a cache.
    pub(super) const FRESH: Self = Self(1);
    /// Owned by a user.
    pub(super) const LIVE: Self = Self(2);
    /// In a magazine.
    pub(super) const IN_MAGAZINE: Self = Self(3);

    /// In the cache of the slot at this address, or of one that lies a multiple of 4 GiB away.
    #[allow(clippy::cast_possible_truncation, reason = "told apart as far as there is room")]
    #[inline(always)]
    pub(super) const fn cached(slot: usize) -> Self {
        // Slots are aligned to 64 bytes, so this differs from the other states.
        Self(slot as u32)
    }
}

/// What a pool keeps about one block.
#[repr(C)]
pub(super) struct Word {
    state: AtomicU32,
    /// How often the block was handed out. It is not in one word with the state, because each
    /// change would then depend on the one before it.
    generation: AtomicU32,
}

impl Word {
    fn fresh() -> Self {
        Self { state: AtomicU32::new(BlockState::FRESH.0), generation: AtomicU32::new(0) }
    }

    #[inline(always)]
    pub(super) fn is(&self, state: BlockState) -> bool {
        self.state() == state
    }

    #[inline(always)]
    pub(super) fn state(&self) -> BlockState {
        // ORDERING(CK-3): Relaxed. The owner of the block has acquired the last change with it. A
        //   thread that does not own it gets a diagnosis and no access.
        BlockState(self.state.load(site::BLOCK_STATE.ordering()))
    }

    #[inline(always)]
    pub(super) fn set(&self, state: BlockState) {
        // ORDERING(CK-3): Relaxed. As above; the state travels with the block.
        self.state.store(state.0, site::BLOCK_STATE.ordering());
    }

    /// Changes the state, if it is `from`.
    pub(super) fn exchange(&self, from: BlockState, to: BlockState) -> Result<(), BlockState> {
        let order = site::BLOCK_EXCHANGE.ordering();
        // ORDERING(CK-4): Relaxed. Only its place in the order of changes matters.
        self.state
            .compare_exchange(from.0, to.0, order, order)
            .map_or_else(|found| Err(BlockState(found)), |_| Ok(()))
    }

    pub(super) fn generation(&self) -> u32 {
        // ORDERING(CK-5): Relaxed. As CK-3.
        self.generation.load(site::BLOCK_GENERATION.ordering())
    }

    /// Counts one more hand-out.
    #[inline(always)]
    pub(super) fn handed_out(&self) {
        let order = site::BLOCK_GENERATION.ordering();
        // ORDERING(CK-5): Relaxed. Only the thread that takes the block out of its cache changes
        // it.
        let generation = self.generation.load(order);
        self.generation.store(generation.wrapping_add(1), order);
    }
}

/// A chunk with the words of its blocks.
pub(super) struct Span {
    pub(super) first: NonNull<u8>,
    pub(super) blocks: usize,
    /// The number of blocks in the earlier spans.
    pub(super) before: usize,
    next: *const Span,
    created: Witness,
}

impl Span {
    /// The layout of a span and its words, padded to its alignment. `None` for more than
    /// [`MOST_BLOCKS`] blocks, or if it overflows.
    pub(super) fn layout(blocks: usize) -> Option<Layout> {
        if blocks > MOST_BLOCKS {
            return None;
        }
        let words = Layout::array::<Word>(blocks).ok()?;
        Some(Layout::new::<Self>().extend(words).ok()?.0.pad_to_align())
    }

    /// What a handle remembers of the span.
    pub(super) fn near(&self, exact: Exact) -> Near {
        let (inverse, shift) = exact.parts();
        let packed = pack(usize::BITS, self.blocks as u64, shift);
        let packed = packed.and_then(|word| usize::try_from(word).ok());
        let packed = packed.expect("CS3: the layout of a longer span was refused");
        Near { first: self.first, packed, inverse }
    }

    /// Bytes from the first block to `address`, if `address` lies in a block of the span.
    pub(super) fn offset(&self, stride: usize, address: usize) -> Option<usize> {
        let offset = address.checked_sub(self.first.addr().get())?;
        (offset / stride < self.blocks).then_some(offset)
    }
}

/// What a handle remembers of the span that it used last. It has few words, because each hit loads
/// all of them.
#[derive(Clone, Copy)]
pub(super) struct Near {
    pub(super) first: NonNull<u8>,
    /// The number of blocks, and the rotation in the lowest 8 bits.
    packed: usize,
    inverse: usize,
}

impl Near {
    /// No span.
    pub(super) const NONE: Self = Self { first: NonNull::dangling(), packed: 0, inverse: 0 };

    /// The number of the block that begins at `address`, if one does.
    #[allow(clippy::cast_possible_truncation, reason = "a byte")]
    #[inline(always)]
    pub(super) fn number(&self, address: usize) -> Option<usize> {
        let Self { first, packed, inverse } = *self;
        let offset = address.wrapping_sub(first.addr().get());
        let nth = Exact::new(inverse, (packed & 0xFF) as u32).divide(offset);
        (nth < packed >> ROTATION_BITS).then_some(nth)
    }

    /// The word of block number `nth`.
    ///
    /// # Safety
    ///
    /// [`number`](Self::number) has returned `nth`, and the list of spans lives.
    #[inline(always)]
    pub(super) unsafe fn word<'w>(&self, nth: usize) -> &'w Word {
        let words = self.first.cast::<Word>();
        // SAFETY: CS2, and by the caller.
        let word = unsafe { words.offset(!nth.cast_signed()) };
        // SAFETY: as above; words are only shared.
        unsafe { word.as_ref() }
    }
}

/// The list of a pool's spans, the newest first. It only grows.
pub(super) struct Spans(AtomicPtr<Span>);

impl Spans {
    pub(super) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Enters a chunk, and returns the number of blocks in the chunks before it.
    ///
    /// # Safety
    ///
    /// The caller holds the growth lock. `room` has [`Span::layout`] for `blocks`, and belongs to
    /// the list until the list is dropped. At most padding lies between it and the block `first`.
    pub(super) unsafe fn add(&self, room: NonNull<u8>, first: NonNull<u8>, blocks: usize) -> usize {
        let last = self.first();
        let before = last.map_or(0, |last| last.before + last.blocks);
        let next = last.map_or(ptr::null(), ptr::from_ref);
        let span = room.cast::<Span>();
        // SAFETY: by the caller the room is aligned, large enough and unused.
        unsafe { span.write(Span { first, blocks, before, next, created: Witness::created() }) };
        let words = first.cast::<Word>();
        for nth in 1..=blocks {
            // SAFETY: CS2. The room has space for a word for each block, and at most padding lies
            // between it and the first block.
            let word = unsafe { words.sub(nth) };
            // SAFETY: as above.
            unsafe { word.write(Word::fresh()) };
        }
        // ORDERING(CK-1): Release. Publishes the span and its words.
        //   pairs with CK-2 (look-up, Acquire); killed by checking/look_up_grow
        self.0.store(span.as_ptr(), site::SPANS_PUSH.ordering());
        before
    }

    fn first(&self) -> Option<&Span> {
        // ORDERING(CK-2): Acquire. Observes the spans and their words.
        //   pairs with CK-1 (growth, Release); killed by checking/look_up_grow
        let first = self.0.load(site::SPANS_LOAD.ordering());
        // SAFETY: CS1.
        unsafe { first.as_ref() }
    }

    /// The span in which `address` lies. The owner of a block always finds its span, because the
    /// span was published before the block.
    ///
    /// # Complexity
    ///
    /// A walk over the chunks.
    pub(super) fn find(&self, stride: usize, address: usize) -> Option<&Span> {
        let mut next = self.first();
        while let Some(span) = next {
            span.created.acquired();
            if span.offset(stride, address).is_some() {
                return Some(span);
            }
            // SAFETY: CS1.
            next = unsafe { span.next.as_ref() };
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On 32 bits, 2^24 blocks do not fit: their number would be shifted out of the word.
    #[test]
    fn a_word_holds_both_numbers_or_is_refused() {
        for bits in [32, 64] {
            let most = most_blocks(bits);
            for blocks in [0, 1, (1 << 24) - 1, 1 << 24, most - 1, most, most + 1, u64::MAX] {
                for rotation in [0, 1, bits - 1] {
                    let Some(word) = pack(bits, blocks, rotation) else {
                        assert!(blocks > most, "{blocks} blocks were refused for {bits} bits");
                        continue;
                    };
                    let word = word & (u64::MAX >> (64 - bits));
                    let parts = (word >> ROTATION_BITS, word & 0xFF);
                    assert_eq!(parts, (blocks, u64::from(rotation)), "in {bits} bits");
                }
            }
        }
        assert_eq!((most_blocks(32), most_blocks(64)), ((1 << 24) - 1, (1 << 56) - 1));
    }

    #[test]
    fn a_longer_span_has_no_layout() {
        assert!(Span::layout(MOST_BLOCKS + 1).is_none());
        assert!(Span::layout(1000).is_some());
    }
}
