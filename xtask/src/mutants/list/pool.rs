//! Faults of the pools and their handles.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "the remainder of a thread that leaves kept in its slot",
        edits: &[Edit {
            file: "src/pool/local/ends.rs",
            from: "unsafe { self.shared().hand_in(self.slot, &self.check, &self.participant) };",
            to: "if {on} {
            None
        } else {
            unsafe { self.shared().hand_in(self.slot, &self.check, &self.participant) }
        };",
        }],
        killer: Killer::Loom("TaggedPacked/pool/leave_remainder_allocate/"),
        words: "a handle left with blocks",
    },
    Mutant {
        name: "a bulk call goes past the cache with less room than the largest batch",
        edits: &[Edit {
            file: "src/pool/local/many.rs",
            from: "let most = self.shared().mediator.batch().max;",
            to: "let batch = self.shared().mediator.batch();
            let most = if {on} { batch.min } else { batch.max };",
        }],
        killer: Killer::Test {
            target: "many",
            name: "any_number_of_blocks_may_be_taken_where_batches_grow",
        },
        words: "room for 2 blocks, of 8",
    },
    Mutant {
        name: "a bulk free counts each batch as the smallest one",
        edits: &[Edit {
            file: "src/pool/local/many.rs",
            from: "self.slot.count_given(given)",
            to: "self.slot.count_given(if {on} { batch.min } else { given })",
        }],
        killer: Killer::Test { target: "stats", name: "bulk_calls_are_counted_to_the_block" },
        words: "left: (2, 6)",
    },
    Mutant {
        name: "a bulk free offers the smallest batches where batches grow",
        edits: &[Edit {
            file: "src/pool/local/many.rs",
            from: "let most = rest.len().min(batch.max);",
            to: "let most = rest.len().min(if {on} { batch.min } else { batch.max });",
        }],
        killer: Killer::Test { target: "stats", name: "bulk_calls_are_counted_to_the_block" },
        words: "left: (5, 0)",
    },
    Mutant {
        name: "a bulk free puts exactly one batch into the cache",
        edits: &[Edit {
            file: "src/pool/local/many.rs",
            from: "while !C::CHECKS && rest.len() >= batch.min {",
            to: "while !C::CHECKS && rest.len() >= batch.min + usize::from({on}) {",
        }],
        killer: Killer::Test { target: "stats", name: "bulk_calls_are_counted_to_the_block" },
        words: "left: (1, 2)",
    },
    Mutant {
        name: "a bulk allocation counts each exchange as the largest batch",
        edits: &[Edit {
            file: "src/pool/local/many.rs",
            from: "self.slot.count_taken(taken)",
            to: "self.slot.count_taken(if {on} { room.len() } else { taken })",
        }],
        killer: Killer::Test { target: "stats", name: "bulk_calls_are_counted_to_the_block" },
        words: "left: (5, 24)",
    },
    Mutant {
        name: "a bulk allocation without a handle hides the line of its caller",
        edits: &[Edit {
            file: "src/pool/many.rs",
            from: "        self.here().allocate_many(room)",
            to: "        if {on} {
            return (|| self.here().allocate_many(room))();
        }
        self.here().allocate_many(room)",
        }],
        killer: Killer::Test {
            target: "callers",
            name: "a_write_after_a_free_without_a_handle_names_the_line_of_the_allocation",
        },
        words: "src/pool/many.rs:",
    },
    Mutant {
        name: "an arena that leaves the block in the list which it hands out",
        edits: &[Edit {
            file: "src/pool/arena.rs",
            from: "self.0.pool.allocate().ok().map(Block::as_non_null)",
            to: "let block = self.0.pool.allocate().ok()?;
        if {on} {
            // SAFETY: not kept: the block is handed out.
            unsafe { self.0.pool.deallocate(block) };
        }
        Some(block.as_non_null())",
        }],
        killer: Killer::Loom("ArenaSource/arena_source/take_take/"),
        words: "a block was handed out twice",
    },
];
