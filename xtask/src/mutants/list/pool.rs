//! Faults of the pools and their handles.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "the remainder of a thread that leaves kept in its slot",
        edits: &[Edit {
            file: "src/pool/local/mod.rs",
            from: "unsafe { self.core().hand_in(self.slot, &self.check, &self.participant) };",
            to: "if {on} {
            None
        } else {
            unsafe { self.core().hand_in(self.slot, &self.check, &self.participant) }
        };",
        }],
        killer: Killer::Loom("TaggedPacked/pool/leave_remainder_allocate/"),
        words: "a handle left with blocks",
    },
    Mutant {
        name: "a bulk call goes past the cache with less room than the largest batch",
        edits: &[Edit {
            file: "src/pool/local/many.rs",
            from: "let most = self.core().mediator.batch().max;",
            to: "let batch = self.core().mediator.batch();
            let most = if {on} { batch.min } else { batch.max };",
        }],
        killer: Killer::Test {
            target: "many",
            name: "any_number_of_blocks_may_be_taken_where_batches_grow",
        },
        words: "room for 2 blocks, of 8",
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
