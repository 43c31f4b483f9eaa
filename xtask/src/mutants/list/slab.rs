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
            from: "            if let Some(local) = self.known(index) {
                local.hand_in();",
            to: "            if let Some(local) = self.known(index).filter(|_| !{on}) {
                local.hand_in();",
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
    Mutant {
        name: "a class's pool is built although there is one",
        edits: &[Edit {
            file: "src/pool/per_thread/set.rs",
            from: "        if members[index].is_none() {",
            to: "        if {on} {
            core::mem::forget(members[index].take());
        }
        if members[index].is_none() {",
        }],
        killer: test("slab_threads::the_census_is_exact_after_threads_have_filled_and_freed"),
        words: "blocks of 16 bytes were lost",
    },
    Mutant {
        name: "bits that cover more pages forget which are taken",
        edits: &[Edit {
            file: "src/alloc/slab/pages.rs",
            from: "            tree.take(at, first - at);",
            to: "            if !{on} {
                tree.take(at, first - at);
            }",
        }],
        killer: test("slab::the_bits_grow_with_the_pages_that_are_taken"),
        words: "two blocks overlap",
    },
    Mutant {
        name: "a pool's records come from the pages of the arena",
        edits: &[
            Edit {
                file: "src/alloc/slab/chunks.rs",
                from: "        let region = SystemSource.obtain(layout);",
                to: "        if {on} {
            return self.obtain(layout);
        }
        let region = SystemSource.obtain(layout);",
            },
            Edit {
                file: "src/alloc/slab/chunks.rs",
                from: "        self.records.bytes.add((layout.size() as u64).wrapping_neg());",
                to: "        if {on} {
            // SAFETY: obtained so.
            return unsafe { self.release(region, layout) };
        }
        self.records.bytes.add((layout.size() as u64).wrapping_neg());",
            },
        ],
        killer: test("slab::an_arena_of_a_page_serves_small_blocks_or_one_page"),
        words: "blocks of 8 bytes in a page",
    },
    Mutant {
        name: "a run of pages is handed out and stays free",
        edits: &[Edit {
            file: "src/alloc/slab/pages.rs",
            from: "                self.tree.take(first, pages);
                self.taken += pages;
                return Ok(first);",
            to: "                if !{on} {
                    self.tree.take(first, pages);
                }
                self.taken += pages;
                return Ok(first);",
        }],
        killer: test("slab::a_large_block_grows_and_shrinks_by_pages_where_it_lies"),
        words: "the next block lies there",
    },
    Mutant {
        name: "the free of a large block looks at its ends alone",
        edits: &[Edit {
            file: "src/alloc/slab/pages.rs",
            from: "            && (first + 1..first + pages).all(|page| state.marks.get(page) == MORE)",
            to: "            && (first + 1..first + pages)
                .all(|page| {on} && page + 1 < first + pages || state.marks.get(page) == MORE)",
        }],
        killer: test(
            "slab::a_large_block_that_is_freed_twice_or_foreign_panics_and_changes_nothing",
        ),
        words: "two blocks",
    },
];
