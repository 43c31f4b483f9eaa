//! Faults of the lists: the side stack, the poppers of the second list, the confirmed emptiness.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "the open stack not looked at again under the side stack's lock",
        edits: &[Edit {
            file: "src/free_list/deferred.rs",
            from: "        let mut side = lock(&self.side);
        // Once more",
            to: "        let mut side = lock(&self.side);
        if {on} {
            return aside(&mut side);
        }
        // Once more",
        }],
        killer: Killer::Loom("EpochModel/list/walk_growth/loom/"),
        words: "t0 [[1]] t1 [[1]] left [3]",
    },
    Mutant {
        name: "the side stack never looked at",
        edits: &[Edit {
            file: "src/free_list/deferred.rs",
            from: "if !taken.is_empty() || !self.has_side() {",
            to: "if !taken.is_empty() || {on} || !self.has_side() {",
        }],
        killer: Killer::Loom("EpochModel/list/pop_push_3/loom/"),
        words: "a block was lost",
    },
    Mutant {
        name: "every batch pushed under the side stack's lock",
        edits: &[Edit {
            file: "src/free_list/deferred.rs",
            from: "self.open.push(magazine);",
            to: "if {on} {
                return self.push_aside(magazine);
            }
            self.open.push(magazine);",
        }],
        killer: Killer::Porf("EpochModel/progress/flush_refill/porf/"),
        words: "Allocate waits for Free, lock of deferred",
    },
    Mutant {
        name: "a popper that leaves before its exchange",
        edits: &[Edit {
            file: "src/free_list/quiescent.rs",
            from: "        let popper = Popper::enter(&self.poppers);
        // SAFETY: by the caller, and this thread is counted.
        let taken = unsafe { self.take_from_main(take, store) };
        // A thread that waits",
            to: "        let mut popper = Some(Popper::enter(&self.poppers));
        if {on} {
            popper = None;
        }
        // SAFETY: not so, that is the fault.
        let taken = unsafe { self.take_from_main(take, store) };
        // A thread that waits",
        }],
        killer: Killer::Loom("Quiescent/list/enter_splice/loom/"),
        words: "Causality violation: Concurrent",
    },
    Mutant {
        name: "emptiness not confirmed by an RMW",
        edits: &[Edit {
            file: "src/free_list/treiber.rs",
            from: "                None => self.head.compare_exchange(",
            to: "                None if {on} => Ok(head),
                None => self.head.compare_exchange(",
        }],
        killer: Killer::Loom("TaggedPacked/list/push_pop_crossed/loom/"),
        words: "[false, false]",
    },
];
