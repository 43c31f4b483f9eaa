//! The members of the family, in lists: a test that is about every member runs on one of these, and a
//! new member has a line in one.
//!
//! Each list calls what stands behind it once for each member, with the member's name and a closure
//! that makes it.

#![allow(unused_macros, reason = "each test uses its part")]

/// The members that obtain a region when they need one, the first one of about `$first` bytes. Those
/// that serve blocks of one layout alone serve that of `$block`. The closure takes a source.
///
/// ```text
/// each_growing_member!(1000, WORD, |name, make| check(name, make));
/// ```
macro_rules! each_growing_member {
    ($first:expr, $block:expr, |$name:pat_param, $make:ident| $check:expr) => {{
        each_general_member!($first, |$name, $make| $check);
        let blocks: core::alloc::Layout = $block;
        let first: usize = $first;
        let count = (first / blocks.size()).max(1);
        let $name = "Blocks";
        let $make = move |source| {
            stampool::alloc::Blocks::with_first_chunk(blocks, source, count).expect("blocks")
        };
        $check;
    }};
}

/// Those of them that serve blocks of any layout.
macro_rules! each_general_member {
    ($first:expr, |$name:pat_param, $make:ident| $check:expr) => {{
        each_of! { ($first, $name, $make, $check)
            Linear AsyncLinear Stack GoodFit BestFit SignPost StrategyPool
        }
    }};
}

macro_rules! each_of {
    (($first:expr, $name:pat_param, $make:ident, $check:expr) $($member:ident)*) => {$({
        let first: usize = $first;
        let $name = stringify!($member);
        let $make = move |source| stampool::alloc::$member::with_first_chunk(source, first);
        $check;
    })*};
}

/// The members that obtain one region, of `$bytes` bytes, when they are made, for blocks of `$block`
/// bytes and more. The closure takes a source, and fails if that has no such region.
macro_rules! each_member_of_one_region {
    ($block:expr, $bytes:expr, |$name:pat_param, $make:ident| $check:expr) => {{
        let (block, bytes): (usize, usize) = ($block, $bytes);
        let $name = "Bitmap";
        let $make = move |source| stampool::alloc::Bitmap::with_region(block, bytes, source);
        $check;
        let $name = "Buddy";
        let $make = move |source| stampool::alloc::Buddy::with_region(block, bytes, source);
        $check;
    }};
}

/// The members in a buffer of the caller's. The closure takes the buffer.
macro_rules! each_member_in_a_buffer {
    (|$name:pat_param, $make:ident| $check:expr) => {{
        let $name = "Static";
        let $make = |buffer| stampool::alloc::Static::new(buffer);
        $check;
        let $name = "AsyncStatic";
        let $make = |buffer| stampool::alloc::AsyncStatic::new(buffer);
        $check;
    }};
}

/// The allocators that are made of others and can be reset, each around `Linear`s that begin with about
/// `$first` bytes of one source. The closure takes the source.
macro_rules! each_wrapper {
    ($first:expr, |$name:pat_param, $make:ident| $check:expr) => {{
        use stampool::alloc::wrap::{Checked, Counted, Fallback, Limited, Locked, Segregated};
        use stampool::alloc::{Linear, Static};

        let first: usize = $first;
        let none = || Static::new(&mut []);
        let $name = "Locked";
        let $make = move |source| Locked::new(Linear::with_first_chunk(source, first));
        $check;
        let $name = "Checked";
        let $make = move |source| Checked::new(Linear::with_first_chunk(source, first));
        $check;
        let $name = "Counted";
        let $make = move |source| Counted::new(Linear::with_first_chunk(source, first));
        $check;
        let $name = "Limited";
        let $make = move |source| {
            Limited::new(Linear::with_first_chunk(source, first), isize::MAX.cast_unsigned())
        };
        $check;
        let $name = "Fallback, the first one";
        let $make = move |source| {
            // SAFETY: the two share no memory, because the second one has none.
            unsafe { Fallback::new(Linear::with_first_chunk(source, first), none()) }
        };
        $check;
        let $name = "Fallback, the second one";
        let $make = move |source| {
            // SAFETY: the two share no memory, because the first one has none.
            unsafe { Fallback::new(none(), Linear::with_first_chunk(source, first)) }
        };
        $check;
        let small = core::alloc::Layout::from_size_align((1 << 30) - (1 << 16), 1 << 16);
        let small = small.expect("whatever a test asks for");
        let $name = "Segregated, the small one";
        let $make =
            move |source| Segregated::new(small, Linear::with_first_chunk(source, first), none());
        $check;
        let small = core::alloc::Layout::new::<()>();
        let $name = "Segregated, the large one";
        let $make =
            move |source| Segregated::new(small, none(), Linear::with_first_chunk(source, first));
        $check;
    }};
}
