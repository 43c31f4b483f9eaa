//! What a twin is, and how most of them are made.

use stampool::Strategy;

use crate::explore::Bound;
use crate::scenarios::{exchange, list};

/// A twin, ready to run.
pub struct Twin {
    /// What it was made from.
    pub strategy: &'static str,
    /// `twin/` and the fault.
    pub name: &'static str,
    /// How far loom looks for it.
    pub bound: Bound,
    /// Part of the message with which it fails under loom.
    pub under_loom: &'static str,
    /// Part of the message with which it fails under shuttle. None: shuttle cannot see this fault.
    pub under_shuttle: Option<&'static str>,
    /// Runs it once.
    pub body: Box<dyn Fn() -> String + Send + Sync>,
}

impl Twin {
    /// Part of the message with which it fails under porf. That is loom's message, apart from data
    /// races, where porf may meet another pair of accesses first, or what comes of them.
    #[must_use]
    pub fn under_porf(&self) -> &'static str {
        match (self.name, self.under_loom) {
            ("twin/check_by_load", _) => TWICE,
            (_, UNACQUIRED) => RACE,
            (_, words) => words,
        }
    }
}

/// How every data race is reported.
const RACE: &str = "Causality violation: Concurrent";

pub(super) const TWICE: &str = "a block was handed out twice";
pub(super) const LOST: &str = "a block was lost";
/// What loom says first where a removal's CAS succeeds by mistake: the magazine's last owner was
/// never acquired.
pub(super) const UNACQUIRED: &str = "Causality violation: Concurrent write accesses";

/// A list with a fault, found by an ABA: a block comes twice.
pub(super) fn on_list<S: Strategy>(
    strategy: &'static str,
    name: &'static str,
    under_loom: &'static str,
    scenario: &'static list::Scenario,
) -> Twin {
    Twin {
        strategy,
        name,
        bound: scenario.depth.bound(),
        under_loom,
        under_shuttle: Some(TWICE),
        body: Box::new(move || list::body::<S>(scenario)),
    }
}

/// The layers above a list.
pub(super) fn on_exchange<S: Strategy>(
    strategy: &'static str,
    name: &'static str,
    because: &'static str,
    scenario: &'static exchange::Scenario,
) -> Twin {
    Twin {
        strategy,
        name,
        bound: scenario.depth.bound(),
        under_loom: because,
        under_shuttle: Some(because),
        body: Box::new(move || exchange::body::<S>(scenario)),
    }
}
