//! The cases of Go's page allocator, as tables of our own, by the names that they have there. A chunk
//! has 512 pages, and pages between two chunks that are not neighbours count as taken.

use super::{assert_taken, bitmap_with};

/// Pages of a chunk.
const P: usize = 512;

/// A range: first page, number of pages.
type Ranges = &'static [(usize, usize)];

struct Allocations {
    name: &'static str,
    len: usize,
    before: Ranges,
    /// How many pages, and where they are found.
    hits: &'static [(usize, Option<usize>)],
    after: Ranges,
}

/// After `TestPageAllocAlloc` and `TestPallocBitsAlloc`.
const ALLOCATIONS: &[Allocations] = &[
    Allocations {
        name: "AllFree1",
        len: P,
        before: &[],
        hits: &[(1, Some(0)), (1, Some(1)), (1, Some(2)), (1, Some(3)), (1, Some(4))],
        after: &[(0, 5)],
    },
    Allocations {
        name: "ManyArena1",
        len: 3 * P,
        before: &[(0, 3 * P - 1)],
        hits: &[(1, Some(3 * P - 1)), (1, None)],
        after: &[(0, 3 * P)],
    },
    Allocations {
        name: "NotContiguous1",
        len: 0x100 * P,
        before: &[(0, 0xff * P)],
        hits: &[(1, Some(0xff * P))],
        after: &[(0, 0xff * P + 1)],
    },
    Allocations {
        name: "AllFree2",
        len: P,
        before: &[],
        hits: &[(2, Some(0)), (2, Some(2)), (2, Some(4)), (2, Some(6)), (2, Some(8))],
        after: &[(0, 10)],
    },
    Allocations {
        name: "Straddle2",
        len: 2 * P,
        before: &[(0, P - 1), (P + 1, P - 1)],
        hits: &[(2, Some(P - 1))],
        after: &[(0, 2 * P)],
    },
    Allocations {
        name: "AllFree5",
        len: P,
        before: &[],
        hits: &[(5, Some(0)), (5, Some(5)), (5, Some(10)), (5, Some(15)), (5, Some(20))],
        after: &[(0, 25)],
    },
    Allocations {
        name: "AllFree64",
        len: P,
        before: &[],
        hits: &[(64, Some(0)), (64, Some(64)), (64, Some(128))],
        after: &[(0, 192)],
    },
    Allocations {
        name: "AllFree65",
        len: P,
        before: &[],
        hits: &[(65, Some(0)), (65, Some(65)), (65, Some(130))],
        after: &[(0, 195)],
    },
    Allocations {
        name: "ExhaustPallocChunkPages-3",
        len: P,
        before: &[],
        hits: &[
            (P - 3, Some(0)),
            (P - 3, None),
            (1, Some(P - 3)),
            (2, Some(P - 2)),
            (1, None),
            (P - 3, None),
        ],
        after: &[(0, P)],
    },
    Allocations {
        name: "AllFreePallocChunkPages",
        len: P,
        before: &[],
        hits: &[(P, Some(0)), (P, None), (1, None)],
        after: &[(0, P)],
    },
    Allocations {
        name: "StraddlePallocChunkPages",
        len: 2 * P,
        before: &[(0, P / 2), (P + P / 2, P / 2)],
        hits: &[(P, Some(P / 2)), (P, None), (1, None)],
        after: &[(0, 2 * P)],
    },
    Allocations {
        name: "StraddlePallocChunkPages+1",
        len: 2 * P,
        before: &[(0, P / 2)],
        hits: &[(P + 1, Some(P / 2)), (P, None), (1, Some(P + P / 2 + 1))],
        after: &[(0, P + P / 2 + 2)],
    },
    Allocations {
        name: "AllFreePallocChunkPages*2",
        len: 2 * P,
        before: &[],
        hits: &[(2 * P, Some(0)), (2 * P, None), (1, None)],
        after: &[(0, 2 * P)],
    },
    Allocations {
        name: "StraddlePallocChunkPages*2",
        len: 3 * P,
        before: &[(0, P / 2), (2 * P + P / 2, P / 2)],
        hits: &[(2 * P, Some(P / 2)), (2 * P, None), (1, None)],
        after: &[(0, 3 * P)],
    },
    Allocations {
        name: "NotContiguousPallocChunkPages*2",
        len: 0x42 * P,
        before: &[(P, 0x3f * P)],
        hits: &[(2 * P, Some(0x40 * P)), (21, Some(0)), (1, Some(21))],
        after: &[(0, 22), (P, 0x41 * P)],
    },
    Allocations {
        name: "StraddlePallocChunkPages*5/4",
        len: 4 * P,
        before: &[(0, P + P * 3 / 4), (2 * P, P * 3 / 4)],
        hits: &[(P * 5 / 4, Some(2 * P + P * 3 / 4)), (P * 5 / 4, None), (1, Some(P + P * 3 / 4))],
        after: &[(0, P + P * 3 / 4 + 1), (2 * P, 2 * P)],
    },
    Allocations {
        name: "AllFreePallocChunkPages*7+5",
        len: 8 * P,
        before: &[],
        hits: &[(7 * P + 5, Some(0)), (7 * P + 5, None), (1, Some(7 * P + 5))],
        after: &[(0, 7 * P + 6)],
    },
    Allocations {
        name: "DiscontiguousBadSearchAddr",
        len: 0x203 * P,
        before: &[(0, P - 1), (P, 0x100 * P + P - 10), (0x102 * P - 1, 0x100 * P + 1)],
        hits: &[(1, Some(P - 1)), (100, Some(0x202 * P)), (9, Some(0x102 * P - 10))],
        after: &[(0, 0x202 * P + 100)],
    },
    Allocations {
        name: "SomeFree64",
        len: P,
        before: &[(0, 32), (64, 32), (100, P - 100)],
        hits: &[(64, None)],
        after: &[(0, 32), (64, 32), (100, P - 100)],
    },
    Allocations {
        name: "ExactFit1",
        len: P,
        before: &[(0, P / 2 - 3), (P / 2 - 2, P / 2 + 2)],
        hits: &[(1, Some(P / 2 - 3)), (1, None)],
        after: &[(0, P)],
    },
    Allocations {
        name: "ExactFit5",
        len: P,
        before: &[(0, P / 2 - 3), (P / 2 + 2, P / 2 - 2)],
        hits: &[(5, Some(P / 2 - 3)), (5, None)],
        after: &[(0, P)],
    },
    Allocations {
        name: "ExactFit65",
        len: P,
        before: &[(0, P / 2 - 31), (P / 2 + 34, P / 2 - 34)],
        hits: &[(65, Some(P / 2 - 31)), (65, None)],
        after: &[(0, P)],
    },
    Allocations {
        name: "SomeFree161",
        len: P,
        before: &[(0, 185), (331, 1)],
        hits: &[(161, Some(332))],
        after: &[(0, 185), (331, 162)],
    },
];

