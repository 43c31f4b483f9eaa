//! Faults of the mediator: batches, remainders, shards and the limbo.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "the remainder of a thread that leaves dropped by the mediator",
        edits: &[Edit {
            file: "src/mediator/client.rs",
            from: "return self.offer_remainder(&guard, blocks);",
            to: "if !{on} {
                self.offer_remainder(&guard, blocks);
            }
            return;",
        }],
        killer: Killer::Loom("TaggedPacked/pool/leave_remainder_allocate/"),
        words: "a block was lost",
    },
    Mutant {
        name: "several partial magazines taken by one request",
        edits: &[Edit {
            file: "src/mediator/client.rs",
            from: "        // One at a time: several in one hand",
            to: "        if {on} {
            let mut several = 0;
            let take = Take::UpTo(out.len());
            for mut magazine in unsafe { partial.remove(take, store, guard) } {
                several += unsafe { magazine.unload(&mut out[several..]) };
                self.mediator.recycle(guard, magazine);
            }
            if several > 0 {
                return several;
            }
        }
        // One at a time: several in one hand",
        }],
        killer: Killer::Shuttle("TaggedPacked/pool/remainders_again/"),
        words: "M4: a magazine is reserved for every batch",
    },
    Mutant {
        name: "a batch offered twice",
        edits: &[Edit {
            file: "src/mediator/client.rs",
            from: "        magazine.fill(blocks);
        self.mediator.depot.full.push(self.shard, magazine);",
            to: "        magazine.fill(blocks);
        self.mediator.depot.full.push(self.shard, magazine);
        if {on} {
            let Some(mut magazine) = self.mediator.empty_magazine(&guard) else { return };
            magazine.fill(blocks);
            self.mediator.depot.full.push(self.shard, magazine);
        }",
        }],
        killer: Killer::Loom("TaggedPacked/pool/flush_refill/loom/"),
        words: "a block was lost left: 12 right: 8",
    },
    Mutant {
        name: "what a split leaves of a large magazine taken for a remainder",
        edits: &[Edit {
            file: "src/mediator/client.rs",
            from: "left if left < batch.min => partial.push(magazine),",
            to: "left if left < if {on} { batch.max } else { batch.min } => partial.push(magazine),",
        }],
        killer: Killer::Loom("TaggedPacked/mediator/split_a_large_one/loom/"),
        words: "t0 [2] t1 [-] carved 3 full 0 partial 2",
    },
    Mutant {
        name: "something carved although a batch lies in another shard",
        edits: &[Edit {
            file: "src/mediator/client.rs",
            from: "shard = full.after(shard);",
            to: "shard = if {on} { self.shard } else { full.after(shard) };",
        }],
        killer: Killer::Loom("TaggedPacked/pool/shards_steal/loom/"),
        words: "t0 [-] t1 [] carved 5 full 4",
    },
    Mutant {
        name: "shards scanned one after the other, and that taken for one instant",
        edits: &[Edit {
            file: "src/mediator/full_lists.rs",
            from: "if self.others.is_empty() {
            return true;",
            to: "if {on} || self.others.is_empty() {
            return true;",
        }],
        killer: Killer::Loom("TaggedPacked/mediator/shards_behind_a_look/loom/"),
        words: "t0 [-] t1 [0] carved 2 full 1",
    },
    Mutant {
        name: "nobody counts what arrives in a shard",
        edits: &[Edit {
            file: "src/mediator/full_lists.rs",
            from: "        list.push(magazine);
        if !self.others.is_empty() {",
            to: "        list.push(magazine);
        if !{on} && !self.others.is_empty() {",
        }],
        killer: Killer::Shuttle("Quiescent/mediator/shards_behind_two_looks/shuttle-random/"),
        words: "t0 [-] t1 [0 1 0] carved 2 full 1",
    },
    Mutant {
        name: "an emptied magazine returned without a grace period",
        edits: &[Edit {
            file: "src/mediator/mod.rs",
            from: "if !S::Reclaimer::DEFERS {
            self.depot.put_back(magazine);",
            to: "if {on} {
            // SAFETY: not so, that is the fault.
            let magazine = unsafe { OwnedMagazine::assume(magazine.release(), self.store()) };
            self.depot.put_back(magazine);
        } else if !S::Reclaimer::DEFERS {
            self.depot.put_back(magazine);",
        }],
        killer: Killer::Loom("EpochModel/mediator/aba/loom/"),
        words: "Causality violation: Concurrent write accesses",
    },
    Mutant {
        name: "a batch's arrival counted before its push",
        edits: &[
            Edit {
                file: "src/mediator/full_lists.rs",
                from: "let Shard { list, arrived } = self.shard(own);",
                to: "let Shard { list, arrived } = self.shard(own);
        if {on} && !self.others.is_empty() {
            arrived.fetch_add(1, site::ARRIVAL.ordering());
        }",
            },
            Edit {
                file: "src/mediator/full_lists.rs",
                from: "            arrived.fetch_add(1, site::ARRIVAL.ordering());",
                to: "            arrived.fetch_add(u64::from(!{on}), site::ARRIVAL.ordering());",
            },
        ],
        killer: Killer::Loom("TaggedPacked/mediator/shards_before_its_count/loom/"),
        words: "t0 [-]",
    },
    Mutant {
        name: "a second scan over shards that always confirms",
        edits: &[Edit {
            file: "src/mediator/full_lists.rs",
            from: "core::mem::replace(before, now) == now",
            to: "let before = core::mem::replace(before, now);
        before == now || ({on} && before.is_some())",
        }],
        killer: Killer::Loom("TaggedPacked/mediator/shards_before_its_count/loom/"),
        words: "t0 [-]",
    },
    Mutant {
        name: "emptied large magazines put to the ordinary ones",
        edits: &[Edit {
            file: "src/mediator/depot.rs",
            from: "if magazine.is_large() {",
            to: "if !{on} && magazine.is_large() {",
        }],
        killer: Killer::Test {
            target: "adaptive",
            name: "a_producer_and_a_consumer_exchange_large_magazines",
        },
        words: "blocks an exchange",
    },
    Mutant {
        name: "limbo left before the push",
        edits: &[Edit {
            file: "src/mediator/depot.rs",
            from: "        depot.put_back(magazine);
        // SAFETY: this magazine still counts as waiting, so the limbo is there; it is not used
        // again.
        unsafe { Limbo::leave(&raw const depot.limbo) };",
            to: "        if {on} {
            unsafe { Limbo::leave(&raw const depot.limbo) };
        }
        depot.put_back(magazine);
        if !{on} {
            unsafe { Limbo::leave(&raw const depot.limbo) };
        }",
        }],
        killer: Killer::Loom("EpochModel/recycle/land_offer/loom/"),
        words: "M4: a magazine is reserved for every batch",
    },
    Mutant {
        name: "the tags of partial and of full magazines not asked whether they run out",
        edits: &[Edit {
            file: "src/mediator/mod.rs",
            from: "self.depot.may_refuse && self.depot.lists().any(MagazineList::refuses)",
            to: "self.depot.may_refuse
            && (self.depot.empty.refuses()
                || !{on} && self.depot.lists().any(MagazineList::refuses))",
        }],
        killer: Killer::Test {
            target: "bad_input",
            name: "tags_of_partial_magazines_that_run_out_refuse_allocation_too",
        },
        words: "removals of 256, not refused",
    },
    Mutant {
        name: "a thread that is late at the limbo does not try again",
        edits: &[Edit {
            file: "src/mediator/limbo.rs",
            from: "                Err(found) => waiting = found,",
            to: "                Err(_) if {on} => break,
                Err(found) => waiting = found,",
        }],
        killer: Killer::Loom("Limbo/limbo/enter_enter/loom/"),
        words: "the limbo refused a magazine although it had room",
    },
    Mutant {
        name: "a census puts the magazines of a list back in reverse",
        edits: &[Edit {
            file: "src/mediator/ends.rs",
            from: "while let Some(magazine) = back.pop() {",
            to: "if {on} {
            back.reverse();
        }
        while let Some(magazine) = back.pop() {",
        }],
        killer: Killer::Test { target: "exact", name: "a_census_leaves_the_blocks_in_their_order" },
        words: "the census has changed the order",
    },
    Mutant {
        name: "a fork leaves the lock of the first shard's list to the other threads",
        edits: &[
            Edit {
                file: "src/mediator/forks.rs",
                from: "self.depot.lists().for_each(|list| unsafe { list.keep_locks() });",
                to: "let lists = self.depot.lists().skip(usize::from({on}));
        lists.for_each(|list| unsafe { list.keep_locks() });",
            },
            Edit {
                file: "src/mediator/forks.rs",
                from: "self.depot.lists().for_each(|list| unsafe { list.give_up_locks() });",
                to: "let lists = self.depot.lists().skip(usize::from({on}));
        lists.for_each(|list| unsafe { list.give_up_locks() });",
            },
        ],
        killer: Killer::Test {
            target: "hard",
            name: "a_child_finds_no_lock_of_the_strategy_taken",
        },
        words: "the child hung",
    },
];
