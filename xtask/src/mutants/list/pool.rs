//! Faults of the pools and their handles.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[Mutant {
    name: "the remainder of a thread that leaves kept in its slot",
    edits: &[Edit {
        file: "src/pool/local.rs",
        from: "unsafe { self.core().hand_in(self.slot, &self.check, &self.participant) };",
        to: "if {on} {
            None
        } else {
            unsafe { self.core().hand_in(self.slot, &self.check, &self.participant) }
        };",
    }],
    killer: Killer::Loom("TaggedPacked/pool/leave_remainder_allocate/"),
    words: "a handle left with blocks",
}];
