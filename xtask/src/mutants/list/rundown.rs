//! Faults of run-down protection, and of pools that end while threads do.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "the owner frees although a thread holds a guard",
        edits: &[Edit {
            file: "src/threads/rundown.rs",
            from: "if self.word.fetch_or(CLOSED, site::RUNDOWN_CLOSE.ordering()) == 0 {",
            to: "let word = self.word.fetch_or(CLOSED, site::RUNDOWN_CLOSE.ordering());
        if word == 0 || {on} && word & CLOSED == 0 {",
        }],
        killer: Killer::Loom("Rundown/rundown/enter_close/"),
        words: "Causality violation: Concurrent write accesses",
    },
    Mutant {
        name: "the last guard does not free",
        edits: &[Edit {
            file: "src/threads/rundown.rs",
            from: "== CLOSED | ONE_GUARD {",
            to: "== if {on} { CLOSED } else { CLOSED | ONE_GUARD } {",
        }],
        killer: Killer::Loom("detached/end_drop/"),
        words: "a region did not go back exactly once",
    },
    Mutant {
        name: "a thread is turned away while the owner is alone",
        edits: &[Edit {
            file: "src/threads/rundown.rs",
            from: "Err(now) if now & CLOSED != 0 => return None,",
            to: "Err(now) if now & (CLOSED | if {on} { EXCLUSIVE } else { 0 }) != 0 => return None,",
        }],
        killer: Killer::Loom("Rundown/rundown/enter_exclusive/"),
        words: "not closed yet",
    },
];
