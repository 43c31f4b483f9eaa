//! Programs of calls, and how they are made.

use core::alloc::Layout;

use super::random::Random;
use crate::source::LARGEST_ALIGN;

/// Which of the sizes that fit a block is passed back with it, in parts of 255: 0 is the requested
/// size, 255 the returned length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit(pub u8);

impl Fit {
    pub(super) fn size(self, requested: usize, returned: usize) -> usize {
        let slack = returned - requested;
        let part = usize::from(self.0);
        requested + slack / 255 * part + slack % 255 * part / 255
    }
}

/// One call. `which` chooses a live block: `usize::MAX` is the newest one, any other number is taken
/// modulo the number of live blocks and counts from the oldest. If there is no live block, the step
/// does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `allocate` or `allocate_zeroed`.
    Allocate {
        /// The layout.
        layout: Layout,
        /// Whether the block must be zero.
        zeroed: bool,
    },
    /// `deallocate`.
    Deallocate {
        /// The block.
        which: usize,
        /// The size passed back.
        fit: Fit,
    },
    /// `grow`, `grow_zeroed` or `grow_in_place`, to the returned length and `by` more.
    Grow {
        /// The block.
        which: usize,
        /// The size passed back.
        fit: Fit,
        /// Bytes more.
        by: usize,
        /// The new alignment.
        align: usize,
        /// Whether the new bytes must be zero.
        zeroed: bool,
        /// Whether the block must not move.
        in_place: bool,
    },
    /// `shrink` or `shrink_in_place`, to `to` parts in 255 of the requested size.
    Shrink {
        /// The block.
        which: usize,
        /// The size passed back.
        fit: Fit,
        /// The part that stays.
        to: u8,
        /// The new alignment.
        align: usize,
        /// Whether the block must not move.
        in_place: bool,
    },
    /// The allocator's value moves to another address.
    Move,
    /// `reset`, for allocators that have it.
    Reset,
}

/// What the source does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourcePlan {
    /// How far each region begins behind an address that is aligned to 64 KiB, before it is aligned
    /// as asked.
    pub skew: usize,
    /// The first call that is refused, counted from 0.
    pub refuse_from: usize,
    /// How many calls are refused.
    pub refuse: usize,
    /// The call that returns a misaligned region, if it is not refused.
    pub misalign: Option<usize>,
    /// By how many bytes each region can be extended.
    pub room: usize,
    /// Whether each region lies at lower addresses than the one before, instead of higher ones.
    pub is_falling: bool,
    /// In which steps the source counts ([`Source::granule`](crate::Source::granule)).
    pub granule: usize,
    /// The largest alignment that the source serves
    /// ([`Source::max_align`](crate::Source::max_align)).
    pub max_align: usize,
}

/// A source that refuses nothing, extends nothing, and counts in bytes.
impl Default for SourcePlan {
    fn default() -> Self {
        Self {
            skew: 0,
            refuse_from: 0,
            refuse: 0,
            misalign: None,
            room: 0,
            is_falling: false,
            granule: 1,
            max_align: LARGEST_ALIGN,
        }
    }
}

/// A program: what the source does, the calls, and in which order the last blocks are freed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// What the source does.
    pub source: SourcePlan,
    /// The calls.
    pub steps: Vec<Step>,
    /// Whether the blocks that are left at the end are freed from the oldest on. Otherwise the
    /// newest comes first.
    pub oldest_first: bool,
}

/// What a program may ask for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) size: usize,
    pub(super) align: usize,
    pub(super) steps: usize,
    pub(super) reset: bool,
    /// Whether there are requests near the largest size that a layout can have.
    pub(super) huge: bool,
    /// The least number that the source says is its largest alignment. If there is none, each
    /// source serves all alignments.
    pub(super) max_align_from: Option<usize>,
}

