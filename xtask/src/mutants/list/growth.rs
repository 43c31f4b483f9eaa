//! Faults of growth: what is done under the growth lock, and in which order.

use super::super::{Edit, Killer, Mutant};

/// The faults.
pub(crate) const GROWTH: &[Mutant] = &[
    Mutant {
        name: "no second look after the growth lock was taken",
        edits: &[Edit {
            file: "src/pool/growth.rs",
            from: "let found = self.mediator.request_batch(participant, home, room);",
            to: "let found =
            if {on} { 0 } else { self.mediator.request_batch(participant, home, room) };",
        }],
        killer: Killer::Loom("TaggedPacked/pool/carve_race/loom/"),
        words: "t0 [3] t1 [3 carved]",
    },
    Mutant {
        name: "the limbo's limit raised before its shells exist",
        edits: &[
            Edit {
                file: "src/pool/growth.rs",
                from: "        for nth in 0..1 + limbo {",
                to: "        if {on} {
            self.mediator.extend_limbo(limbo);
        }
        for nth in 0..1 + limbo {",
            },
            Edit {
                file: "src/pool/growth.rs",
                from: "        self.mediator.extend_limbo(limbo);",
                to: "        if !{on} {
            self.mediator.extend_limbo(limbo);
        }",
            },
        ],
        killer: Killer::Loom("EpochStalled/recycle/attach_limbo/loom/"),
        words: "M4: a shell is reserved for every batch",
    },
];
