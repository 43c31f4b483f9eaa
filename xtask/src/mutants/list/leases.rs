//! Faults of values that threads lease, and of statistics.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a value leased by a load and a store",
        edits: &[Edit {
            file: "src/alloc/wrap/leases.rs",
            from: "let claimed = self.leased.compare_exchange(",
            to: "if {on} {
            // Acquire and Release, as the exchange and the end of a lease are, so that only the
            // lost exclusion shows.
            let is_free = self.leased.load(site::LEASES_LOAD.ordering()) == 0;
            if is_free {
                self.leased.store(1, site::LEASE_END.ordering());
            }
            return is_free;
        }
        let claimed = self.leased.compare_exchange(",
        }],
        killer: Killer::Loom("Leases/counted/pass_on/loom/"),
        words: "statistics were lost",
    },
    Mutant {
        name: "a value put in front by a store, over that of another thread",
        edits: &[Edit {
            file: "src/alloc/wrap/leases.rs",
            from: "        while let Err(now) = self.first.compare_exchange(",
            to: "        if {on} {
            self.first.store(node, site::LEASES_PUSH.ordering());
            // SAFETY: a box is not null.
            return unsafe { NonNull::new_unchecked(node) };
        }
        while let Err(now) = self.first.compare_exchange(",
        }],
        killer: Killer::Loom("Leases/counted/merge/loom/"),
        words: "statistics were lost",
    },
    Mutant {
        name: "the statistics of threads are not merged",
        edits: &[Edit {
            file: "src/alloc/wrap/counted/mod.rs",
            from: "self.threads.values().for_each(|tally| sum += tally.get());",
            to: "if !{on} {
            self.threads.values().for_each(|tally| sum += tally.get());
        }",
        }],
        killer: Killer::Loom("Leases/counted/merge/loom/"),
        words: "statistics were lost",
    },
    Mutant {
        name: "a number of the shared record read and written, as that of a leased one",
        edits: &[Edit {
            file: "src/alloc/wrap/counted/statistics.rs",
            from: "                field.fetch_add(more, site::TALLY_ADD.ordering());",
            to: "                if {on} {
                    let value = field.load(site::TALLY_LOAD.ordering());
                    field.store(value.wrapping_add(more), site::TALLY_STORE.ordering());
                    continue;
                }
                field.fetch_add(more, site::TALLY_ADD.ordering());",
        }],
        killer: Killer::Loom("Leases/counted/shared/loom/"),
        words: "statistics were lost",
    },
    Mutant {
        name: "a lease that never ends",
        edits: &[Edit {
            file: "src/alloc/wrap/leases.rs",
            from: "        node.leased.store(0, site::LEASE_END.ordering());",
            to: "        node.leased.store(u32::from({on}), site::LEASE_END.ordering());",
        }],
        killer: Killer::Loom("Leases/per_thread/lease_lease/loom/"),
        words: "not seen: [\"one instance\"]",
    },
];
