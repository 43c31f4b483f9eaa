//! The wrapper that checks what is given back.

use core::alloc::Layout;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use stampool::SystemSource;
use stampool::alloc::wrap::Checked;
use stampool::alloc::{Blocks, Linear, Stack};

/// Eight bytes, aligned to eight on every processor.
const WORD: Layout = match Layout::from_size_align(8, 8) {
    Ok(layout) => layout,
    Err(_) => panic!(),
};

/// What the panic of `call` says.
pub(crate) fn says(call: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(call)).expect_err("the call is refused");
    payload.downcast_ref::<String>().expect("a message").clone()
}

#[test]
fn a_parents_block_freed_in_a_scope_is_refused() {
    let stack = Checked::new(Stack::new(SystemSource));
    let parents = stack.allocate(WORD).expect("memory").cast();
    let scope = Checked::new(stack.get().enter().expect("no scope is open"));
    let own = scope.allocate(WORD).expect("memory").cast();
    // SAFETY: not so, and refused: the block is the parent's.
    let words = says(|| unsafe { scope.deallocate(parents, WORD) });
    assert!(words.contains("belongs to another allocator or scope"), "{words}");
    // SAFETY: not so, and refused, as above.
    let words = says(|| _ = unsafe { scope.grow(parents, WORD, Layout::new::<[u64; 9]>()) });
    assert!(words.contains("belongs to another allocator or scope"), "{words}");
    // SAFETY: the block is the scope's.
    unsafe { scope.deallocate(own, WORD) };
    drop(scope);
    // SAFETY: the block is live still.
    unsafe { stack.deallocate(parents, WORD) };
    assert_eq!(stack.get().usage().used_bytes, 0);
}

#[test]
fn a_second_free_is_refused() {
    let blocks = Checked::new(Blocks::new(WORD, SystemSource).expect("a layout"));
    let block = blocks.allocate(WORD).expect("memory").cast();
    // SAFETY: the block is live.
    unsafe { blocks.deallocate(block, WORD) };
    // SAFETY: not so, and refused.
    let words = says(|| unsafe { blocks.deallocate(block, WORD) });
    assert!(words.contains("it was freed before"), "{words}");
    assert_eq!(blocks.get().usage().live_blocks, Some(0));
}

#[test]
fn a_layout_that_does_not_fit_is_refused() {
    let linear = Checked::new(Linear::new(SystemSource));
    let block = linear.allocate(WORD).expect("memory").cast();
    for wrong in [Layout::new::<[u64; 2]>(), Layout::new::<u32>(), Layout::new::<[u32; 2]>()] {
        // SAFETY: not so, and refused.
        let words = says(|| unsafe { linear.deallocate(block, wrong) });
        assert!(words.contains("a layout that does not fit it"), "{words}");
    }
    // SAFETY: the block is live, and this is its layout.
    unsafe { linear.deallocate(block, WORD) };
    assert_eq!(linear.get().usage().used_bytes, 0);
}

#[test]
fn a_block_that_moves_is_live_at_its_new_place_only() {
    let linear = Checked::new(Linear::new(SystemSource));
    let block = linear.allocate(WORD).expect("memory").cast();
    let last = linear.allocate(WORD).expect("memory").cast();
    let wide = Layout::new::<[u64; 3]>();
    // SAFETY: the block is live.
    let moved = unsafe { linear.grow(block, WORD, wide) }.expect("memory").cast();
    assert_ne!(moved, block, "another block lies behind it");
    // SAFETY: not so, and refused.
    let words = says(|| unsafe { linear.deallocate(block, WORD) });
    assert!(words.contains("it was freed before"), "{words}");
    // SAFETY: both are live.
    unsafe { linear.deallocate(moved, wide) };
    // SAFETY: as above.
    unsafe { linear.deallocate(last, WORD) };
}

#[test]
fn an_address_inside_a_block_is_refused() {
    let linear = Checked::new(Linear::new(SystemSource));
    let wide = Layout::new::<[u64; 4]>();
    let block = linear.allocate(wide).expect("memory").cast::<u8>();
    // SAFETY: in the block.
    let inside = unsafe { block.add(8) };
    // SAFETY: not so, and refused.
    let words = says(|| unsafe { linear.deallocate(inside, WORD) });
    assert!(words.contains("it lies inside a live block, the 32 bytes"), "{words}");
    // SAFETY: the block is live.
    unsafe { linear.deallocate(block, wide) };
    // SAFETY: not so, and refused: nothing lies there any more.
    let words = says(|| unsafe { linear.deallocate(inside, WORD) });
    assert!(words.contains("it belongs to another allocator or scope"), "{words}");
}

/// Phobos 9446: a block from before a reset was taken for a live one.
#[test]
fn a_block_from_before_a_reset_is_refused() {
    let mut stack = Checked::new(Stack::new(SystemSource));
    let block = stack.allocate(WORD).expect("memory").cast();
    stack.reset();
    // SAFETY: not so, and refused.
    let words = says(|| unsafe { stack.deallocate(block, WORD) });
    assert!(words.contains("the allocator was reset"), "{words}");
    let again = stack.allocate(WORD).expect("memory").cast();
    assert_eq!(again, block, "the same address is live once more");
    // SAFETY: the block is live.
    unsafe { stack.deallocate(again, WORD) };
}

/// A resize in place to the wrong side: without the report some members would serve bytes that they do
/// not have.
#[test]
#[should_panic(expected = "was to grow from 500 bytes to 96, which are fewer")]
fn a_growth_to_fewer_bytes() {
    let heap = Checked::new(Linear::new(SystemSource));
    let [old, new] = [500, 96].map(|size| Layout::from_size_align(size, 8).expect("a layout"));
    let block = heap.allocate(old).expect("memory").cast();
    // SAFETY: not so: the new layout is smaller.
    _ = unsafe { heap.grow_in_place(block, old, new) };
}

#[test]
#[should_panic(expected = "was to shrink from 96 bytes to 500, which are more")]
fn a_shrink_to_more_bytes() {
    let heap = Checked::new(Linear::new(SystemSource));
    let [old, new] = [96, 500].map(|size| Layout::from_size_align(size, 8).expect("a layout"));
    let block = heap.allocate(old).expect("memory").cast();
    // SAFETY: not so: the new layout is larger.
    _ = unsafe { heap.shrink_in_place(block, old, new) };
}
