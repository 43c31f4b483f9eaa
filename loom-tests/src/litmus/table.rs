//! The table. Names follow the literature; `+F` stands for fences.

use super::case::{Litmus, Outcomes};

const BIT: &[&str] = &["0", "1"];
const TWO_BITS: &[&str] = &["0 0", "0 1", "1 0", "1 1"];
const NOTHING: &[&str] = &[""];
/// What one reader of two unordered stores may see: never back to the initial value.
const TWO_OF_TWO: &[&str] = &["0 0", "0 1", "0 2", "1 1", "1 2", "2 1", "2 2"];

const fn all(any: &'static [&'static [&'static str]]) -> Outcomes {
    Outcomes { any, never: &[] }
}

const fn but(any: &'static [&'static [&'static str]], never: &'static [&'static str]) -> Outcomes {
    Outcomes { any, never }
}

const fn row(name: &'static str, program: &'static str, c11: Outcomes) -> Litmus {
    Litmus { name, program, last: false, c11, loom: None }
}

/// A row whose outcomes end with what the locations hold at the end.
const fn with_last(name: &'static str, program: &'static str, c11: Outcomes) -> Litmus {
    Litmus { last: true, ..row(name, program, c11) }
}

const fn but_loom(litmus: Litmus, models: Outcomes, why: &'static str) -> Litmus {
    Litmus { loom: Some((models, why)), ..litmus }
}

/// Every litmus test.
pub const TABLE: &[Litmus] = &[
    // Store buffering: both threads write, then read the other's location.
    row("SB rlx", "x=1.rlx y.rlx | y=1.rlx x.rlx", all(&[BIT, BIT])),
    row("SB rel/acq", "x=1.rel y.acq | y=1.rel x.acq", all(&[BIT, BIT])),
    row("SB+F.sc", "x=1.rlx F.sc y.rlx | y=1.rlx F.sc x.rlx", but(&[BIT, BIT], &["0 | 0"])),
    row("SB+one F.sc", "x=1.rlx F.sc y.rlx | y=1.rlx x.rlx", all(&[BIT, BIT])),
    row("SB+F.ar", "x=1.rlx F.ar y.rlx | y=1.rlx F.ar x.rlx", all(&[BIT, BIT])),
    row("SB rmw", "x<1.ar y.acq | y<1.ar x.acq", all(&[&["0 0", "0 1"], &["0 0", "0 1"]])),
    but_loom(
        row("SB sc accesses", "x=1.sc y.sc | y=1.sc x.sc", but(&[BIT, BIT], &["0 | 0"])),
        all(&[BIT, BIT]),
        "weaker: an access that is SeqCst is modelled as AcqRel; only fences are SeqCst",
    ),
    // Message passing: data, then flag; flag, then data.
    row("MP rlx", "x=1.rlx y=1.rlx | y.rlx x.rlx", all(&[NOTHING, TWO_BITS])),
    row("MP rel/acq", "x=1.rlx y=1.rel | y.acq x.rlx", but(&[NOTHING, TWO_BITS], &[" | 1 0"])),
    row("MP rel/rlx", "x=1.rlx y=1.rel | y.rlx x.rlx", all(&[NOTHING, TWO_BITS])),
    row("MP rlx/acq", "x=1.rlx y=1.rlx | y.acq x.rlx", all(&[NOTHING, TWO_BITS])),
    row(
        "MP+F.rel+F.acq",
        "x=1.rlx F.rel y=1.rlx | y.rlx F.acq x.rlx",
        but(&[NOTHING, TWO_BITS], &[" | 1 0"]),
    ),
    row("MP+F.rel", "x=1.rlx F.rel y=1.rlx | y.rlx x.rlx", all(&[NOTHING, TWO_BITS])),
    row("MP+F.acq", "x=1.rlx y=1.rlx | y.rlx F.acq x.rlx", all(&[NOTHING, TWO_BITS])),
    row(
        "MP cas rel/acq",
        "x=1.rlx y?0:1.rel/rlx | y?1:2.acq/rlx x.rlx",
        // The reader's exchange reads 0 and fails, or reads 1 and has acquired; the writer's own
        // exchange always finds 0, since nobody else writes 0 away.
        but(&[&["0"], TWO_BITS], &["0 | 1 0"]),
    ),
    // Release sequences: an RMW continues one, whatever its ordering; a store of another thread, or
    // (since C++20) of the same one, does not.
    row(
        "RelSeq rmw",
        "x=1.rlx y=1.rel | y+10.rlx | y.acq x.rlx",
        but(
            &[NOTHING, BIT, &["0 0", "0 1", "1 1", "10 0", "10 1", "11 1"]],
            // The RMW's place in the order decides which of its sums exists.
            &[" | 0 | 11 1", " | 1 | 10 0", " | 1 | 10 1"],
        ),
    ),
    row(
        "RelSeq store",
        "x=1.rlx y=1.rel | y=2.rlx | y.acq x.rlx",
        all(&[NOTHING, NOTHING, &["0 0", "0 1", "1 1", "2 0", "2 1"]]),
    ),
    row(
        "RelSeq own store",
        "x=1.rlx y=1.rel y=2.rlx | y.acq x.rlx",
        all(&[NOTHING, &["0 0", "0 1", "1 1", "2 0", "2 1"]]),
    ),
    // Coherence: all threads agree on the order of the stores to one location.
    row("CoRR", "x=1.rlx | x.rlx x.rlx", all(&[NOTHING, &["0 0", "0 1", "1 1"]])),
    row(
        "CoRR two writers",
        "x=1.rlx | x=2.rlx | x.rlx x.rlx",
        all(&[NOTHING, NOTHING, TWO_OF_TWO]),
    ),
    row(
        "CoRR agree",
        "x=1.rlx x.rlx x.rlx | x=2.rlx x.rlx x.rlx",
        // Each starts from its own store; only the older of the two stores can give way to the
        // other.
        but(
            &[&["1 1", "1 2", "2 2"], &["2 2", "2 1", "1 1"]],
            &["1 2 | 2 1", "1 2 | 1 1", "2 2 | 2 1", "2 2 | 1 1"],
        ),
    ),
    row(
        "CoWW",
        "x=1.rlx x=2.rlx | x.rlx x.rlx",
        all(&[NOTHING, &["0 0", "0 1", "0 2", "1 1", "1 2", "2 2"]]),
    ),
    with_last("CoWR", "x=1.rlx x.rlx | x=2.rlx", all(&[&["1 |  => 1", "1 |  => 2", "2 |  => 2"]])),
    with_last("CoRW", "x.rlx x=1.rlx | x=2.rlx", all(&[&["0 |  => 1", "0 |  => 2", "2 |  => 1"]])),
    // Read-modify-writes read the newest store and nothing comes between.
    with_last("RMW add", "x+1.rlx | x+1.rlx", all(&[&["0 | 1 => 2", "1 | 0 => 2"]])),
    with_last(
        "RMW one CAS wins",
        "x?0:1.rlx/rlx | x?0:2.rlx/rlx",
        all(&[&["0 | 1 => 1", "2 | 0 => 2"]]),
    ),
    with_last(
        "RMW load then CAS",
        "x.rlx x?0:1.rlx/rlx | x.rlx x?0:2.rlx/rlx",
        // The loads may be stale, the exchanges not: the shape of every lock-free list.
        all(&[&["0 0 | 0 1 => 1", "0 0 | 1 1 => 1", "0 2 | 0 0 => 2", "2 2 | 0 0 => 2"]]),
    ),
    but_loom(
        row("RMW failed CAS", "x=1.rlx y=1.rlx | y.rlx x?7:8.rlx/rlx", all(&[NOTHING, TWO_BITS])),
        but(&[NOTHING, TWO_BITS], &[" | 1 0"]),
        "stronger: an exchange that fails is a load, but loom has it read the newest store",
    ),
    // The order of stores to different locations.
    with_last(
        "2+2W rlx",
        "x=1.rlx y=2.rlx | y=1.rlx x=2.rlx",
        all(&[&[" |  => 1 1", " |  => 1 2", " |  => 2 1", " |  => 2 2"]]),
    ),
    with_last(
        "2+2W+F.sc",
        "x=1.rlx F.sc y=2.rlx | y=1.rlx F.sc x=2.rlx",
        all(&[&[" |  => 1 2", " |  => 2 1", " |  => 2 2"]]),
    ),
    with_last(
        "S rel/acq",
        "x=2.rlx y=1.rel | y.acq x=1.rlx",
        all(&[&[" | 0 => 1 1", " | 0 => 2 1", " | 1 => 1 1"]]),
    ),
    with_last(
        "S rlx",
        "x=2.rlx y=1.rlx | y.rlx x=1.rlx",
        all(&[&[" | 0 => 1 1", " | 0 => 2 1", " | 1 => 1 1", " | 1 => 2 1"]]),
    ),
    with_last(
        "R+F.sc",
        "x=1.rlx F.sc y=1.rlx | y=2.rlx F.sc x.rlx",
        all(&[&[" | 0 => 1 1", " | 1 => 1 1", " | 1 => 1 2"]]),
    ),
    // Three and four threads: is a store seen by all at once, and does acquiring reach through?
    row(
        "WRC rel/acq",
        "x=1.rel | x.acq y=1.rel | y.acq x.rlx",
        but(&[NOTHING, BIT, TWO_BITS], &[" | 1 | 1 0"]),
    ),
    row("WRC rlx", "x=1.rlx | x.rlx y=1.rlx | y.rlx x.rlx", all(&[NOTHING, BIT, TWO_BITS])),
    row(
        "IRIW rel/acq",
        "x=1.rel | y=1.rel | x.acq y.acq | y.acq x.acq",
        all(&[NOTHING, NOTHING, TWO_BITS, TWO_BITS]),
    ),
    row(
        "IRIW+F.sc",
        "x=1.rlx | y=1.rlx | x.rlx F.sc y.rlx | y.rlx F.sc x.rlx",
        but(&[NOTHING, NOTHING, TWO_BITS, TWO_BITS], &[" |  | 1 0 | 1 0"]),
    ),
    // Load buffering: both threads read what the other writes later.
    but_loom(
        row("LB rlx", "x.rlx y=1.rlx | y.rlx x=1.rlx", all(&[BIT, BIT])),
        but(&[BIT, BIT], &["1 | 1"]),
        "stronger: loom never reads a store that has not been executed yet",
    ),
    row("LB acq/rel", "x.acq y=1.rel | y.acq x=1.rel", but(&[BIT, BIT], &["1 | 1"])),
    // The interned 128-bit word is one location: compared whole, stale whole, published whole.
    row("W MP rel/acq", "x=1.rlx w=1.rel | w.acq x.rlx", but(&[NOTHING, TWO_BITS], &[" | 1 0"])),
    row("W MP rlx", "x=1.rlx w=1.rlx | w.rlx x.rlx", all(&[NOTHING, TWO_BITS])),
    row("W CoRR", "w=1.rlx | w=2.rlx | w.rlx w.rlx", all(&[NOTHING, NOTHING, TWO_OF_TWO])),
    row("W SB+F.sc", "x=1.rlx F.sc w.rlx | w=1.rlx F.sc x.rlx", but(&[BIT, BIT], &["0 | 0"])),
    row(
        "W RelSeq swap",
        "x=1.rlx w=1.rel | w<2.rlx | w.acq x.rlx",
        but(&[NOTHING, BIT, &["0 0", "0 1", "1 1", "2 0", "2 1"]], &[" | 1 | 2 0"]),
    ),
    with_last(
        "W load then CAS",
        "w.rlx w?0:1.rlx/rlx | w.rlx w?0:2.rlx/rlx",
        all(&[&["0 0 | 0 1 => 1", "0 0 | 1 1 => 1", "0 2 | 0 0 => 2", "2 2 | 0 0 => 2"]]),
    ),
    // A to B and back to A: the exchange cannot tell, which is why a tag stands beside a pointer.
    with_last(
        "W ABA",
        "w.rlx w?0:3.rlx/rlx | w=1.rlx w=0.rlx",
        all(&[&["0 0 |  => 0", "0 0 |  => 3", "0 1 |  => 0", "1 0 |  => 3", "1 1 |  => 0"]]),
    ),
];
