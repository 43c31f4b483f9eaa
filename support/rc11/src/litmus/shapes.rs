//! The table of verdicts.
//!
//! Names and shapes are those of herd's tests (Alglave, Maranget and Tautschnig, *Herding Cats*,
//! TOPLAS 36(2), 2014) and of Lahav et al. 2017; the verdicts are RC11's, with the release
//! sequences of C++20. A suffix says what stands between the accesses of each thread: `F.sc` is a
//! fence.

use super::verdict::{Shape, Verdict};

const fn allowed(name: &'static str, program: &'static str, outcome: &'static str) -> Shape {
    Shape { name, program, outcome, verdict: Verdict::Allowed }
}

const fn forbidden(name: &'static str, program: &'static str, outcome: &'static str) -> Shape {
    Shape { name, program, outcome, verdict: Verdict::Forbidden }
}

/// Every litmus test.
pub const SHAPES: &[Shape] = &[
    // Store buffering: each thread writes, then reads what the other writes.
    allowed("SB", "x=1.rlx y.rlx | y=1.rlx x.rlx", "0 | 0"),
    allowed("SB+rel+acq", "x=1.rel y.acq | y=1.rel x.acq", "0 | 0"),
    forbidden("SB+sc", "x=1.sc y.sc | y=1.sc x.sc", "0 | 0"),
    allowed("SB+3sc+acq", "x=1.sc y.sc | y=1.sc x.acq", "0 | 0"),
    allowed("SB+3sc+rel", "x=1.sc y.sc | y=1.rel x.sc", "0 | 0"),
    forbidden("SB+F.scs", "x=1.rlx F.sc y.rlx | y=1.rlx F.sc x.rlx", "0 | 0"),
    allowed("SB+F.sc+po", "x=1.rlx F.sc y.rlx | y=1.rlx x.rlx", "0 | 0"),
    allowed("SB+F.ars", "x=1.rlx F.ar y.rlx | y=1.rlx F.ar x.rlx", "0 | 0"),
    allowed("SB+F.sc first", "F.sc x=1.rlx y.rlx | F.sc y=1.rlx x.rlx", "0 | 0"),
    allowed("SB+F.sc last", "x=1.rlx y.rlx F.sc | y=1.rlx x.rlx F.sc", "0 | 0"),
    forbidden("SB+sc+F.sc", "x=1.sc y.sc | y=1.rlx F.sc x.rlx", "0 | 0"),
    allowed("SB+rfis", "x=1.rel x.sc y.sc | y=1.rel y.sc x.sc", "1 0 | 1 0"),
    allowed("SB+rmw.ar", "x<1.ar y.acq | y<1.ar x.acq", "0 0 | 0 0"),
    forbidden("SB+rmw.sc", "x<1.sc y.sc | y<1.sc x.sc", "0 0 | 0 0"),
    // Message passing: data, then flag; flag, then data.
    allowed("MP", "x=1.rlx y=1.rlx | y.rlx x.rlx", "| 1 0"),
    forbidden("MP+rel+acq", "x=1.rlx y=1.rel | y.acq x.rlx", "| 1 0"),
    allowed("MP+rel+po", "x=1.rlx y=1.rel | y.rlx x.rlx", "| 1 0"),
    allowed("MP+po+acq", "x=1.rlx y=1.rlx | y.acq x.rlx", "| 1 0"),
    forbidden("MP+F.rel+F.acq", "x=1.rlx F.rel y=1.rlx | y.rlx F.acq x.rlx", "| 1 0"),
    forbidden("MP+F.rel+acq", "x=1.rlx F.rel y=1.rlx | y.acq x.rlx", "| 1 0"),
    forbidden("MP+rel+F.acq", "x=1.rlx y=1.rel | y.rlx F.acq x.rlx", "| 1 0"),
    allowed("MP+F.acq+F.acq", "x=1.rlx F.acq y=1.rlx | y.rlx F.acq x.rlx", "| 1 0"),
    allowed("MP+F.rel+F.rel", "x=1.rlx F.rel y=1.rlx | y.rlx F.rel x.rlx", "| 1 0"),
    allowed("MP+F.rel first", "F.rel x=1.rlx y=1.rlx | y.rlx F.acq x.rlx", "| 1 0"),
    allowed("MP+F.rel last", "x=1.rlx y=1.rlx F.rel | y.rlx F.acq x.rlx", "| 1 0"),
    allowed("MP+F.acq first", "x=1.rlx F.rel y=1.rlx | F.acq y.rlx x.rlx", "| 1 0"),
    allowed("MP+F.acq last", "x=1.rlx F.rel y=1.rlx | y.rlx x.rlx F.acq", "| 1 0"),
    forbidden("MP+rel+acq ctrl", "x=1.rlx y=1.rel | y.acq [1]x.rlx", "| 1 0"),
    allowed("MP+rel+ctrl", "x=1.rlx y=1.rel | y.rlx [1]x.rlx", "| 1 0"),
    forbidden("MP+rmw", "x=1.rlx y+1.rel | y+0.acq x.rlx", "0 | 1 0"),
    allowed("MP+rmw swapped", "x=1.rlx y+1.acq | y+0.rel x.rlx", "0 | 1 0"),
    // Load buffering: NO-THIN-AIR forbids all of them, dependency or not.
    forbidden("LB", "x.rlx y=1.rlx | y.rlx x=1.rlx", "1 | 1"),
    forbidden("LB+datas", "x.rlx y=r.rlx | y.rlx x=1.rlx", "1 | 1"),
    forbidden("LB+ctrls", "x.rlx [1]y=1.rlx | y.rlx [1]x=1.rlx", "1 | 1"),
    forbidden("LB three", "x.rlx y=1.rlx | y.rlx z=1.rlx | z.rlx x=1.rlx", "1 | 1 | 1"),
    forbidden("LB+rmw", "x+1.rlx y=1.rlx | y.rlx x=1.rlx", "1 | 1"),
    // One write, a relay, a read.
    allowed("WRC", "x=1.rlx | x.rlx y=1.rlx | y.rlx x.rlx", "| 1 | 1 0"),
    forbidden("WRC+rel+acq", "x=1.rlx | x.rlx y=1.rel | y.acq x.rlx", "| 1 | 1 0"),
    allowed("WRC+po+acq", "x=1.rel | x.acq y=1.rlx | y.acq x.rlx", "| 1 | 1 0"),
    forbidden("WRC+F.rel+F.acq", "x=1.rlx | x.rlx F.rel y=1.rlx | y.rlx F.acq x.rlx", "| 1 | 1 0"),
    forbidden("ISA2", "x=1.rlx y=1.rel | y.acq z=1.rel | z.acq x.rlx", "| 1 | 1 0"),
    allowed("ISA2+po", "x=1.rlx y=1.rel | y.rlx z=1.rel | z.acq x.rlx", "| 1 | 1 0"),
    allowed("RWC", "x=1.rlx | x.acq y.acq | y=1.rel x.acq", "| 1 0 | 0"),
    forbidden("RWC+F.scs", "x=1.rlx | x.rlx F.sc y.rlx | y=1.rlx F.sc x.rlx", "| 1 0 | 0"),
    forbidden("RWC+sc", "x=1.sc | x.sc y.sc | y=1.sc x.sc", "| 1 0 | 0"),
    allowed("RWC+acq+sc", "x=1.sc | x.acq y.sc | y=1.sc x.sc", "| 1 0 | 0"),
    forbidden(
        "W+RWC+F.scs",
        "x=1.rlx z=1.rel | z.acq F.sc y.rlx | y=1.rlx F.sc x.rlx",
        "| 1 0 | 0",
    ),
    forbidden("W+RWC+sc", "x=1.sc z=1.rel | z.acq y.sc | y=1.sc x.sc", "| 1 0 | 0"),
    allowed("W+RWC+po", "x=1.sc z=1.rlx | z.acq y.sc | y=1.sc x.sc", "| 1 0 | 0"),
    // Independent reads of independent writes.
    allowed("IRIW", "x=1.rlx | y=1.rlx | x.rlx y.rlx | y.rlx x.rlx", "| | 1 0 | 1 0"),
    allowed("IRIW+rel+acq", "x=1.rel | y=1.rel | x.acq y.acq | y.acq x.acq", "| | 1 0 | 1 0"),
    forbidden("IRIW+sc", "x=1.sc | y=1.sc | x.sc y.sc | y.sc x.sc", "| | 1 0 | 1 0"),
    allowed("IRIW-acq-sc", "x=1.sc | y=1.sc | x.acq y.sc | y.acq x.sc", "| | 1 0 | 1 0"),
    forbidden(
        "IRIW+F.scs",
        "x=1.rlx | y=1.rlx | x.rlx F.sc y.rlx | y.rlx F.sc x.rlx",
        "| | 1 0 | 1 0",
    ),
    // Two writes of one location are no `sb≠loc`.
    allowed("WWmerge1", "x.acq y.sc | x=1.sc x=2.sc | y=1.sc x.sc", "2 0 | | 0"),
    // Lahav et al. 2017, figure 1: what Power does, and C11 forbids.
    allowed("Z6.U", "x=1.sc y=1.rel | y+1.sc y.rlx | y=3.sc x.sc", "| 1 3 | 0"),
    forbidden(
        "Z6+F.scs",
        "x=1.rlx F.sc y=1.rlx | y.acq z=1.rlx | z=2.rlx F.sc x.rlx",
        "| 1 | 0 => * * 2",
    ),
    // Writes only, and writes with one read.
    allowed("2+2W", "x=1.rlx y=2.rlx | y=1.rlx x=2.rlx", "| => 1 1"),
    allowed("2+2W+rel", "x=1.rel y=2.rel | y=1.rel x=2.rel", "| => 1 1"),
    forbidden("2+2W+sc", "x=1.sc y=2.sc | y=1.sc x=2.sc", "| => 1 1"),
    forbidden("2+2W+F.scs", "x=1.rlx F.sc y=2.rlx | y=1.rlx F.sc x=2.rlx", "| => 1 1"),
    allowed("2+2W+F.ars", "x=1.rlx F.ar y=2.rlx | y=1.rlx F.ar x=2.rlx", "| => 1 1"),
    allowed("S", "x=2.rlx y=1.rlx | y.rlx x=1.rlx", "| 1 => 2 1"),
    forbidden("S+rel+acq", "x=2.rlx y=1.rel | y.acq x=1.rlx", "| 1 => 2 1"),
    forbidden("S+F.rel+F.acq", "x=2.rlx F.rel y=1.rlx | y.rlx F.acq x=1.rlx", "| 1 => 2 1"),
    allowed("R", "x=1.rlx y=1.rlx | y=2.rlx x.rlx", "| 0 => 1 2"),
    allowed("R+rel+acq", "x=1.rel y=1.rel | y=2.rel x.acq", "| 0 => 1 2"),
    forbidden("R+sc", "x=1.sc y=1.sc | y=2.sc x.sc", "| 0 => 1 2"),
    forbidden("R+F.scs", "x=1.rlx F.sc y=1.rlx | y=2.rlx F.sc x.rlx", "| 0 => 1 2"),
    // Coherence.
    forbidden("CoRR", "x=1.rlx | x.rlx x.rlx", "| 1 0"),
    forbidden("CoRR two readers", "x=1.rlx | x=2.rlx | x.rlx x.rlx | x.rlx x.rlx", "| | 1 2 | 2 1"),
    forbidden("CoWW", "x=1.rlx x=2.rlx", "=> 1"),
    forbidden("CoWR own", "x=1.rlx x.rlx", "0"),
    forbidden("CoWR", "x=1.rlx x.rlx | x=2.rlx", "2 | => 1"),
    forbidden("CoRW own", "x.rlx x=1.rlx", "1"),
    forbidden("CoRW", "x.rlx x=1.rlx | x=2.rlx", "2 | => 2"),
    forbidden("CoRR over hb", "x=1.rlx y=1.rel | y.acq x.rlx x.rlx | x=2.rlx", "| 1 2 0 |"),
    // Read-modify-writes.
    forbidden("RMW two adds", "x+1.rlx | x+1.rlx", "0 | 0"),
    forbidden("RMW two exchanges", "x?0:1.rlx/rlx | x?0:2.rlx/rlx", "0 | 0"),
    forbidden("RMW store between", "x+1.rlx | x=5.rlx", "0 | => 1"),
    allowed("RMW store behind", "x+1.rlx | x=5.rlx", "0 | => 5"),
    allowed("RMW failed, stale", "x=1.rlx y=1.rlx | y.rlx x?7:8.rlx/rlx", "| 1 0"),
    allowed("RMW failed, stale, acq", "x=1.rlx y=1.rlx | y.acq x?7:8.sc/acq", "| 1 0"),
    forbidden("RMW failed acq", "x=1.rlx y=1.rel | y?7:8.rlx/acq x.rlx", "| 1 0"),
    allowed("RMW failed rlx", "x=1.rlx y=1.rel | y?7:8.acq/rlx x.rlx", "| 1 0"),
    forbidden("RMW succeeded acq", "x=1.rlx y=1.rel | y?1:8.acq/rlx x.rlx", "| 1 0"),
    allowed("RMW succeeded rlx", "x=1.rlx y=1.rel | y?1:8.rlx/acq x.rlx", "| 1 0"),
    forbidden("SB+failed sc", "x=1.sc y?7:8.sc/sc | y=1.sc x?7:8.sc/sc", "0 | 0"),
    allowed("SB+failed acq", "x=1.sc y?7:8.sc/acq | y=1.sc x?7:8.sc/acq", "0 | 0"),
    // Release sequences: a chain of RMWs, whatever their orderings and threads, and nothing else.
    forbidden("RelSeq rmw", "x=1.rlx y=1.rel | y+1.rlx | y.acq x.rlx", "| 1 | 2 0"),
    forbidden("RelSeq own rmw", "x=1.rlx y=1.rel y+1.rlx | y.acq x.rlx", "1 | 2 0"),
    forbidden("RelSeq two", "x=1.rlx y=1.rel | y+1.rlx y+1.rlx | y.acq x.rlx", "| 1 2 | 3 0"),
    forbidden("RelSeq cas", "x=1.rlx y=1.rel | y?1:2.rlx/rlx | y.acq x.rlx", "| 1 | 2 0"),
    allowed("RelSeq own store", "x=1.rlx y=1.rel y=2.rlx | y.acq x.rlx", "| 2 0"),
    allowed("RelSeq store", "x=1.rlx y=1.rel | y.rlx [1]y=2.rlx | y.acq x.rlx", "| 1 | 2 0"),
    allowed("RelSeq broken", "x=1.rlx y=1.rel y=2.rlx | y+1.rlx | y.acq x.rlx", "| 2 | 3 0"),
    forbidden(
        "RelSeq F.rel+F.acq",
        "x=1.rlx F.rel y=1.rlx | y+1.rlx | y.rlx F.acq x.rlx",
        "| 1 | 2 0",
    ),
    forbidden("RelSeq acq rmw", "x=1.rlx y=1.rel | y+1.acq x.rlx", "| 1 0"),
];
