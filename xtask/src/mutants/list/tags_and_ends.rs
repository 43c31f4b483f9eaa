//! Faults of tags that must not wrap, of serial numbers, and of pools that end while magazines
//! wait.

use crate::mutants::{Edit, Killer, Mutant};

/// They are noticed by tests without a checker.
pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a tag that must not wrap wraps",
        edits: &[Edit {
            file: "src/free_list/treiber.rs",
            from: "if self.refuse_at.is_some() && head.tag",
            to: "if !{on} && self.refuse_at.is_some() && head.tag",
        }],
        killer: Killer::Test { target: "tags", name: "removals_end_with_the_tags" },
        words: "bits came back",
    },
    Mutant {
        name: "a census uses tags up",
        edits: &[Edit {
            file: "src/mediator/ends.rs",
            from: "let taken = unsafe { list.take_all_alone(self.store(), &guard) };",
            to: "let taken = if {on} {
            unsafe { list.remove(crate::free_list::Take::All, self.store(), &guard) }
        } else {
            unsafe { list.take_all_alone(self.store(), &guard) }
        };",
        }],
        killer: Killer::Test { target: "tags", name: "a_census_uses_no_tags_up" },
        words: "a census loses blocks",
    },
    Mutant {
        name: "a pool out of tags grows",
        edits: &[Edit {
            file: "src/pool/growth.rs",
            from: "            if self.mediator.refuses() {\n                return Err(AllocError::TagsExhausted);",
            to: "            if !{on} && self.mediator.refuses() {\n                return Err(AllocError::TagsExhausted);",
        }],
        killer: Killer::Test { target: "tags", name: "a_pool_that_refuses_does_not_grow" },
        words: "right: Err(TagsExhausted)",
    },
    Mutant {
        name: "numbers of 32 bits come again",
        edits: &[Edit {
            file: "src/sync/serial.rs",
            from: "u32::try_from(self.0.add(1)).ok()",
            to: "u32::try_from(self.0.add(1) & if {on} { u64::from(u32::MAX) } else { u64::MAX }).ok()",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "sync::serial::tests::the_last_one_is_the_last",
        },
        words: "a number came again",
    },
    Mutant {
        name: "memory goes back while magazines wait",
        edits: &[Edit {
            file: "src/pool/shared.rs",
            from: "if !self.mediator.finish_limbo() {",
            to: "if !self.mediator.finish_limbo() && !{on} {",
        }],
        killer: Killer::Test {
            target: "undrained",
            name: "memory_that_a_waiting_magazine_leads_to_is_not_freed",
        },
        words: "magazines still lead there",
    },
    Mutant {
        name: "a source that must stay is dropped",
        edits: &[Edit {
            file: "src/chunk/regions.rs",
            from: "        core::mem::forget(source);",
            to: "        if !{on} {
            core::mem::forget(source);
        }",
        }],
        killer: Killer::Test {
            target: "undrained",
            name: "memory_that_a_waiting_magazine_leads_to_is_not_freed",
        },
        words: "the source stays with its regions",
    },
];
