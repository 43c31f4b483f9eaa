//! The whole heap, looked at after each call.

use core::alloc::Layout;
use core::ptr::NonNull;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::SignPost;
use super::tag::{LEAST, Piece, Tag, WORD, taken};
use super::work::{end, first};
use crate::source::{LimitedSource, Source, SystemSource};

/// Where blocks begin, and their layouts.
type Live = BTreeMap<NonNull<u8>, Layout>;

/// Holds the invariants I1 to I3 against the heap, and says what is wrong.
fn look<S: Source>(heap: &SignPost<S>, live: &Live) -> Result<(), String> {
    let in_bins: BTreeSet<Piece> = heap.bins.iter().collect();
    if !heap.bins.is_sound() {
        return Err("the bins are wrong".into());
    }
    let (mut seen_free, mut seen_live) = (0, 0);
    for chunk in heap.chunks.borrow().iter() {
        let (mut piece, end) = (first(chunk), end(chunk));
        let mut was_free = false;
        loop {
            // SAFETY: the tags so far lead to this one.
            let tag = unsafe { piece.tag() };
            if tag.is_left_free() != was_free {
                return Err(format!("{piece:?} is wrong about its left neighbour"));
            }
            if piece == end {
                if tag.length() != 0 || tag.is_free() {
                    return Err("the end of a region has another tag".into());
                }
                break;
            }
            if tag.length() < LEAST || piece > end {
                return Err(format!("{piece:?} does not lead to the end"));
            }
            if tag.is_free() {
                seen_free += 1;
                // SAFETY: the piece lies in front of the end.
                let behind = unsafe { piece.behind(tag.length()) };
                // SAFETY: the piece is free.
                if unsafe { behind.left() } != (piece, tag.length()) {
                    return Err(format!("the length behind {piece:?} is another"));
                }
                if was_free || !in_bins.contains(&piece) {
                    return Err(format!("{piece:?} touches a free one, or is in no bin"));
                }
            } else {
                seen_live += 1;
                let enough = |layout: &Layout| taken(layout.size()) <= tag.length();
                if !live.get(&piece.0).is_some_and(enough) {
                    return Err(format!("no block is so long at {piece:?}"));
                }
            }
            was_free = tag.is_free();
            // SAFETY: as above.
            piece = unsafe { piece.behind(tag.length()) };
        }
    }
    let all = (seen_free, seen_live) == (in_bins.len(), live.len());
    if all { Ok(()) } else { Err("a piece lies in no region".into()) }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Allocate(usize, u32),
    Free(usize),
    Resize(usize, usize),
    Reset,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let size = prop_oneof![4 => 1..64_usize, 4 => 1..600_usize, 1 => 1..20_000_usize];
    let step = prop_oneof![
        20 => (size.clone(), 0..9_u32).prop_map(|(size, align)| Step::Allocate(size, align)),
        14 => any::<usize>().prop_map(Step::Free),
        6 => (any::<usize>(), size).prop_map(|(which, size)| Step::Resize(which, size)),
        1 => Just(Step::Reset),
    ];
    proptest::collection::vec(step, 1..if cfg!(miri) { 12 } else { 120 })
}

