//! Faults of the arena with a capacity.

use crate::mutants::{Edit, Killer, Mutant};

const fn test(name: &'static str) -> Killer {
    Killer::Test { target: "alloc", name }
}

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a thread keeps its table of an arena that is gone as the last one",
        edits: &[Edit {
            file: "src/pool/per_thread/locals.rs",
            from: "(number == set).then_some(table)",
            to: "(number == set || ({on} && !table.is_null())).then_some(table)",
        }],
        killer: test("slab::each_arena_has_its_own_table"),
        words: "a block of another arena",
    },
    Mutant {
        name: "the pages of a chunk that goes back stay taken",
        edits: &[Edit {
            file: "src/alloc/slab/pages.rs",
            from: "        self.tree.give(first, pages);
        self.taken -= pages;",
            to: "        if !{on} {
            self.tree.give(first, pages);
        }
        self.taken -= pages;",
        }],
        killer: test("slab::a_reset_ends_all_blocks_and_the_arena_is_as_new"),
        words: "all of it",
    },
    Mutant {
        name: "a class that lacks pages does not ask for those of free blocks",
        edits: &[Edit {
            file: "src/alloc/slab/trim.rs",
            from: "                bytes += self.trim_class(class, pool).unwrap_or(0);",
            to: "                if !{on} {
                    bytes += self.trim_class(class, pool).unwrap_or(0);
                }",
        }],
        killer: test("slab::pages_of_free_blocks_go_to_a_class_that_lacks_pages"),
        words: "its pages go to the request",
    },
    Mutant {
        name: "a trim leaves the cache of the calling thread",
        edits: &[Edit {
            file: "src/pool/per_thread/set.rs",
            from: "            if let Attached::Own(local) = self.here(index, member) {",
            to: "            if let Attached::Own(local) = self.here(index, member)
                && !{on}
            {",
        }],
        killer: test("slab::a_trim_gives_the_pages_of_free_blocks_back"),
        words: "a page is left",
    },
    Mutant {
        name: "a chunk takes any part of the capacity",
        edits: &[Edit {
            file: "src/alloc/slab/arena.rs",
            from: ".chunk_bytes(FIRST_CHUNK_BYTES.min(share), LARGEST_CHUNK_BYTES.min(share))",
            to: ".chunk_bytes(
                if {on} { capacity } else { FIRST_CHUNK_BYTES.min(share) },
                if {on} { capacity } else { LARGEST_CHUNK_BYTES.min(share) },
            )",
        }],
        killer: test("slab::a_class_takes_a_hundredth_of_the_pages_at_a_time"),
        words: "takes more than its share",
    },
    Mutant {
        name: "a large block is given back whatever its pages hold",
        edits: &[Edit {
            file: "src/alloc/slab/pages.rs",
            from: "let begins = self.at(first) == block && state.marks.get(first) == RUN;",
            to: "let begins = {on} || self.at(first) == block && state.marks.get(first) == RUN;",
        }],
        killer: test(
            "slab::a_large_block_that_is_freed_twice_or_foreign_panics_and_changes_nothing",
        ),
        words: "within a block",
    },
];
