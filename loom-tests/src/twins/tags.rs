//! Tags that wrap within a scenario, and tags that are just wide enough.

use stampool::{TaggedPacked, TaggedWide};

use super::twin::{Twin, UNACQUIRED, on_list};
use crate::scenarios::list::{Op, Scenario, does};
use crate::scenarios::{Depth, Shape, Subject, subject};

pub(super) fn twins() -> Vec<Twin> {
    vec![
        on_list::<TaggedPacked<0>>("TaggedPacked<0>", "twin/tag_0_bits", UNACQUIRED, &ABA),
        on_list::<TaggedPacked<1>>("TaggedPacked<1>", "twin/tag_1_bit", UNACQUIRED, &ABA),
        on_list::<TaggedPacked<2>>("TaggedPacked<2>", "twin/tag_2_bits", UNACQUIRED, &ABA_4),
        on_list::<TaggedWide<0>>("TaggedWide<0>", "twin/tag_0_bits", UNACQUIRED, &ABA),
        on_list::<TaggedWide<1>>("TaggedWide<1>", "twin/tag_1_bit", UNACQUIRED, &ABA),
        on_list::<TaggedWide<2>>("TaggedWide<2>", "twin/tag_2_bits", UNACQUIRED, &ABA_4),
    ]
}

/// Tags that are one bit wider than those of the twins, and so must pass.
#[must_use]
pub fn wide_enough() -> Vec<(&'static str, Subject, &'static Scenario)> {
    vec![
        ("TaggedPacked<2>", subject::<TaggedPacked<2>>(Shape::Stack), &ABA),
        ("TaggedPacked<3>", subject::<TaggedPacked<3>>(Shape::Stack), &ABA_4),
        ("TaggedWide<2>", subject::<TaggedWide<2>>(Shape::Stack), &ABA),
        ("TaggedWide<3>", subject::<TaggedWide<3>>(Shape::Stack), &ABA_4),
    ]
}

/// Two removals behind a popper's back, and its top is on top again.
pub(super) static ABA: Scenario = Scenario {
    name: "tag/2_removals",
    depth: Depth::Exhaustive,
    stack: &[3, 2, 1],
    threads: &[does(&[Op::Pop, Op::Pop]), does(&[Op::Pop, Op::Pop, Op::Push])],
};

/// The same with four removals.
static ABA_4: Scenario = Scenario {
    name: "tag/4_removals",
    depth: Depth::Exhaustive,
    stack: &[3, 2, 1],
    threads: &[
        does(&[Op::Pop]),
        does(&[Op::Pop, Op::Pop, Op::Push, Op::Pop, Op::Push, Op::Pop, Op::Push]),
    ],
};
