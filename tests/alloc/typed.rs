//! Values that the bumping members lend.

use core::cell::Cell;
use core::mem::MaybeUninit;

use stampool::alloc::{AllocError, AsyncLinear, AsyncStatic, Linear, Stack, Static};

/// A value that is aligned to more than a chunk, one without bytes, a slice and a text, all live at
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
}

/// Nothing is dropped, at a reset or at the end.
#[test]
fn a_lent_value_is_not_dropped() {
    struct Drops<'c>(&'c Cell<u32>);
    impl Drop for Drops<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    let drops = Cell::new(0);
    let linear = Linear::default();
    _ = linear.alloc(Drops(&drops)).expect("memory");
    drop(linear);
    assert_eq!(drops.get(), 0);
}