#[test]
fn pages_are_found_where_go_finds_them() {
    for case in ALLOCATIONS {
        let bitmap = bitmap_with(case.len, case.before);
        for (n, place) in case.hits {
            assert_eq!(bitmap.take(*n), *place, "{}: {n} pages", case.name);
        }
        assert_taken(&bitmap, case.len, case.after, case.name);
    }
}

/// After `TestPageAllocExhaust`.
#[test]
fn equal_runs_fill_the_bitmap_from_the_front() {
    for n in [1, 2, 3, 4, 5, 8, 16, 64, 1024, 1025, 2048, 2049] {
        let bitmap = bitmap_with(4 * P, &[]);
        let taken = 4 * P / n;
        for at in 0..taken {
            assert_eq!(bitmap.take(n), Some(at * n), "{n} pages");
        }
        assert_eq!(bitmap.take(n), None, "{n} pages");
        assert_taken(&bitmap, 4 * P, &[(0, taken * n)], "what is left");
    }
}

/// After `TestPageAllocFree`: pages, and which runs of so many go back. All others stay taken.
const FREES: &[(&str, usize, usize, &[usize], Ranges)] = &[
    ("Free1", P, 1, &[0, 1, 2, 3, 4], &[(5, P - 5)]),
    (
        "ManyArena1",
        3 * P,
        1,
        &[P / 2, P, 3 * P - 1],
        &[(0, P / 2), (P / 2 + 1, P / 2 - 1), (P + 1, 2 * P - 2)],
    ),
    ("Free2", P, 2, &[0, 2, 4, 6, 8], &[(10, P - 10)]),
    ("Straddle2", 2 * P, 2, &[P - 1], &[(0, P - 1), (P + 1, P - 1)]),
    ("Free5", P, 5, &[0, 5, 10, 15, 20], &[(25, P - 25)]),
    ("Free64", P, 64, &[0, 64, 128], &[(192, P - 192)]),
    ("Free65", P, 65, &[0, 65, 130], &[(195, P - 195)]),
    ("FreePallocChunkPages", P, P, &[0], &[]),
    ("StraddlePallocChunkPages", 2 * P, P, &[P / 2], &[(0, P / 2), (P + P / 2, P / 2)]),
    (
        "StraddlePallocChunkPages+1",
        2 * P,
        P + 1,
        &[P / 2],
        &[(0, P / 2), (P + P / 2 + 1, P / 2 - 1)],
    ),
    ("FreePallocChunkPages*2", 2 * P, 2 * P, &[0], &[]),
    ("StraddlePallocChunkPages*2", 3 * P, 2 * P, &[P / 2], &[(0, P / 2), (2 * P + P / 2, P / 2)]),
    ("AllFreePallocChunkPages*7+5", 8 * P, 7 * P + 5, &[0], &[(7 * P + 5, P - 5)]),
];

#[test]
fn pages_that_are_freed_and_no_others_are_free() {
    for (name, len, n, frees, after) in FREES {
        // The runs that go back, and what lies between them, were taken one by one.
        let mut taken = Vec::new();
        let mut at = 0;
        for first in frees.iter().copied() {
            taken.push((at, first - at));
            taken.push((first, *n));
            at = first + n;
        }
        taken.push((at, len - at));
        taken.retain(|(_, n)| *n > 0);
        let bitmap = bitmap_with(*len, &taken);
        frees.iter().for_each(|first| bitmap.give(*first, *n, 1));
        let left: usize = after.iter().map(|(_, n)| n).sum();
        assert_eq!(bitmap.0.usage().used_bytes, left * super::BLOCK, "{name}");
        assert_taken(&bitmap, *len, after, name);
    }
}

/// After `TestPageAllocAllocAndFree`.
#[test]
fn a_whole_bitmap_is_taken_again_after_each_free() {
    let len = 8 * P;
    let bitmap = bitmap_with(len, &[]);
    for n in [len, len, len, 1, len] {
        assert_eq!(bitmap.take(n), Some(0), "{n} pages");
        assert!(bitmap.0.allocate(super::blocks(len, 1)).is_err());
        bitmap.give(0, n, 1);
    }
}
