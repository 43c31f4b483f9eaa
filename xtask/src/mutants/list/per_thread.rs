//! Faults of threads that end, and of threads that outlive pools.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a thread keeps its handles of dropped pools",
        edits: &[Edit {
            file: "src/pool/per_thread/locals.rs",
            from: "locals.prune();",
            to: "if !{on} { locals.prune(); }",
        }],
        killer: Killer::Test { target: "heap", name: "a_dropped_pool_leaves_nothing_on_the_heap" },
        words: "a thread keeps dropped pools",
    },
    Mutant {
        name: "of a thread that ends only the first slot is emptied",
        edits: &[Edit {
            file: "src/pool/core.rs",
            from: "self.registry.iter().filter(|slot| slot.owner() == Some(thread) && thread != UNWATCHED)",
            to: "self.registry
                .iter()
                .filter(|slot| slot.owner() == Some(thread) && thread != UNWATCHED)
                .take(if {on} { 1 } else { usize::MAX })",
        }],
        killer: Killer::Loom("TaggedPacked/pool/thread_end_two_handles/loom/"),
        words: "a handle left with blocks",
    },
];
