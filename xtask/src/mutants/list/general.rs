//! Faults of the general allocator.

use crate::mutants::{Edit, Killer, Mutant};

const fn test(name: &'static str) -> Killer {
    Killer::Test { target: "general", name }
}

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "the end of a thread is not told, so its blocks and its slots stay",
        edits: &[Edit {
            file: "src/general/cache.rs",
            from: "    key.is_some_and(|key| unsafe {",
            to: "    key.is_some_and(|key| {on} || unsafe {",
        }],
        killer: test("blocks::statistics_are_those_of_the_blocks_in_use"),
        words: "the thread has ended, and handed its blocks in",
    },
    Mutant {
        name: "an aligned block has the class of its size alone",
        edits: &[Edit {
            file: "src/general/classes.rs",
            from: "        let size = (layout.size() + (layout.align() - 1)) & !(layout.align() - 1);",
            to: "        let align = if {on} { 1 } else { layout.align() };
        let size = (layout.size() + (align - 1)) & !(align - 1);",
        }],
        killer: test("blocks::every_size_and_alignment"),
        words: "align: ",
    },
    Mutant {
        name: "a mapping that was used serves a request for zeroes",
        edits: &[Edit {
            file: "src/general/large.rs",
            from: "    mapping::map(length(layout)?, layout.align())
}

/// Gives a block back.",
            to: "    if {on} {
        return take(layout);
    }
    mapping::map(length(layout)?, layout.align())
}

/// Gives a block back.",
        }],
        killer: test("blocks::zeroed_blocks_are_zero_also_when_they_come_again"),
        words: "not zero",
    },
    Mutant {
        name: "the bytes of the mappings that are kept are not counted",
        edits: &[Edit {
            file: "src/general/large.rs",
            from: "        self.bytes += mapping.len;",
            to: "        self.bytes += if {on} { 0 } else { mapping.len };",
        }],
        killer: test("blocks::mappings_that_are_kept_go_back_when_they_are_trimmed"),
        words: "attempt to subtract with overflow",
    },
    Mutant {
        name: "a fork does not take the growth locks",
        edits: &[
            Edit {
                file: "src/general/central.rs",
                from: "        // SAFETY: by the caller; a static.
        unsafe { self.growth.keep() };",
                to: "        if {on} {
            return;
        }
        // SAFETY: by the caller; a static.
        unsafe { self.growth.keep() };",
            },
            Edit {
                file: "src/general/central.rs",
                from: "        // SAFETY: by the caller.
        unsafe { self.mediator.give_up_locks() };",
                to: "        if {on} {
            return;
        }
        // SAFETY: by the caller.
        unsafe { self.mediator.give_up_locks() };",
            },
        ],
        killer: test("forks::a_child_allocates_whatever_the_threads_of_its_parent_did"),
        words: "the child hung",
    },
];
