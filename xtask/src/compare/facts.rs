//! What each strategy promises: what no measurement can show, said once, for the table of
//! `cargo xtask compare` and for the page `choosing`. Tests hold it against the strategies' plans.

use stampool::raw::free_list::Requirements;
use stampool::raw::{STRATEGIES, each_strategy};
use stampool::{EpochDeferred, Locked, Quiescent, Strategy, TaggedPacked, TaggedWide};

/// Whether an operation waits for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Never.
    LockFree,
    /// Where this is so.
    LockWhere(&'static str),
    /// Each time.
    Lock,
}

impl Progress {
    /// In a word or two.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::LockFree => "lock-free",
            Self::LockWhere(_) => "a lock at times",
            Self::Lock => "a lock",
        }
    }

    /// With the condition.
    pub(super) fn sentence(self) -> String {
        match self {
            Self::LockWhere(condition) => format!("lock-free; takes a lock if {condition}"),
            always => always.word().into(),
        }
    }
}

/// One strategy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) name: &'static str,
    /// Bits of its tag, 0 without one.
    pub(super) tag_bits: u32,
    /// Magazines per handle that its plan lets wait.
    pub(super) limbo_magazines: usize,
    /// What the machine must have.
    pub(super) needs: &'static str,
    /// A magazine put into a list.
    pub(super) push: Progress,
    /// A magazine taken out.
    pub(super) removal: Progress,
    /// Blocks carved.
    pub(super) growth: Progress,
    /// The effect of a thread that sleeps in the middle of a removal on the others.
    pub(super) asleep: &'static str,
    /// Whether one that sleeps there stops everybody: the harness cannot show that and go on.
    pub(super) stops_all: bool,
    /// What it needs beside blocks.
    pub(super) beside: &'static str,
}

/// The bound on blocks. It is the same for all: what waits is magazines, never blocks.
pub(super) const BOUND: &str = "L + 3TG + G";

/// What a strategy promises. A strategy that does not say it here does not compile in [`all`].
trait Promises: Strategy {
    /// Says it.
    fn promises() -> Facts;
}

impl Promises for TaggedWide {
    fn promises() -> Facts {
        Facts { tag_bits: 64, needs: "double-width CAS", asleep: "none", ..facts::<Self>() }
    }
}

impl Promises for TaggedPacked {
    fn promises() -> Facts {
        Facts { tag_bits: 32, needs: "64-bit CAS", asleep: "none", ..facts::<Self>() }
    }
}

impl Promises for EpochDeferred {
    fn promises() -> Facts {
        Facts {
            needs: "crossbeam-epoch, the program's allocator",
            push: Progress::LockWhere("the limbo is full, or a partial magazine goes back"),
            removal: Progress::LockWhere(
                "the list is empty and a magazine has gone through a lock before (lock-free only \
                 if crossbeam-epoch and the program's allocator are)",
            ),
            asleep: "emptied magazines wait in limbo; when it is full, exchanges take a lock",
            limbo_magazines: Requirements::default().limbo_magazines,
            beside: "a limbo of magazines for each slot; the collector's own memory",
            ..facts::<Self>()
        }
    }
}

impl Promises for Quiescent {
    fn promises() -> Facts {
        Facts {
            needs: "word-sized CAS",
            removal: Progress::LockWhere("the first list is empty"),
            asleep: "the second list is not spliced in; they take from it under a lock",
            ..facts::<Self>()
        }
    }
}

impl Promises for Locked {
    fn promises() -> Facts {
        Facts {
            needs: "nothing",
            push: Progress::Lock,
            removal: Progress::Lock,
            asleep: "all who need that list stop",
            stops_all: true,
            ..facts::<Self>()
        }
    }
}

/// Those of all strategies, in the library's order.
pub(super) fn all() -> [Facts; STRATEGIES.len()] {
    each_strategy!(S => S::promises())
}

/// The name, and the best that can be hoped for.
fn facts<S: Strategy>() -> Facts {
    Facts {
        name: S::NAME,
        tag_bits: 0,
        limbo_magazines: 0,
        needs: "",
        push: Progress::LockFree,
        removal: Progress::LockFree,
        growth: Progress::Lock,
        asleep: "",
        stops_all: false,
        beside: "",
    }
}

/// Of one.
pub(super) fn of(name: &str) -> Option<Facts> {
    all().into_iter().find(|facts| facts.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_plans_agree() {
        each_strategy!(S => agree::<S>());
        for facts in all() {
            assert_eq!(facts.limbo_magazines > 0, facts.beside.contains("limbo"), "{}", facts.name);
            assert_eq!(facts.growth, Progress::Lock, "growth calls the source");
            assert!(!facts.needs.is_empty() && !facts.asleep.is_empty());
        }
    }

    fn agree<S: Strategy>() {
        let (facts, mechanism) =
            (of(S::NAME).unwrap(), S::mechanism(Requirements::default()).unwrap());
        // Where the machine lacks what it needs, the plan is another's.
        if mechanism.name == S::NAME {
            let free = [facts.push, facts.removal].map(|part| part == Progress::LockFree);
            assert_eq!(mechanism.lock_free, free == [true, true], "{}", S::NAME);
            assert_eq!(mechanism.tag_bits, facts.tag_bits, "{}", S::NAME);
            assert_eq!(mechanism.limbo_magazines, facts.limbo_magazines, "{}", S::NAME);
        }
    }
}