impl Program {
    /// The program of a seed.
    pub(super) fn generate(seed: u64, bounds: Bounds) -> Self {
        let random = &mut Random::new(seed);
        let refuse = if random.chance(1, 2) { 0 } else { 1 + random.below(3) };
        // Numbers of their own.
        let more = &mut Random::new(!seed);
        let source = SourcePlan {
            skew: if random.chance(1, 2) { 0 } else { random.below(4096) },
            refuse_from: random.below(5),
            refuse,
            misalign: random.chance(1, 8).then(|| random.below(4)),
            room: room(more),
            is_falling: more.chance(1, 2),
            granule: granule(more),
            max_align: max_align(more, bounds.max_align_from),
        };
        let len = 1 + random.below(bounds.steps);
        let mut steps = Vec::with_capacity(len);
        for _ in 0..len {
            let next = match random.chance(1, 8).then(|| again(random, &steps)).flatten() {
                Some(again) => again,
                None => step(random, bounds),
            };
            steps.push(next);
        }
        Self { source, steps, oldest_first: random.chance(1, 2) }
    }
}

/// By how many bytes a region can be extended: in one half of the programs not at all.
fn room(random: &mut Random) -> usize {
    match random.below(4) {
        0..2 => 0,
        2 => 1 + random.below(64),
        _ => 1 + random.below(100_000),
    }
}

/// In which steps the source counts: in one half of the programs in bytes, and often in pages.
fn granule(random: &mut Random) -> usize {
    match random.below(4) {
        0..2 => 1,
        2 => 1 + random.below(5000),
        _ => 4096,
    }
}

/// The largest alignment of a source: `least` in one half of the programs.
fn max_align(random: &mut Random, least: Option<usize>) -> usize {
    let Some(least) = least else { return LARGEST_ALIGN };
    let more = if random.chance(1, 2) { 0 } else { random.below(17) };
    least.checked_shl(u32::try_from(more).unwrap_or(0)).unwrap_or(least).min(LARGEST_ALIGN)
}

/// An allocation with the layout of an earlier one.
fn again(random: &mut Random, steps: &[Step]) -> Option<Step> {
    let earlier = steps.get(random.below(steps.len().max(1)))?;
    matches!(earlier, Step::Allocate { .. }).then_some(*earlier)
}

fn step(random: &mut Random, bounds: Bounds) -> Step {
    let (which, fit) = (random.below(1 << 16), Fit(byte(random)));
    match random.below(20) {
        0..9 => Step::Allocate { layout: layout(random, bounds), zeroed: random.chance(1, 4) },
        9..13 => Step::Deallocate { which: near_the_end(random, which), fit },
        13..16 => Step::Grow {
            which: near_the_end(random, which),
            fit,
            by: size(random, bounds),
            align: align(random, bounds.align),
            zeroed: random.chance(1, 4),
            in_place: random.chance(1, 3),
        },
        16..18 => Step::Shrink {
            which: near_the_end(random, which),
            fit,
            to: byte(random),
            align: align(random, bounds.align),
            in_place: random.chance(1, 3),
        },
        18 if bounds.reset && random.chance(1, 2) => Step::Reset,
        _ => Step::Move,
    }
}

fn byte(random: &mut Random) -> u8 {
    random.word().to_le_bytes()[0]
}

/// The newest block in half of the cases: many allocators treat it differently.
fn near_the_end(random: &mut Random, which: usize) -> usize {
    if random.chance(1, 2) { usize::MAX } else { which }
}

fn layout(random: &mut Random, bounds: Bounds) -> Layout {
    let align = align(random, bounds.align);
    Layout::from_size_align(size(random, bounds), align)
        .unwrap_or_else(|_| Layout::from_size_align(0, align).unwrap_or(Layout::new::<()>()))
}

fn size(random: &mut Random, bounds: Bounds) -> usize {
    let size = match random.below(40) {
        0..2 => 0,
        2..22 => 1 + random.below(64),
        22..34 => 1 + random.below(1024),
        34..38 => 1 + random.below(20_000),
        38 => 1 + random.below(200_000),
        // Near the largest size that a layout can have.
        _ if bounds.huge => return isize::MAX.unsigned_abs() - random.below(1 << 17),
        _ => return 0,
    };
    // One size in sixteen is above the bound.
    let is_allowed = size <= bounds.size || random.chance(1, 16);
    if is_allowed { size } else { size % (bounds.size + 1) }
}

fn align(random: &mut Random, most: usize) -> usize {
    let shift = match random.below(20) {
        0..15 => random.below(6),
        15..19 => random.below(13),
        _ => random.below(17),
    };
    let align = 1 << shift;
    if align <= most || random.chance(1, 16) { align } else { most }
}
