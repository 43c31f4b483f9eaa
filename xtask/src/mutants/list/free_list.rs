//! Faults of the free lists.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "no tag bump",
        edits: &[Edit {
            file: "src/free_list/treiber.rs",
            from: "tag: head.tag.wrapping_add(1) & self.last_tag",
            to: "tag: head.tag.wrapping_add(u64::from(!{on})) & self.last_tag",
        }],
        killer: Killer::Loom("TaggedPacked/list/aba/"),
        words: "Causality violation: Concurrent write accesses",
    },
    Mutant {
        name: "push's CAS Relaxed",
        edits: &[Edit {
            file: "src/free_list/treiber.rs",
            from: "site::PUSH_CAS.ordering()",
            to: "if {on} { Ordering::Relaxed } else { site::PUSH_CAS.ordering() }",
        }],
        killer: Killer::Loom("TaggedPacked/list/pop_pop_push_push/"),
        words: "Causality violation: Concurrent write accesses",
    },
    Mutant {
        name: "a partial magazine put back where poppers look without a lock",
        edits: &[Edit {
            file: "src/free_list/deferred.rs",
            from: "if magazine.is_reusable() {",
            to: "if {on} || magazine.is_reusable() {",
        }],
        killer: Killer::Loom("EpochModel/list/aba/loom/"),
        words: "Causality violation: Concurrent write accesses",
    },
    Mutant {
        name: "the second list spliced in while a popper is in flight",
        edits: &[Edit {
            file: "src/free_list/quiescent.rs",
            from: "if !popper.is_alone() {",
            to: "if !{on} && !popper.is_alone() {",
        }],
        killer: Killer::Loom("Quiescent/list/aba/loom/"),
        words: "t0 [[1]] t1 [[1], [2]] left [3]",
    },
    Mutant {
        name: "a list keeps the magazine that would just fit",
        edits: &[Edit {
            file: "src/free_list/take.rs",
            from: "blocks + count > max_blocks {",
            to: "blocks + count + usize::from({on}) > max_blocks {",
        }],
        killer: Killer::Test {
            target: "many",
            name: "a_sealed_pool_gives_all_of_its_blocks_at_once",
        },
        words: "blocks that are free were refused",
    },
    Mutant {
        name: "failed pushes to the second list are not counted",
        edits: &[Edit {
            file: "src/free_list/quiescent.rs",
            from: "self.main.cas_failures() + self.second.cas_failures()",
            to: "self.main.cas_failures() + if {on} { 0 } else { self.second.cas_failures() }",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "free_list::quiescent::tests::failed_exchanges_of_both_stacks_are_counted",
        },
        words: "a failed exchange is not counted",
    },
];
