//! Faults of doors, and of pools that end while threads do.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "the owner frees although a thread is inside",
        edits: &[Edit {
            file: "src/thread_cache/door.rs",
            from: "if self.word.fetch_or(SHUT, site::DOOR_SHUT.ordering()) == 0 {",
            to: "let word = self.word.fetch_or(SHUT, site::DOOR_SHUT.ordering());
        if word == 0 || {on} && word & SHUT == 0 {",
        }],
        killer: Killer::Loom("Door/door/enter_shut/"),
        words: "Causality violation: Concurrent write accesses",
    },
    Mutant {
        name: "the last one out does not free",
        edits: &[Edit {
            file: "src/thread_cache/door.rs",
            from: "== SHUT | ONE {",
            to: "== if {on} { SHUT } else { SHUT | ONE } {",
        }],
        killer: Killer::Loom("tenant/end_drop/"),
        words: "a region did not go back exactly once",
    },
];
