//! Faults of thread caches: slots, how they are claimed, and the magazines that come with them.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a removal from a cache moves one entry too few",
        edits: &[Edit {
            file: "src/thread_cache/slot/array.rs",
            from: "unsafe { next.copy_to(gap, *len - nth) };",
            to: "unsafe { next.copy_to(gap, (*len - nth).saturating_sub(usize::from({on}))) };",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "pool::local::tests::a_flush_that_is_refused_leaves_the_cache_as_it_was_but_for_the_wrong_copy",
        },
        words: "the cache is not what it was",
    },
    Mutant {
        name: "a slot claimed by a load and a store",
        edits: &[Edit {
            file: "src/thread_cache/slot/mod.rs",
            from: "        if self.owner().is_some() {
            return false;
        }",
            to: "        if self.owner().is_some() {
            return false;
        }
        if {on} {
            // Acquire as the claim is, so that only the lost exclusion shows.
            let is_free = self.head().owner.load(site::SLOT_CLAIM.ordering()) == 0;
            if is_free {
                self.head().owner.store(thread.0.get(), site::SLOT_LEAVE.ordering());
            }
            return is_free;
        }",
        }],
        killer: Killer::Shuttle("TaggedPacked/pool/attach_attach_one_free/shuttle-dfs/"),
        words: "two handles share a slot",
    },
    Mutant {
        name: "a slot that brings no magazine",
        edits: &[Edit {
            file: "src/pool/growth.rs",
            from: "for nth in 0..1 + limbo {",
            to: "for nth in usize::from({on})..1 + limbo {",
        }],
        killer: Killer::Loom("TaggedPacked/pool/leave_leave/loom/"),
        words: "M4: a magazine is reserved for every batch",
    },
    Mutant {
        name: "a slot that brings no large magazine",
        edits: &[Edit {
            file: "src/pool/growth.rs",
            from: "if let Some(large_at) = large_at {",
            to: "if let Some(large_at) = large_at.filter(|_| !{on}) {",
        }],
        killer: Killer::Test {
            target: "adaptive",
            name: "a_producer_and_a_consumer_exchange_large_magazines",
        },
        words: "blocks an exchange",
    },
    Mutant {
        name: "a thread that only gives keeps half of what it has",
        edits: &[Edit {
            file: "src/thread_cache/slot/cache_state.rs",
            from: "let gives = if self.flushes == STEADY {",
            to: "let gives = if !{on} && self.flushes == STEADY {",
        }],
        killer: Killer::Test {
            target: "adaptive",
            name: "a_producer_and_a_consumer_exchange_large_magazines",
        },
        words: "blocks an exchange",
    },
    Mutant {
        name: "a thread that only gives never holds blocks back",
        edits: &[Edit {
            file: "src/thread_cache/slot/cache_state.rs",
            from: "let may = self.flushes == STEADY",
            to: "let may = !{on} && self.flushes == STEADY",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "thread_cache::slot::cache_state::tests::without_a_large_magazine_only_a_thread_that_only_gives_holds_back",
        },
        words: "two batches more",
    },
    Mutant {
        name: "a refill that does not end giving",
        edits: &[Edit {
            file: "src/thread_cache/slot/cache_state.rs",
            from: "(self.refilled, self.flushes) = (true, 0);",
            to: "(self.refilled, self.flushes) = (true, if {on} { self.flushes } else { 0 });",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "thread_cache::slot::cache_state::tests::a_refill_in_between_keeps_it_large",
        },
        words: "a flush",
    },
    Mutant {
        name: "a refill of a cache's last owner counts for the next one",
        edits: &[
            Edit {
                file: "src/thread_cache/slot/cache_state.rs",
                from: "pub(super) const fn narrow(",
                to: "pub(super) fn narrow(",
            },
            Edit {
                file: "src/thread_cache/slot/cache_state.rs",
                from: "(2 * batch.min, false, 0);",
                to: "(2 * batch.min, {on} && self.refilled, 0);",
            },
        ],
        killer: Killer::Test {
            target: "batches",
            name: "a_refill_of_the_last_owner_does_not_enlarge_the_cache_of_the_next_one",
        },
        words: "a thread that only frees got a larger cache",
    },
];
