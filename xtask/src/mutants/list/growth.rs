//! Faults of growth: what is done under the growth lock, and in which order.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "no second look after the growth lock was taken",
        edits: &[Edit {
            file: "src/pool/growth.rs",
            from: "let found = client.request_batch(room);",
            to: "let found =
            if {on} { 0 } else { client.request_batch(room) };",
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
    Mutant {
        name: "a seal leaves the last blocks of a chunk",
        edits: &[Edit {
            file: "src/chunk/carver.rs",
            from: "chunk.blocks_left.div_ceil(self.batch))",
            to: "if {on} { chunk.blocks_left / self.batch } else { chunk.blocks_left.div_ceil(self.batch) })",
        }],
        killer: Killer::Test { target: "exact", name: "a_seal_carves_the_last_blocks_of_a_chunk" },
        words: "right: 7",
    },
    Mutant {
        name: "the headers of regions are not counted",
        edits: &[Edit {
            file: "src/chunk/regions.rs",
            from: "self.bytes += layout.size();",
            to: "self.bytes += if {on} { payload.size() } else { layout.size() };",
        }],
        killer: Killer::Test {
            target: "stats",
            name: "source_bytes_are_what_the_source_was_asked_for",
        },
        words: "headers and padding included",
    },
    Mutant {
        name: "a large region goes back with the layout that was asked for",
        edits: &[Edit {
            file: "src/source/system.rs",
            from: "dealloc(region.as_ptr(), placed(layout))",
            to: "dealloc(region.as_ptr(), if {on} { layout } else { placed(layout) })",
        }],
        killer: Killer::Test { target: "heap", name: "a_dropped_pool_leaves_nothing_on_the_heap" },
        words: "memory went back with another layout",
    },
];
