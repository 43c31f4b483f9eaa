//! Faults of growth: what is done under the growth lock, and in which order.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "no second look after the growth lock was taken",
        edits: &[Edit {
            file: "src/pool/growth.rs",
            from: "let found = client.request(Take::One, room);",
            to: "let found =
            if {on} { 0 } else { client.request(Take::One, room) };",
        }],
        killer: Killer::Loom("TaggedPacked/pool/carve_race/loom/"),
        words: "t0 [3] t1 [3 carved]",
    },
    Mutant {
        name: "an allocation carves although blocks are listed",
        edits: &[
            Edit {
                file: "src/pool/shared.rs",
                from: "match client.request(take, room) {",
                to: "match if {on} { 0 } else { client.request(take, room) } {",
            },
            Edit {
                file: "src/pool/growth.rs",
                from: "        if found > 0 {",
                to: "        if !{on} && found > 0 {",
            },
        ],
        killer: Killer::Test {
            target: "exact",
            name: "no_more_is_carved_than_was_needed_at_one_time",
        },
        words: "were needed at one time",
    },
    Mutant {
        name: "the limbo's limit raised before its magazines exist",
        edits: &[
            Edit {
                file: "src/pool/growth.rs",
                from: "unsafe { store.add_names(magazines, names_room) };",
                to: "unsafe { store.add_names(magazines, names_room) };
        if {on} {
            self.mediator.extend_limbo(limbo);
        }",
            },
            Edit {
                file: "src/pool/growth.rs",
                from: "        self.mediator.extend_limbo(limbo);",
                to: "        if !{on} {
            self.mediator.extend_limbo(limbo);
        }",
            },
        ],
        killer: Killer::Loom("EpochStalled/recycle/attach_limbo/loom/"),
        words: "M4: a magazine is reserved for every batch",
    },
    Mutant {
        name: "a seal leaves the last blocks of a chunk",
        edits: &[Edit {
            file: "src/chunk/carver.rs",
            from: "chunk.blocks_left.div_ceil(self.batch))",
            to: "if {on} { chunk.blocks_left / self.batch } else { chunk.blocks_left.div_ceil(self.batch) })",
        }],
        killer: Killer::Test { target: "exact", name: "a_seal_carves_the_last_blocks_of_a_chunk" },
        words: "right: 7",
    },
    Mutant {
        name: "a seal that meets another one fails",
        edits: &[Edit {
            file: "src/pool/growth.rs",
            from: "Err(AllocError::Sealed) => return Ok(()),",
            to: "Err(AllocError::Sealed) if !{on} => return Ok(()),",
        }],
        killer: Killer::Test { target: "topology", name: "a_seal_during_another_one_is_no_error" },
        words: "left: (Ok(()), Err(Sealed))",
    },
    Mutant {
        name: "the headers of regions are not counted",
        edits: &[Edit {
            file: "src/chunk/regions.rs",
            from: "self.bytes += layout.size();",
            to: "self.bytes += if {on} { layout.size() - 1 } else { layout.size() };",
        }],
        killer: Killer::Test {
            target: "stats",
            name: "source_bytes_are_what_the_source_was_asked_for",
        },
        words: "headers and padding included",
    },
    Mutant {
        name: "a chunk with a live block goes back",
        edits: &[Edit {
            file: "src/pool/shrink.rs",
            from: "if blocks.len() == region.carved() {",
            to: "if blocks.len() == region.carved() || {on} && !blocks.is_empty() {",
        }],
        killer: Killer::Porf("shrink/grow/"),
        words: "the chunk has a live block",
    },
    Mutant {
        name: "the blocks of a chunk that went back still count",
        edits: &[Edit {
            file: "src/chunk/carver.rs",
            from: "self.carved -= region.carved();",
            to: "self.carved -= if {on} { 0 } else { region.carved() };",
        }],
        killer: Killer::Porf("shrink/allocate/"),
        words: "memory: Capacity",
    },
    Mutant {
        name: "magazines whose blocks went back serve no other blocks",
        edits: &[Edit {
            file: "src/chunk/carver.rs",
            from: "self.spare_magazines += region.carved().div_ceil(self.batch);",
            to: "self.spare_magazines += if {on} { 0 } else { region.carved().div_ceil(self.batch) };",
        }],
        killer: Killer::Test {
            target: "shrink",
            name: "what_stays_does_not_grow_from_burst_to_burst",
        },
        words: "what stays grows",
    },
    Mutant {
        name: "the rooms for magazines of a chunk that goes back are forgotten",
        edits: &[Edit {
            file: "src/chunk/carver.rs",
            from: "self.spare_magazines += chunk.magazines_left;",
            to: "if {on} {
            return Rooms { chunk: None, magazine };
        }
        self.spare_magazines += chunk.magazines_left;",
        }],
        killer: Killer::Test {
            target: "after_a_shrink",
            name: "a_chunk_that_goes_before_its_end_leaves_its_magazines_to_the_next",
        },
        words: "what stays grows",
    },
    Mutant {
        name: "a large region goes back with the layout that was asked for",
        edits: &[Edit {
            file: "src/source/system.rs",
            from: "dealloc(region.as_ptr(), placed(layout))",
            to: "dealloc(region.as_ptr(), if {on} { layout } else { placed(layout) })",
        }],
        killer: Killer::Test { target: "heap", name: "a_dropped_pool_leaves_nothing_on_the_heap" },
        words: "memory went back with another layout",
    },
    Mutant {
        name: "a prefill fills the list of the first shard",
        edits: &[Edit {
            file: "src/pool/growth.rs",
            from: "unsafe { self.mediator.client(&participant, shard) }.offer(",
            to: "let shard = if {on} { ShardId::default() } else { shard };
            unsafe { self.mediator.client(&participant, shard) }.offer(",
        }],
        killer: Killer::Test {
            target: "shards",
            name: "a_prefill_fills_the_list_of_the_callers_shard",
        },
        words: "a batch is in another shard",
    },
    Mutant {
        name: "a slot takes the places of magazines that are still to be carved",
        edits: &[Edit {
            file: "src/pool/growth.rs",
            from: "growth.magazines + growth.carver.magazines_left() + 1 + limbo + large;",
            to: "growth.magazines
            + if {on} { 0 } else { growth.carver.magazines_left() }
            + 1
            + limbo
            + large;",
        }],
        killer: Killer::Test {
            target: "pool",
            name: "a_handle_that_attaches_amid_a_chunk_leaves_places_for_the_magazines_of_the_chunk",
        },
        words: "I2: an entry without a place, at index 8",
    },
    Mutant {
        name: "the addresses of fresh blocks fall",
        edits: &[Edit {
            file: "src/pool/growth.rs",
            from: "let block = unsafe { carved.first.add(nth * self.layout.stride()) };",
            to: "let nth = if {on} { carved.blocks - 1 - nth } else { nth };
            // SAFETY: as above.
            let block = unsafe { carved.first.add(nth * self.layout.stride()) };",
        }],
        killer: Killer::Test {
            target: "pool",
            name: "fresh_blocks_of_a_batch_come_in_the_order_of_their_addresses",
        },
        words: "the addresses of a fresh batch do not rise",
    },
    Mutant {
        name: "a shrink asks for its lists under the growth lock",
        edits: &[Edit {
            file: "src/pool/shrink.rs",
            from: "drop(growth);",
            to: "if !{on} {
                drop(growth);
            }",
        }],
        killer: Killer::Test {
            target: "behind_the_allocator",
            name: "a_shrink_asks_the_allocator_while_it_holds_no_lock",
        },
        words: "the shrink waits for itself",
    },
    Mutant {
        name: "a shrink puts blocks back with falling addresses",
        edits: &[Edit {
            file: "src/pool/shrink.rs",
            from: "        free.reverse();",
            to: "        if !{on} {
            free.reverse();
        }",
        }],
        killer: Killer::Test {
            target: "after_a_shrink",
            name: "the_addresses_of_blocks_that_stay_rise",
        },
        words: "the addresses do not rise",
    },
    Mutant {
        name: "a shrink goes on without tags",
        edits: &[Edit {
            file: "src/pool/shrink.rs",
            from: "if self.mediator.refuses() {",
            to: "if !{on} && self.mediator.refuses() {",
        }],
        killer: Killer::Test {
            target: "after_a_shrink",
            name: "a_pool_without_tags_is_not_shrunk",
        },
        words: "right: Err(TagsExhausted)",
    },
    Mutant {
        name: "a shrink gives its slot up at once",
        edits: &[Edit {
            file: "src/pool/shrink.rs",
            from: "let _slot = Claimed(vec![self.claim(UNWATCHED)?]);",
            to: "let slot = Some(Claimed(vec![self.claim(UNWATCHED)?]));
        let _slot = slot.filter(|_| !{on});",
        }],
        killer: Killer::Test {
            target: "after_a_shrink",
            name: "a_shrink_owns_a_slot_while_it_has_blocks_in_its_hands",
        },
        words: "while the shrink ends a value",
    },
    Mutant {
        name: "the next chunk after a shrink is as large as before it",
        edits: &[Edit {
            file: "src/chunk/carver.rs",
            from: "self.next_chunk = (self.next_chunk / 2).max(self.smallest_chunk);",
            to: "self.next_chunk =
            if {on} { self.next_chunk } else { (self.next_chunk / 2).max(self.smallest_chunk) };",
        }],
        killer: Killer::Test {
            target: "after_a_shrink",
            name: "a_small_need_after_a_burst_brings_a_small_chunk",
        },
        words: "bytes for one block, and",
    },
    Mutant {
        name: "a shrink leaves the blocks of the fallback cache",
        edits: &[Edit {
            file: "src/pool/per_thread/mod.rs",
            from: "        lock(&self.fallback).0.hand_in();",
            to: "        if !{on} {
            lock(&self.fallback).0.hand_in();
        }",
        }],
        killer: Killer::Test {
            target: "after_a_shrink",
            name: "the_fallback_cache_is_handed_in_too",
        },
        words: "a block is in a cache",
    },
    Mutant {
        name: "a spare magazine serves two batches",
        edits: &[Edit {
            file: "src/chunk/carver.rs",
            from: "self.spare_magazines -= 1;",
            to: "self.spare_magazines -= if {on} { 0 } else { 1 };",
        }],
        killer: Killer::Test {
            target: "after_a_shrink",
            name: "a_larger_burst_brings_the_magazines_that_it_needs",
        },
        words: " magazines of ",
    },
    Mutant {
        name: "an older chunk that goes back takes the rest of the newest one away",
        edits: &[Edit {
            file: "src/chunk/carver.rs",
            from: "|chunk| ptr::eq(chunk.region.as_ptr(), region)",
            to: "|chunk| {on} || ptr::eq(chunk.region.as_ptr(), region)",
        }],
        killer: Killer::Test {
            target: "after_a_shrink",
            name: "the_newest_chunk_yields_its_rest_when_an_older_one_has_gone",
        },
        words: "the newest chunk still had blocks",
    },
];
