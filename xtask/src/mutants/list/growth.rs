//! Faults of growth: what is done under the growth lock, and in which order.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "no second look after the growth lock was taken",
        edits: &[Edit {
            file: "src/pool/growth.rs",
            from: "let found = self.mediator.request_batch(participant, shard, room);",
            to: "let found =
            if {on} { 0 } else { self.mediator.request_batch(participant, shard, room) };",
        }],
        killer: Killer::Loom("TaggedPacked/pool/carve_race/loom/"),
        words: "t0 [3] t1 [3 carved]",
    },
    Mutant {
        name: "the limbo's limit raised before its magazines exist",
        edits: &[
            Edit {
                file: "src/pool/growth.rs",
                from: "unsafe { store.add_names(magazines, names_room) };",
                to: "unsafe { store.add_names(magazines, names_room) };
        if {on} {
            self.mediator.extend_limbo(limbo);
        }",
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
        words: "M4: a magazine is reserved for every batch",
    },
];
