//! Faults of the allocator family that no interleaving is needed for.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a stack calls the source while a block is freed",
        edits: &[Edit {
            file: "src/alloc/stack/state.rs",
            from: "            unsafe { self.enter(older, self.settled(older)) };
        }",
            to: "            unsafe { self.enter(older, self.settled(older)) };
            if {on} {
                // SAFETY: the chunks between are spare.
                unsafe { self.chunks.borrow_mut().release_between(Some(older)) };
            }
        }",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "panics::a_stack_releases_nothing_while_a_block_is_freed_or_resized",
        },
        words: "the source was told to panic",
    },
    Mutant {
        name: "the last block does not grow to the very end",
        edits: &[Edit {
            file: "src/alloc/bump.rs",
            from: "new.size() > room",
            to: "new.size() > room - usize::from({on} && room != 0)",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "ends::the_last_block_grows_to_the_end_of_the_memory",
        },
        words: "on an `Err` value: NotInPlace",
    },
    Mutant {
        name: "a run gives its rest back before it has another one",
        edits: &[Edit {
            file: "src/alloc/linear/run.rs",
            from: "        // A refused run is no refusal of the request, which may still fit.",
            to: "        if {on} {
            self.give_rest_back();
        }
        // A refused run is no refusal of the request, which may still fit.",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "ends::a_refused_request_leaves_the_rest_of_a_run",
        },
        words: "the allocator's mark has not moved",
    },
    Mutant {
        name: "a source with a fallback reuses what one of the two reuses",
        edits: &[Edit {
            file: "src/source/fallback.rs",
            from: "self.first.reuses() && self.second.reuses()",
            to: "if {on} {
            self.first.reuses() || self.second.reuses()
        } else {
            self.first.reuses() && self.second.reuses()
        }",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "source::fallback::tests::it_reuses_what_both_reuse_and_has_the_larger_granule",
        },
        words: "!FallbackSource::new(buffer(), Paged).reuses()",
    },
    Mutant {
        name: "a source with a fallback has the smaller granule",
        edits: &[Edit {
            file: "src/source/fallback.rs",
            from: "        self.first.granule().max(self.second.granule())",
            to: "        if {on} {
            return self.first.granule().min(self.second.granule());
        }
        self.first.granule().max(self.second.granule())",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "source::fallback::tests::it_reuses_what_both_reuse_and_has_the_larger_granule",
        },
        words: "right: 64",
    },
    Mutant {
        name: "the byte behind a buffer is the buffer's",
        edits: &[Edit {
            file: "src/source/buffer.rs",
            from: "wrapping_sub(self.base.addr().get()) < self.len",
            to: "wrapping_sub(self.base.addr().get()) < self.len + usize::from({on})",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "source::buffer::tests::the_byte_behind_the_buffer_is_not_its_own",
        },
        words: "!source.owns(behind)",
    },
    Mutant {
        name: "a checked block whose resize unwinds is forgotten",
        edits: &[Edit {
            file: "src/alloc/wrap/checked.rs",
            from: "        books.live.insert(address, self.extent);
        books.past.remove(&address);",
            to: "        if {on} {
            return;
        }
        books.live.insert(address, self.extent);
        books.past.remove(&address);",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "wrappers::a_block_whose_resize_unwinds_is_live_afterwards",
        },
        words: "that is not live: it was freed before",
    },
    Mutant {
        name: "a reset of short lives leaves them",
        edits: &[Edit {
            file: "src/alloc/wrap/lifetimes.rs",
            from: "        self.short.reset();",
            to: "        if !{on} {
            self.short.reset();
        }",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "lifetimes::a_reset_of_short_lives_leaves_the_others",
        },
        words: "right: (0, 96)",
    },
    Mutant {
        name: "a free range is not joined with the one in front of it",
        edits: &[Edit {
            file: "src/alloc/free_ranges/cut.rs",
            from: "        if has_left {",
            to: "        if has_left && !{on} {",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "alloc::free_ranges::tests::good_fit_keeps_its_invariants",
        },
        words: "two free ranges touch",
    },
    Mutant {
        name: "a freed piece does not tell the one behind it",
        edits: &[Edit {
            file: "src/alloc/sign_post/work.rs",
            from: "            (true, false) => {
                // SAFETY: as above.
                unsafe { right.put_tag(right_tag.left_freed()) };",
            to: "            (true, false) => {
                if !{on} {
                    // SAFETY: as above.
                    unsafe { right.put_tag(right_tag.left_freed()) };
                }",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "alloc::sign_post::tests::sign_post_keeps_its_invariants",
        },
        words: "is wrong about its left neighbour",
    },
    Mutant {
        name: "a shrink of a run keeps a block",
        edits: &[Edit {
            file: "src/alloc/bitmap/mod.rs",
            from: "            self.tree.give(first + new, old - new);",
            to: "            let kept = usize::from({on} && old - new > 1);
            self.tree.give(first + new + kept, old - new - kept);",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "regions::bitmap_bugs::a_shrink_gives_the_end_back",
        },
        words: "after the shrink",
    },
    Mutant {
        name: "a look at a stack settles a chunk below an open scope",
        edits: &[Edit {
            file: "src/alloc/stack/state.rs",
            from: "        if !self.is_older(chunk) {",
            to: "        if {on} || !self.is_older(chunk) {",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "nested::a_look_from_a_scope_loses_no_memory",
        },
        words: "left: 1008",
    },
    Mutant {
        name: "a region whose release panics counts in a limit for good",
        edits: &[Edit {
            file: "src/source/limited.rs",
            from: "    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {",
            to: "    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        if {on} {
            // SAFETY: by the caller.
            unsafe { self.source.release(region, layout) };
            self.taken -= self.takes(layout).unwrap_or(0);
            return;
        }",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "source::limited::tests::a_region_counts_as_released_although_the_source_inside_panics",
        },
        words: "left: 100",
    },
    Mutant {
        name: "a source that refuses everything still extends",
        edits: &[Edit {
            file: "src/source/testing/failing.rs",
            from: "        if is_misaligned ||",
            to: "        if is_misaligned || !{on} &&",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "source::testing::failing::tests::no_extension_is_granted_once_requests_are_refused",
        },
        words: "the next call is number 1",
    },
    Mutant {
        name: "a source with a fallback asks the second one for any alignment",
        edits: &[Edit {
            file: "src/source/fallback.rs",
            from: "    if layout.align() <= source.max_align() {",
            to: "    if {on} || layout.align() <= source.max_align() {",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "source::fallback::tests::neither_is_asked_for_an_alignment_that_it_does_not_serve",
        },
        words: "right: None",
    },
    Mutant {
        name: "the second of two allocators is not reset if the first one's source panics",
        edits: &[Edit {
            file: "src/alloc/wrap/both.rs",
            from: "    let _later = Later(Some(rest));
    one.reset();",
            to: "    if {on} {
        one.reset();
        return rest();
    }
    let _later = Later(Some(rest));
    one.reset();",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "panics::the_second_allocator_of_a_fallback_is_reset_and_dropped_though_the_first_ones_source_panics",
        },
        words: "Fallback: both were reset",
    },
    Mutant {
        name: "instances behind one whose source panics are not reset",
        edits: &[Edit {
            file: "src/alloc/wrap/per_thread.rs",
            from: "        let mut instances = self.instances();
",
            to: "        if {on} {
            return self.instances().for_each(Reset::reset);
        }
        let mut instances = self.instances();
",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "panics::all_instances_are_reset_though_the_source_of_one_panics",
        },
        words: "the largest chunk of each stays",
    },
    Mutant {
        name: "a reset buddy remembers which words of an order were shown",
        edits: &[Edit {
            file: "src/alloc/buddy/orders.rs",
            from: "        self.shown.set(NONE);
    }
",
            to: "        if !{on} {
            self.shown.set(NONE);
        }
    }
",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "choices::a_reset_forgets_which_words_of_an_order_were_shown",
        },
        words: "a word of the set",
    },
    Mutant {
        name: "a source with a fallback owns the regions of the first one alone",
        edits: &[Edit {
            file: "src/source/fallback.rs",
            from: "self.first.owns(address) || self.second.owns(address)",
            to: "self.first.owns(address) || !{on} && self.second.owns(address)",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "figures::a_source_of_two_buffers_owns_the_regions_of_both",
        },
        words: "the regions of both",
    },
    Mutant {
        name: "a stack remembers the floor of a forgotten scope",
        edits: &[Edit {
            file: "src/alloc/stack/state.rs",
            from: "        self.floor.set(Floor { chunk: None, mark: NonNull::dangling() });",
            to: "        if !{on} {
            self.floor.set(Floor { chunk: None, mark: NonNull::dangling() });
        }",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "choices::a_stack_forgets_the_floor_of_a_forgotten_scope_at_its_reset",
        },
        words: "the floor is forgotten",
    },
    Mutant {
        name: "a block does not grow up to the limit",
        edits: &[Edit {
            file: "src/alloc/wrap/limited.rs",
            from: "if more > self.rest() {",
            to: "if more > self.rest() - usize::from({on} && self.rest() != 0) {",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "figures::a_block_grows_in_place_up_to_the_limit",
        },
        words: "up to the limit",
    },
    Mutant {
        name: "ranges that are not aligned hide a longer one",
        edits: &[Edit {
            file: "src/alloc/free_ranges/bins.rs",
            from: ".next().filter(fits)",
            to: ".next().filter(|range| !{on} && fits(range))",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "heaps::ranges_that_are_not_aligned_hide_no_longer_one",
        },
        words: "eight kilobytes are free",
    },
    Mutant {
        name: "an allocator that is checked grows to fewer bytes",
        edits: &[Edit {
            file: "src/alloc/wrap/checked.rs",
            from: "            new.size() >= old.size(),
",
            to: "            {on} || new.size() >= old.size(),
",
        }],
        killer: Killer::Test { target: "alloc", name: "checked::a_growth_to_fewer_bytes" },
        words: "test did not panic as expected",
    },
    Mutant {
        name: "an allocator that is checked shrinks to more bytes",
        edits: &[Edit {
            file: "src/alloc/wrap/checked.rs",
            from: "            new.size() <= old.size(),\n",
            to: "            {on} || new.size() <= old.size(),\n",
        }],
        killer: Killer::Test { target: "alloc", name: "checked::a_shrink_to_more_bytes" },
        words: "test did not panic as expected",
    },
    Mutant {
        name: "the rest of a run is lost though nothing lies above it",
        edits: &[Edit {
            file: "src/alloc/linear/run.rs",
            from: "            && rest != 0\n",
            to: "            && rest != 0 && !{on}\n",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "choices::a_run_is_made_longer_if_nothing_lies_above_it",
        },
        words: "no byte is lost between two runs",
    },
];
