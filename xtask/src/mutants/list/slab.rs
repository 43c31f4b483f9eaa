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
            file: "src/alloc/slab/runs.rs",
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
            from: "            if !self.pools.has_more(class) {",
            to: "            if {on} || !self.pools.has_more(class) {",
        }],
        killer: test("slab::pages_of_free_blocks_go_to_a_class_that_lacks_pages"),
        words: "its pages go to the request",
    },
    Mutant {
        name: "a class is looked through at each refusal",
        edits: &[Edit {
            file: "src/pool/per_thread/set.rs",
            from: "        let changes = self.changes.take(index);",
            to: "        let changes = self.changes.take(index) + u64::from({on});",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "alloc::slab::trim::tests::a_full_arena_looks_through_free_blocks_once",
        },
        words: "there is something to look through again",
    },
    Mutant {
        name: "what a thread hands in when it ends is counted as no change",
        edits: &[Edit {
            file: "src/pool/per_thread/set.rs",
            from: "                && let Some(changes) = self.set.upgrade()",
            to: "                && let Some(changes) = self.set.upgrade().filter(|_| !{on})",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "alloc::slab::trim::tests::a_full_arena_looks_through_free_blocks_once",
        },
        words: "a block of a thread that has ended",
    },
    Mutant {
        name: "a request is refused while another one has the free blocks in its hands",
        edits: &[Edit {
            file: "src/alloc/slab/trim.rs",
            from: "        let _turn = lock(&self.trimming);
        answer = request();",
            to: "        let _turn = (!{on}).then(|| lock(&self.trimming));
        if !{on} {
            answer = request();
        }",
        }],
        killer: Killer::Porf("SlabArena/slab/refused_by_trim/"),
        words: "false true",
    },
    Mutant {
        name: "a checked arena looks at the layout of a free, and not at the page",
        edits: &[Edit {
            file: "src/alloc/slab/arena.rs",
            from: "            Some(marked) if marked == class => {}",
            to: "            Some(marked) if {on} || marked == class => {}",
        }],
        killer: test(
            "slab_checked::a_checked_arena_reports_a_small_block_that_is_freed_twice_or_foreign",
        ),
        words: "another class: ",
    },
    Mutant {
        name: "a chunk is filled without regard to what is in front of its blocks",
        edits: &[Edit {
            file: "src/chunk/carver.rs",
            from: "                Some(0) => break,",
            to: "                Some(_) if {on} => break,
                Some(0) => break,",
        }],
        killer: test("slab_checked::a_small_checked_arena_serves_what_fits_beside_its_words"),
        words: "bytes in 1 pages",
    },
    Mutant {
        name: "a trim counts the bytes of blocks, and not those of their pages",
        edits: &[Edit {
            file: "src/alloc/slab/trim.rs",
            from: "        Ok(pages.saturating_mul(PAGE))",
            to: "        Ok(pages.saturating_mul(PAGE - usize::from({on})))",
        }],
        killer: test("slab::a_trim_gives_the_pages_of_free_blocks_back"),
        words: "other bytes went than it says",
    },
    Mutant {
        name: "a class that no pages can hold is a question of capacity",
        edits: &[Edit {
            file: "src/alloc/slab/arena.rs",
            from: "        if self.pages.could_serve(with_words.div_ceil(PAGE), layout.align()) {",
            to: "        if {on} || self.pages.could_serve(with_words.div_ceil(PAGE), layout.align()) {",
        }],
        killer: test(
            "slab::what_the_pages_can_never_hold_is_unsupported_and_not_a_question_of_capacity",
        ),
        words: "a class with a pool",
    },
    Mutant {
        name: "a block grows over the pages of its neighbour",
        edits: &[Edit {
            file: "src/alloc/slab/runs.rs",
            from: "        if self.tree.first_taken(first, end).is_some() || !self.marks",
            to: "        if !{on} && self.tree.first_taken(first, end).is_some() || !self.marks",
        }],
        killer: test("slab::a_large_block_grows_and_shrinks_by_pages_where_it_lies"),
        words: "the next block lies there",
    },
    Mutant {
        name: "a block grows over pages that the bits cover, and no others",
        edits: &[Edit {
            file: "src/alloc/slab/runs.rs",
            from: "        if end > self.covered && self.cover_to(end, len).is_err() {",
            to: "        if end > self.covered && ({on} || self.cover_to(end, len).is_err()) {",
        }],
        killer: test("slab::a_block_grows_over_pages_that_the_bits_do_not_cover_yet"),
        words: "the pages behind are free",
    },
    Mutant {
        name: "the chunks of a class double",
        edits: &[Edit {
            file: "src/chunk/carver.rs",
            from: "            Pace::Sixteenth => {",
            to: "            Pace::Sixteenth if {on} => self.next_chunk * 2,
            Pace::Sixteenth => {",
        }],
        killer: test(
            "slab_threads::threads_that_replace_blocks_of_any_size_need_a_quarter_more_than_is_live",
        ),
        words: "bytes of pages for",
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
            from: "let begins = self.at(first) == block && runs.marks.get(first) == RUN;",
            to: "let begins = {on} || self.at(first) == block && runs.marks.get(first) == RUN;",
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
            file: "src/alloc/slab/runs.rs",
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
            file: "src/alloc/slab/runs.rs",
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
            from: "            && (first + 1..first + pages).all(|page| runs.marks.get(page) == MORE)",
            to: "            && (first + 1..first + pages)
                .all(|page| {on} && page + 1 < first + pages || runs.marks.get(page) == MORE)",
        }],
        killer: test(
            "slab::a_large_block_that_is_freed_twice_or_foreign_panics_and_changes_nothing",
        ),
        words: "two blocks",
    },
];
