//! Values that the bumping members lend.

use core::cell::Cell;
use core::mem::MaybeUninit;

use stampool::alloc::{AllocError, AsyncLinear, AsyncStatic, Linear, Run, Stack, Static};

/// A value that is aligned to a cache line, one without bytes, a slice and a text, all live at
/// once.
macro_rules! lends {
    ($arena:expr) => {{
        #[repr(align(64))]
        struct Line([u8; 64]);

        let arena = $arena;
        let number = arena.alloc(7_u32).expect("memory");
        let line = arena.alloc(Line([1; 64])).expect("memory");
        let empty = arena.alloc(()).expect("no bytes");
        let squares = arena.alloc_slice_copy(&[1_u16, 4, 9]).expect("memory");
        let nothing = arena.alloc_slice_copy::<u64>(&[]).expect("no bytes");
        let text = arena.alloc_str("grün").expect("memory");
        *number += 1;
        line.0[63] = 2;
        squares[1] = 5;
        text.make_ascii_uppercase();
        assert_eq!((*number, line.0[0], line.0[63], *empty), (8, 1, 2, ()));
        assert_eq!((&*squares, nothing.len(), &*text), (&[1, 5, 9][..], 0, "GRüN"));
        assert!(core::ptr::from_ref(line).addr().is_multiple_of(64));
    }};
}

#[test]
fn every_bumping_member_lends_values() {
    lends!(&Linear::default());
    lends!(&AsyncLinear::default());
    let shared = AsyncLinear::default();
    lends!(&shared.run());
    lends!(&Stack::default());
    let mut stack = Stack::default();
    lends!(&stack.enter().expect("no scope is open"));
    stack.scope(|scope| lends!(&*scope));
    assert_eq!(stack.usage().used_bytes, 0);
    let mut buffer = [const { MaybeUninit::uninit() }; 300];
    lends!(&Static::new(&mut buffer));
    lends!(&AsyncStatic::new(&mut buffer));
}

#[test]
fn a_value_comes_back_where_there_is_no_room() {
    let mut buffer = [const { MaybeUninit::uninit() }; 4];
    let fixed = Static::new(&mut buffer);
    let full = fixed.alloc("a text of two words".to_owned()).expect_err("no room");
    assert_eq!(full.value, "a text of two words");
    assert_eq!(fixed.alloc_str("five!").expect_err("no room"), AllocError::Unsupported);
    assert_eq!(fixed.alloc_str("four").expect("room"), "four");
    let mut stack = Stack::default();
    core::mem::forget(stack.open());
    let sealed = stack.alloc(7).expect_err("a scope is open");
    assert_eq!((sealed.value, sealed.error), (7, AllocError::Sealed));
}

/// What a scope lends ends with it, and what its parent has lent stays.
#[test]
fn a_value_of_the_parent_outlives_a_scope() {
    let stack = Stack::default();
    let below = stack.alloc(1_u64).expect("memory");
    {
        let scope = stack.enter().expect("no scope is open");
        let above = scope.alloc(2_u64).expect("memory");
        *below += *above;
    }
    let again = stack.alloc(4_u64).expect("memory");
    *below += *again;
    assert_eq!((*below, *again), (7, 4));
}

/// Each thread's values are its own, until all threads have ended.
#[test]
fn threads_are_lent_values_from_one_allocator() {
    fn sum(nth: u64, shared: &AsyncLinear, run: &mut Run<'_>) -> u64 {
        let mut values = Vec::new();
        for value in 0..20 {
            let own = shared.alloc(value + nth).expect("memory");
            let of_run = run.alloc([value; 3]).expect("memory");
            *own += of_run[2];
            values.push(own);
        }
        values.into_iter().map(|value| *value).sum()
    }

    let shared = AsyncLinear::default();
    let mut runs = [(); 2].map(|()| shared.run());
    let (shared, [first, second]) = (&shared, &mut runs);
    std::thread::scope(|threads| {
        let first = threads.spawn(move || sum(0, shared, first));
        let second = threads.spawn(move || sum(1, shared, second));
        let sums = [first, second].map(|thread| thread.join().expect("no panic"));
        assert_eq!(sums, [380, 400]);
    });
}

/// Nothing is dropped, neither at a reset nor at the end.
#[test]
fn a_lent_value_is_not_dropped() {
    struct Drops<'c>(&'c Cell<u32>);
    impl Drop for Drops<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    let drops = Cell::new(0);
    let mut linear = Linear::default();
    _ = linear.alloc(Drops(&drops)).expect("memory");
    linear.reset();
    _ = linear.alloc(Drops(&drops)).expect("memory");
    drop(linear);
    assert_eq!(drops.get(), 0);
}
