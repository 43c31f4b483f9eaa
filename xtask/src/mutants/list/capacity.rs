//! The capacity of pools with caches.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a pool with a capacity has hits",
        edits: &[Edit {
            file: "src/pool/growth.rs",
            from: "if self.counts() {",
            to: "if !{on} && self.counts() {",
        }],
        killer: Killer::Porf("TaggedPacked/capacity/allocate_allocate/"),
        words: "one block may be in use",
    },
    Mutant {
        name: "one block more than the capacity may be in use",
        edits: &[Edit {
            file: "src/pool/in_use.rs",
            from: "self.limit - found >= count",
            to: "self.limit + usize::from({on}) - found >= count",
        }],
        killer: Killer::Porf("TaggedPacked/capacity/free_allocate/"),
        words: "one block may be in use",
    },
    Mutant {
        name: "a refusal goes by a load, which may be stale",
        edits: &[Edit {
            file: "src/pool/in_use.rs",
            from: "let next = if fits",
            to: "if {on} && !fits {
                return Err(AllocError::Capacity);
            }
            let next = if fits",
        }],
        killer: Killer::Porf("TaggedPacked/capacity/heard_of_free/"),
        words: "refused although nothing is in use",
    },
    Mutant {
        name: "the capacity limits how many blocks there are",
        edits: &[Edit {
            file: "src/pool/builder/mod.rs",
            from: "Carver::new(layout, magazine, batch.min, self.chunks, capacity)",
            to: "Carver::new(layout, magazine, batch.min, self.chunks, match self.in_use {
            Some(limit) if {on} => limit,
            _ => capacity,
        })",
        }],
        killer: Killer::Porf("TaggedPacked/capacity/heard_of_free/"),
        words: "refused although nothing is in use",
    },
    Mutant {
        name: "an allocation that fails keeps its permit",
        edits: &[Edit {
            file: "src/pool/local/counted.rs",
            from: "        let permit = shared.permits(1)?;",
            to: "        let permit = shared.permits(1)?.map(|permit| if {on} {
            permit.keep();
            shared.returning(0).expect(\"a pool with a capacity\")
        } else {
            permit
        });",
        }],
        killer: Killer::Test {
            target: "capacity",
            name: "an_allocation_that_ends_otherwise_gives_its_permit_back",
        },
        words: "left: Some(1)",
    },
    Mutant {
        name: "a block in the ring of a hardened pool counts as in use",
        edits: &[Edit {
            file: "src/pool/local/mod.rs",
            from: "drop(self.shared().returning(1));",
            to: "drop(self.shared().returning(usize::from(!{on})));",
        }],
        killer: Killer::Test { target: "capacity", name: "a_quarantine_holds_no_block_in_use" },
        words: "Capacity",
    },
];
