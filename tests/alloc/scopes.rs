//! Scopes of a stack: what closes them, and what they leave.

use core::alloc::Layout;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use stampool::SystemSource;
use stampool::alloc::{AllocError, Stack};

const WORD: Layout = Layout::new::<u64>();

fn bytes(size: usize) -> Layout {
    Layout::from_size_align(size, 1).expect("a layout")
}

#[test]
fn a_scope_closes_when_its_closure_unwinds() {
    let mut stack = Stack::new(SystemSource);
    let kept = stack.allocate(WORD).expect("memory").cast::<u64>();
    // SAFETY: the block is live, and nobody else uses it.
    unsafe { kept.write(7) };
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        stack.scope(|scope| {
            scope.scope(|inner| {
                inner.allocate(bytes(10_000)).expect("memory");
                panic!("in a scope in a scope");
            })
        })
    }));
    assert!(unwound.is_err());
    assert_eq!(stack.usage().used_bytes, 16);
    // SAFETY: the block is live: a scope does not touch what lies below it.
    assert_eq!(unsafe { kept.read() }, 7);
    assert!(stack.allocate(WORD).is_ok(), "no scope is open");
}

#[test]
fn the_parent_refuses_while_a_scope_is_entered() {
    let stack = Stack::new(SystemSource);
    let block = stack.allocate(WORD).expect("memory").cast::<u8>();
    let scope = stack.enter().expect("no scope is open");
    assert_eq!(stack.allocate(WORD), Err(AllocError::Sealed));
    assert!(stack.enter().is_err());
    scope.allocate(WORD).expect("memory");
    // SAFETY: the block is live. The parent's frees work while the scope is open.
    unsafe { stack.deallocate(block, WORD) };
    drop(scope);
    assert_eq!(stack.usage().used_bytes, 0, "the parent's block was freed in between");
}

/// A block of the parent that lies directly below an open scope cannot grow into the scope
/// (GHSA-xhx6-q96x-pf9c was about that).
#[test]
fn grow_of_a_parents_block_stays_out_of_the_scope() {
    let stack = Stack::new(SystemSource);
    let block = stack.allocate(WORD).expect("memory").cast::<u8>();
    let scope = stack.enter().expect("no scope is open");
    // SAFETY: the block is live, and the size is larger.
    let grown = unsafe { stack.grow(block, WORD, bytes(100)) };
    assert_eq!(grown, Err(AllocError::Sealed));
    // The same through the scope, which breaks the contract, but is refused in place all the same.
    // SAFETY: not kept; the call only compares addresses.
    let grown = unsafe { scope.grow_in_place(block, WORD, bytes(100)) };
    assert_eq!(grown, Err(AllocError::NotInPlace));
}

#[test]
fn a_parents_free_at_the_floor_does_not_move_the_floor() {
    let stack = Stack::new(SystemSource);
    let low = stack.allocate(bytes(32)).expect("memory").cast::<u8>();
    let high = stack.allocate(bytes(32)).expect("memory").cast::<u8>();
    let scope = stack.enter().expect("no scope is open");
    // SAFETY: the block is live.
    unsafe { stack.deallocate(high, bytes(32)) };
    let inner = scope.allocate(bytes(48)).expect("memory").cast::<u8>();
    assert!(inner > high, "the scope begins above the freed block");
    // SAFETY: the block is live. It touches the freed block below the floor.
    unsafe { scope.deallocate(inner, bytes(48)) };
    assert_eq!(scope.allocate(bytes(16)).expect("memory").cast::<u8>(), inner);
    drop(scope);
    assert_eq!(stack.usage().used_bytes, 32);
    // SAFETY: the block is live.
    unsafe { stack.deallocate(low, bytes(32)) };
    assert_eq!(stack.usage().used_bytes, 0);
}

#[test]
fn frees_in_any_order_come_back() {
    let mut stack = Stack::with_first_chunk(SystemSource, 300);
    stack.scope(|scope| {
        let before = scope.usage().used_bytes;
        let size = |n: usize| bytes(1 + n * 37 % 200);
        let mut blocks: Vec<_> = (0..100)
            .map(|n| (scope.allocate(size(n)).expect("memory").cast::<u8>(), size(n)))
            .collect();
        let mut at = 0;
        while !blocks.is_empty() {
            at = (at * 7 + 3) % blocks.len();
            let (block, layout) = blocks.swap_remove(at);
            // SAFETY: the block is live.
            unsafe { scope.deallocate(block, layout) };
        }
        assert_eq!(scope.usage().used_bytes, before);
    });
}