fn run(steps: &[Step]) -> Result<(), String> {
    let mut heap = SignPost::with_first_chunk(LimitedSource::new(SystemSource, 64 << 10), 600);
    let mut live = Live::new();
    for step in steps {
        let chosen = |which: usize| {
            let nth = which.checked_rem(live.len())?;
            live.iter().nth(nth).map(|(start, layout)| (*start, *layout))
        };
        match *step {
            Step::Allocate(size, align) => {
                let layout = Layout::from_size_align(size, 1 << align).expect("a layout");
                if let Ok(block) = heap.allocate(layout) {
                    // SAFETY: the block is live.
                    unsafe { block.cast::<u8>().write_bytes(0xEE, block.len()) };
                    live.insert(block.cast(), layout);
                }
            }
            Step::Free(which) => {
                let Some((start, _)) = chosen(which) else { continue };
                live.remove(&start);
                // SAFETY: the block is live.
                unsafe { heap.deallocate_unsized(start) };
            }
            Step::Resize(which, size) => {
                let Some((start, old)) = chosen(which) else { continue };
                let new = Layout::from_size_align(size, old.align()).expect("a layout");
                let resized = if size >= old.size() {
                    // SAFETY: the block is live, and the size is not smaller.
                    unsafe { heap.grow_in_place(start, old, new) }
                } else {
                    // SAFETY: the block is live, and the size is not larger.
                    unsafe { heap.shrink_in_place(start, old, new) }
                };
                if resized.is_ok() {
                    live.insert(start, new);
                }
            }
            Step::Reset => {
                heap.reset();
                live.clear();
            }
        }
        look(&heap, &live)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 40 }))]

    #[test]
    fn sign_post_keeps_its_invariants(steps in steps()) {
        prop_assert_eq!(run(&steps), Ok(()));
    }
}

/// talc 5.0.4 kept flags in the top bits of a size, which large sizes have themselves.
#[test]
fn a_tag_keeps_every_length() {
    for length in [LEAST, 4096, isize::MAX.unsigned_abs() & !(LEAST - 1), 1 << (usize::BITS - 1)] {
        let tag = Tag::used(length);
        assert_eq!(
            [tag, tag.left_freed(), tag.left_freed().left_used()].map(Tag::length),
            [length; 3]
        );
        assert!(!tag.is_free() && !tag.is_left_free() && tag.left_freed().is_left_free());
    }
}

/// A heap with some blocks and some free pieces, and its third block, which has a free one on its left.
fn some() -> (SignPost, Live, Piece) {
    let heap = SignPost::new(SystemSource);
    let layout = Layout::new::<[u64; 6]>();
    let blocks: [_; 9] = core::array::from_fn(|_| heap.allocate(layout).expect("memory").cast());
    for block in blocks.iter().skip(1).step_by(3) {
        // SAFETY: the block is live.
        unsafe { heap.deallocate(*block, layout) };
    }
    let live = blocks.iter().enumerate().filter(|(nth, _)| nth % 3 != 1);
    (heap, live.map(|(_, block)| (*block, layout)).collect(), Piece(blocks[2]))
}

type Fault = fn(&SignPost, &mut Live, Piece);

/// Each fault that is made in the heap must be seen, or a look at it means nothing.
#[test]
fn the_look_at_the_heap_sees_faults() {
    let (sound, live, _) = some();
    assert_eq!(look(&sound, &live), Ok(()));
    let faults: [(&str, Fault); 5] = [
        ("left neighbour", |_, _, piece| {
            // SAFETY: the piece has a tag.
            let length = unsafe { piece.tag() }.length();
            // SAFETY: as above.
            unsafe { piece.put_tag(Tag::used(length)) };
        }),
        ("does not lead to the end", |_, _, piece| {
            // SAFETY: as above.
            unsafe { piece.put_tag(Tag::used(0).left_freed()) };
        }),
        ("the length behind", |_, _, piece| {
            // SAFETY: the last word of the free piece in front of it.
            let word = unsafe { piece.0.sub(2 * WORD) };
            // SAFETY: as above.
            unsafe { word.cast::<usize>().write(LEAST) };
        }),
        ("in no bin", |heap, _, _| heap.bins.clear()),
        ("no block is so long", |_, live, piece| {
            live.remove(&piece.0);
        }),
    ];
    for (words, fault) in faults {
        let (broken, mut live, piece) = some();
        fault(&broken, &mut live, piece);
        let said = look(&broken, &live).expect_err("the fault is seen");
        assert!(said.contains(words), "{said}");
        // Its tags are wrong, so nobody may use it again, but a drop does not read them.
    }
}
