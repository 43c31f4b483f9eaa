//! Faults of the general allocator.

use crate::mutants::{Edit, Killer, Mutant};

const fn test(name: &'static str) -> Killer {
    Killer::Test { target: "general_called", name }
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
        name: "a chunk begins at any page",
        edits: &[Edit {
            file: "src/general/central.rs",
            from: "        mapping::map(layout.size().checked_next_multiple_of(mapping::PAGE)?, layout.align())",
            to: "        let align = if {on} { mapping::PAGE } else { layout.align() };
        mapping::map(layout.size().checked_next_multiple_of(mapping::PAGE)?, align)",
        }],
        killer: test("blocks::every_size_and_alignment"),
        words: "memory",
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
];
