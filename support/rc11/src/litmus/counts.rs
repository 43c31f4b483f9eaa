//! Numbers of execution graphs that GenMC keeps with its tests.
//!
//! # Source
//! The repository MPI-SWS/genmc at b03f01ed0f34a873f7b8b960313a5279a6c9ab45 (release 0.11.0),
//! `tests/correct/litmus/NAME/expected.rc11.mo.in`: the complete executions that `genmc -rc11`
//! explores. Its options are those of the file `args.rc11.mo.in` beside it, where there is one; of
//! these `-disable-race-detection` matters, because some of the programs race. The programs are
//! restated here: what is not atomic there is relaxed here, which has the same graphs as long as a
//! race is no error.
//!
//! # Where GenMC and the paper differ
//! Two of the counts are not those of the paper's model. They are those of a model in which scb
//! contains `sb; hb; sb` instead of `sb≠loc; hb; sb≠loc`, and that model has all other counts of
//! this table too.

use crate::program::Program;

/// A program and its number of execution graphs.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    /// The name of the test.
    pub name: &'static str,
    /// The program's text.
    pub program: &'static str,
    /// GenMC's number.
    pub genmc: usize,
    /// The number of consistent execution graphs.
    pub graphs: usize,
}

impl Count {
    /// The program.
    ///
    /// # Panics
    /// If it cannot be read: a slip in the table.
    #[must_use]
    pub fn program(&self) -> Program {
        self.program.parse().expect("the table's programs can be read")
    }
}

const fn row(name: &'static str, graphs: usize, program: &'static str) -> Count {
    Count { name, program, genmc: graphs, graphs }
}

/// A program that has more executions in the paper's model than in GenMC's.
const fn weaker(count: Count, graphs: usize) -> Count {
    Count { graphs, ..count }
}

