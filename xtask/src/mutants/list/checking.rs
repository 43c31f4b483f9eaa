//! Faults of checked and hardened pools, at the places where a block that was freed by two
//! threads at one time turns up.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a flush that is refused does not take back what it has said",
        edits: &[Edit {
            file: "src/checking/batch.rs",
            from: "for &block in &blocks[..nth] {",
            to: "for &block in &blocks[..if {on} { 0 } else { nth }] {",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "pool::local::tests::a_flush_that_is_refused_leaves_the_cache_as_it_was_but_for_the_wrong_copy",
        },
        words: "the cache is not what it was",
    },
    Mutant {
        name: "a flush that is refused loses the block that was to be freed",
        edits: &[Edit {
            file: "src/pool/local/mod.rs",
            from: "unsafe { slot.put(block) };
            misuse.report();",
            to: "if !{on} {
                unsafe { slot.put(block) };
            }
            misuse.report();",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "pool::local::tests::of_two_copies_in_one_cache_one_is_refused",
        },
        words: "the cache is not what it was",
    },
    Mutant {
        name: "a refill that is refused keeps the wrong copy",
        edits: &[Edit {
            file: "src/checking/batch.rs",
            from: "unsafe { slot.remove(nth) };
            all = Err(misuse);",
            to: "if !{on} {
                unsafe { slot.remove(nth) };
            }
            all = Err(misuse);",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "pool::local::tests::the_wrong_copies_are_refused_at_a_refill",
        },
        words: "only the copies have left",
    },
    Mutant {
        name: "a pop that is refused puts the wrong copy back",
        edits: &[Edit {
            file: "src/pool/local/mod.rs",
            from: "if misuse.leaves_the_block() {",
            to: "if {on} || misuse.leaves_the_block() {",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "pool::local::tests::the_wrong_copy_is_refused_at_a_pop",
        },
        words: "the copy has left the cache",
    },
    Mutant {
        name: "a pop takes a block that another cache owns",
        edits: &[Edit {
            file: "src/checking/tracked.rs",
            from: "if !word.is(BlockState::cached(slot)) {",
            to: "if !{on} && !word.is(BlockState::cached(slot)) {",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "pool::local::tests::the_wrong_copy_is_refused_at_a_pop",
        },
        words: "the wrong copy was not noticed",
    },
    Mutant {
        name: "a kept back block is handed out unseen",
        edits: &[Edit {
            file: "src/pool/local/mod.rs",
            from: "Err(error) => unsafe { slot.release_oldest() }.ok_or(error)?,",
            to: "Err(error) => {
                let oldest = unsafe { slot.release_oldest() }.ok_or(error)?;
                if {on} {
                    return Ok(oldest);
                }
                oldest
            }",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "pool::local::tests::the_wrong_copy_is_refused_where_it_was_kept_back",
        },
        words: "the wrong copy was not noticed",
    },
    Mutant {
        name: "a handle that leaves says nothing of the wrong copy",
        edits: &[Edit {
            file: "src/pool/shared.rs",
            from: ".err().or(found);",
            to: ".err().filter(|_| !{on}).or(found);",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "pool::local::tests::a_handle_that_leaves_says_so_and_loses_nothing",
        },
        words: "the wrong copy was not noticed",
    },
    Mutant {
        name: "a handle that leaves during a panic panics too",
        edits: &[Edit {
            file: "src/pool/local/ends.rs",
            from: "found.filter(|_| !panicking())",
            to: "found.filter(|_| {on} || !panicking())",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "pool::local::tests::a_handle_that_leaves_during_a_panic_says_nothing",
        },
        words: "was freed twice, by two threads at one time",
    },
];