#[test]
fn a_forgotten_scope_leaves_the_stack_refusing_until_its_reset() {
    let mut stack = Stack::new(SystemSource);
    core::mem::forget(stack.open());
    assert_eq!(stack.allocate(WORD), Err(AllocError::Sealed));
    stack.reset();
    assert!(stack.allocate(WORD).is_ok());
}

/// A scope that closes gives its chunks back, but for one that is kept. So a loop that opens scopes
/// asks the source no more after the first rounds.
#[test]
fn a_loop_of_scopes_reaches_a_standstill() {
    let mut stack = Stack::new(SystemSource);
    let mut obtained = Vec::new();
    for _ in 0..4 {
        stack.scope(|scope| {
            for _ in 0..50 {
                scope.allocate(bytes(1000)).expect("memory");
            }
        });
        obtained.push(stack.usage().obtained_bytes);
    }
    assert_eq!(obtained[2], obtained[3]);
}

/// A block below two scopes that is freed while the current chunk is another one.
#[test]
fn a_free_below_two_scopes_comes_back_when_they_close() {
    let stack = Stack::with_first_chunk(SystemSource, 256);
    let low = stack.allocate(bytes(32)).expect("memory").cast::<u8>();
    let one = stack.enter().expect("no scope is open");
    let high = one.allocate(bytes(1000)).expect("memory").cast::<u8>();
    let two = one.enter().expect("no scope is open");
    // SAFETY: the block is live.
    unsafe { stack.deallocate(low, bytes(32)) };
    drop(two);
    // SAFETY: the block is live.
    unsafe { one.deallocate(high, bytes(1000)) };
    drop(one);
    assert_eq!(stack.usage().used_bytes, 0);
}

/// Two scopes with the same floor, and a freed range that reaches across it: what lies above the
/// floor is not free once the inner one has closed.
#[test]
fn a_freed_range_across_the_floor_ends_there_when_a_scope_closes() {
    let stack = Stack::new(SystemSource);
    let below = stack.allocate(bytes(32)).expect("memory").cast::<u8>();
    let one = stack.enter().expect("no scope is open");
    let two = one.enter().expect("no scope is open");
    let above = two.allocate(bytes(32)).expect("memory").cast::<u8>();
    two.allocate(bytes(32)).expect("memory");
    // SAFETY: the block is live.
    unsafe { stack.deallocate(below, bytes(32)) };
    // SAFETY: the block is live.
    unsafe { two.deallocate(above, bytes(32)) };
    drop(two);
    let live = one.allocate(bytes(32)).expect("memory").cast::<u8>();
    let last = one.allocate(bytes(32)).expect("memory").cast::<u8>();
    // SAFETY: the block is live.
    unsafe { one.deallocate(last, bytes(32)) };
    assert!(one.allocate(bytes(32)).expect("memory").cast::<u8>() > live, "the block is live");
}

/// A block in an older chunk that is freed below a scope which does not begin there.
#[test]
fn a_free_in_an_older_chunk_below_a_scope_comes_back() {
    let stack = Stack::with_first_chunk(SystemSource, 256);
    let low = stack.allocate(bytes(32)).expect("memory").cast::<u8>();
    let high = stack.allocate(bytes(1000)).expect("memory").cast::<u8>();
    let scope = stack.enter().expect("no scope is open");
    // SAFETY: the block is live.
    unsafe { stack.deallocate(low, bytes(32)) };
    drop(scope);
    assert_eq!(stack.usage().used_bytes, 1008);
    // SAFETY: the block is live.
    unsafe { stack.deallocate(high, bytes(1000)) };
    assert_eq!(stack.usage().used_bytes, 0);
    let again = stack.allocate(bytes(2000)).expect("memory").cast::<u8>();
    // SAFETY: the block is live.
    unsafe { stack.deallocate(again, bytes(2000)) };
    assert_eq!(stack.usage().used_bytes, 0);
}