/// Every program.
pub const COUNTS: &[Count] = &[
    row("2+2W+2sc+scf", 3, "x=1.sc y=2.sc | y=1.rlx F.sc x=2.rlx"),
    row("2+2W+3sc+rel1", 4, "x=1.sc y=2.sc | y=1.rel x=2.sc"),
    row("2+2W+3sc+rel2", 4, "x=1.sc y=2.sc | y=1.sc x=2.rel"),
    row("2+2W+4sc", 3, "x=1.sc y=2.sc | y=1.sc x=2.sc"),
    row("2+2W+scfs", 3, "x=1.rlx F.sc y=2.rlx | y=1.rlx F.sc x=2.rlx"),
    row("2+2W", 4, "x=1.rel y=2.rel | y=1.rel x=2.rel"),
    row("2CoWR", 4, "y.acq | x.acq | x=1.rel | y=1.rel"),
    row("CoRR", 6, "x=1.rel x=2.rel | x.acq x.acq"),
    row("CoRR0", 4, "x=1.rel | x.acq | x.acq"),
    row("CoRR1", 36, "x=1.rel | x=2.rel | x.acq x.acq | x.acq"),
    row("CoRR2", 72, "x=1.rel | x=2.rel | x.acq x.acq | x.acq x.acq"),
    row("CoRW", 3, "x.acq x=1.rel | x=2.rel"),
    row("CoWR", 3, "x=1.rel x.acq | x=2.rel"),
    row("IRIW-acq-sc", 16, "x=1.sc | x.acq y.sc | y.acq x.sc | y=1.sc"),
    row("IRIWish", 28, "x=1.rlx | x.rlx y=r.rel | x.rlx F.ar y.rlx | y.rlx F.ar x.rlx"),
    row("JLT", 8, "x=1.rel y.acq x.acq | x=2.rel x.acq | y=3.rel"),
    row("LB+acq", 3, "x.acq y=1.rlx | y.acq x=1.rlx"),
    row("LB+ctrl+rel", 3, "x.rlx [0]y=1.rlx [!0]y=2.rlx | y.rlx x=1.rel"),
    row("LB+ctrl", 3, "x.rlx [0]y=1.rlx [!0]y=2.rlx | y.rlx [0]x=1.rlx [!0]x=2.rlx"),
    row("LB+fr-fr-data+data", 18, "x.rlx y=1.rlx | y.rlx y.rlx x=1.rlx | y=2.rlx"),
    row("LB+incMPs", 15, "x.acq z+1.ar | z+1.ar y=1.rel | y.acq u+1.ar | u+1.ar x=1.rel"),
    row("LB+rel", 3, "x.rlx y=1.rel | y.rlx x=1.rel"),
    row("LB", 3, "y.acq x=1.rel | x.acq y=1.rel"),
    row("LB2", 3, "x.rlx y=1.rlx | y.rlx x=1.rlx"),
    row("LB3", 7, "x.rlx y=1.rlx | y.rlx z=1.rlx | z.rlx x=1.rlx"),
    row("MCP-rrw", 6, "x=1.rel | x=2.rel | x.acq"),
    row("MP+incMP", 7, "y.acq z+1.ar | z+1.ar x.acq | x=1.rel y=1.rel"),
    row("MP+rel+acq", 2, "x=1.rlx y=1.rel | y.acq [1]x.rlx"),
    row("MP+rel+acqf", 2, "x=1.rlx y=1.rel | y.rlx [1]F.acq [1]x.rlx"),
    row("MP+relf+acq", 2, "x=1.rlx F.rel y=1.rlx | y.acq [1]x.rlx"),
    row("MP+relf+acqf", 2, "x=1.rlx F.rel y=1.rlx | y.rlx [1]F.acq [1]x.rlx"),
    row("MP+rels+acq", 4, "x=1.rlx y=0.rel y=1.rlx | y.acq [1]x.rlx"),
    row("MP+rels+acqf", 4, "x=1.rlx y=0.rel y=1.rlx | y.rlx [1]F.acq [1]x.rlx"),
    row("MP", 3, "x=1.rel y=1.rel | y.acq x.acq"),
    row("MPU+rel+acq", 6, "x=1.rlx y=1.rel | y+1.rlx | y.acq [2]x=2.rlx"),
    row("MPU+rel+acqf", 6, "x=1.rlx y=1.rel | y+1.rlx | y.rlx [2]F.acq [2]x=2.rlx"),
    row("MPU+relf+acq", 6, "x=1.rlx F.rel y=1.rlx | y+1.rlx | y.acq [2]x=2.rlx"),
    row("MPU+relf+acqf", 6, "x=1.rlx F.rel y=1.rlx | y+1.rlx | y.rlx [2]F.acq [2]x=2.rlx"),
    row("MPU+rels+acq", 13, "x=1.rlx y=0.rel y=1.rlx | y+1.rlx | y.acq [2]x=2.rlx"),
    row("MPU+rels+acqf", 13, "x=1.rlx y=0.rel y=1.rlx | y+1.rlx | y.rlx [2]F.acq [2]x=2.rlx"),
    row("MPU2+rel+acq", 14, "x=1.rlx y=1.rel | y?2:3.rlx/rlx | y?1:2.rlx/rlx | y.acq [3]x=2.rlx"),
    row(
        "MPU2+rel+acqf",
        14,
        "x=1.rlx y=1.rel | y?2:3.rlx/rlx | y?1:2.rlx/rlx | y.rlx [3]F.acq [3]x=2.rlx",
    ),
    row(
        "MPU2+relf+acq",
        14,
        "x=1.rlx F.rel y=1.rlx | y?2:3.rlx/rlx | y?1:2.rlx/rlx | y.acq [3]x=2.rlx",
    ),
    row(
        "MPU2+relf+acqf",
        14,
        "x=1.rlx F.rel y=1.rlx | y?2:3.rlx/rlx | y?1:2.rlx/rlx | y.rlx [3]F.acq [3]x=2.rlx",
    ),
    row(
        "MPU2+rels+acq",
        36,
        "x=1.rlx y=0.rel y=1.rlx | y?2:3.rlx/rlx | y?1:2.rlx/rlx | y.acq [3]x=2.rlx",
    ),
    row(
        "MPU2+rels+acqf",
        36,
        "x=1.rlx y=0.rel y=1.rlx | y?2:3.rlx/rlx | y?1:2.rlx/rlx | y.rlx [3]F.acq [3]x=2.rlx",
    ),
    row("RWC+syncs", 7, "x=1.rlx | x.rlx F.sc y.rlx | y=1.rlx F.sc x.rlx"),
    row("S+rel+acq", 2, "x=1.rlx y=1.rel | y.acq [1]x=2.rlx"),
    row("S+rel+acqf", 2, "x=1.rlx y=1.rel | y.rlx [1]F.acq [1]x=2.rlx"),
    row("S+relf+acq", 2, "x=1.rlx F.rel y=1.rlx | y.acq [1]x=2.rlx"),
    row("S+relf+acqf", 2, "x=1.rlx F.rel y=1.rlx | y.rlx [1]F.acq [1]x=2.rlx"),
    row("S+rels+acq", 4, "x=1.rlx y=0.rel y=1.rlx | y.acq [1]x=2.rlx"),
    row("S+rels+acqf", 4, "x=1.rlx y=0.rel y=1.rlx | y.rlx [1]F.acq [1]x=2.rlx"),
    row("S", 4, "x=2.rlx y=1.rlx | y.rlx x=1.rlx"),
    row("SB+2sc+scf", 3, "x=1.sc y.sc | y=1.rlx F.sc x.rlx"),
    row("SB+3sc+acq", 4, "x=1.sc y.sc | y=1.sc x.acq"),
    row("SB+3sc+rel", 4, "x=1.sc y.sc | y=1.rel x.sc"),
    row("SB+4sc", 3, "x=1.sc y.sc | y=1.sc x.sc"),
    row("SB+rfis", 4, "x=1.rel x.sc y.sc | y=1.rel y.sc x.sc"),
    row("SB+scfs", 3, "x=1.rlx F.sc y.rlx | y=1.rlx F.sc x.rlx"),
    row("SB", 4, "x=1.rel y.acq | y=1.rel x.acq"),
    row("TC1", 3, "x.rlx y=1.rlx | y.rlx x=r.rlx"),
    row("W+RRR+W", 20, "x=1.rlx | x.rlx x.rlx x.rlx | x=2.rlx"),
    row("W+RWC", 7, "x=1.rlx z=1.rel | z.acq F.sc y.rlx | y=1.rlx F.sc x.rlx"),
    row("WRC+dep", 8, "x=1.rlx | x.rlx y=r.rlx | y.rlx F.ar x.rlx"),
    weaker(row("WWmerge1", 17, "x.acq y.sc | x=1.sc x=2.sc | y=1.sc x.sc"), 18),
    row("WWmerge2", 8, "x.acq y.sc | x=2.sc | y=1.sc x.sc"),
    row("Z6+acq", 7, "x=1.rlx F.sc y=1.rlx | y.acq z=1.rlx | z=2.rlx F.sc x.rlx"),
    weaker(row("Z6.U", 22, "x=1.sc y=1.rel | y+1.sc y.rlx | y=3.sc x.sc"), 24),
    row("atomicpo", 4, "y=1.rlx F.ar x=1.rlx | x<1.rlx y<1.rlx"),
    row("casdep", 2, "x.rlx y?0:1.rlx/rlx z=r.rlx | y=2.rlx"),
    row("ccr", 2, "x?0:42.rlx/rlx | x?0:17.rlx/rlx x.rlx"),
    row("cii", 6, "x?1:2.rlx/rlx | x+1.rlx | x+1.rlx"),
    row("cumul-release", 8, "x=1.rlx y=1.rel | y.rlx z=r.rlx | z.rlx F.ar x.rlx"),
    row("default", 12, "x.acq x.acq | x=1.rel | x=2.rel"),
    row("fr+w+w+w+reads", 210, "x=1.rlx | x=2.rlx | x=3.rlx | x.rlx x.rlx x.rlx x.rlx"),
    row("inc+inc+RR+W+RR", 600, "x+1.rlx | x+1.rlx | x.rlx x.rlx | x=42.rlx | x.rlx x.rlx"),
    row("inc2w", 6, "x+1.rlx | x=4.rel | x+2.rlx"),
    row("isa2", 7, "x=1.rlx y=1.rel | y.acq z=1.rel | z.acq x.rlx"),
    row("ori", 5, "x+1.rlx y=1.rel | x?0:1.acq/acq | y.rlx [1]x=4.rel"),
    row("peterZ", 7, "x=1.rlx F.sc y.rlx | y=1.rlx z=1.rel | z.acq F.sc x.rlx"),
    row("po-loc", 3, "y.rlx F.ar x.rlx x=1.rlx | x.rlx y=r.rlx"),
    row("rel-B-cumul-acq", 16, "x=1.rlx y=1.rel | y.rlx z=r.rlx | z.rlx F.ar x.rlx | y.acq"),
    row("rel-pporf", 3, "x.rlx z<1.rel y=1.rel | y.rlx x=1.rlx"),
    row("relacq-B-cumul", 8, "x=1.rlx y=1.rel | y.acq z=1.rlx | z.rlx F.ar x.rlx"),
    row("relseq", 20, "x=1.rlx y=1.rel y=2.rlx | y<3.rlx | y.rlx F.ar x.rlx"),
    row("rfi-preserved", 3, "x.rlx y=1.rel y.rlx z=r.rlx | z.rlx x=r.rlx"),
    row("rii", 3, "x.rlx x+1.rlx | x+1.rlx"),
    row("rinc+wr", 3, "x+1.rlx | x=2.rlx x.rlx"),
    row("riwi", 3, "y.rlx x+1.rlx | x+1.rlx y=1.rel"),
    row("small0", 9, "x.acq | x.acq x=1.rel | x=2.rel"),
    row("small1", 8, "y.acq z.acq x.acq | x=1.rel | y=1.rel z=1.rel"),
    row("viktor-relseq", 180, "x+1.acq x+1.rlx | x+1.rlx x+1.rlx | x+1.rel | x+1.rlx"),
    row("wcii", 24, "x=5.rel | x?1:2.rlx/rlx | x+1.rlx | x+1.rlx"),
    row("wrw", 22, "x=1.rel | x.rlx x=2.rel | x.rlx x=3.rel"),
];
