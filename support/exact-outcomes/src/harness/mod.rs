//! Registers checks, runs each in a process of its own, and judges it.
//!
//! [`main`] is the whole body of a `harness = false` test binary. A check runs in a child process,
//! because a failing loom model may panic while it unwinds and abort: the child ends at the first
//! panic and says `violation: MESSAGE`. The parent judges what came of the child, so that nothing
//! the child fails to do can look like a pass:
//!
//! - a row is broken until the judge has seen a finished run of it;
//! - the outcomes must be the specification's, all of them and no other (or, where the registration
//!   says so, none that is not the specification's);
//! - fewer executions than the registered minimum are too few, and none never suffices;
//! - a twin must fail for its registered reason, not for any reason;
//! - a binary built for no model (a misspelt cfg) runs nothing and says so;
//! - two checks of one name, or none at all, are refused;
//! - a deep check that comes to its time limit is stopped, which is no pass; any other is broken.
//!
//! Every bounded check of correct code gets deep versions by itself, see [`DEEPER`].
//!
//! A check needs a specification, a body that returns an outcome, and a registration. The body runs
//! once per execution and must be deterministic (no clock, no random number, no address compared).
//!
//! ```no_run
//! # #[cfg(not(feature = "porf"))]
//! # fn main() {}
//! use exact_outcomes::harness::{self, Check};
//! use exact_outcomes::spec::{self, Object};
//!
//! /// What a counter is: an atomic step per increment, whatever the code does.
//! #[derive(Clone, PartialEq, Eq, Hash)]
//! struct Counter(u32);
//!
//! impl Object for Counter {
//!     type Op = ();
//!     fn apply(&self, _thread: usize, (): &()) -> Vec<Self> {
//!         vec![Counter(self.0 + 1)]
//!     }
//!     fn outcome(&self) -> String {
//!         format!("count {}", self.0)
//!     }
//! }
//!
//! /// What the code does.
//! # #[cfg(feature = "porf")]
//! fn two_increments() -> String {
//!     use porf::sync::{Arc, atomic::{AtomicUsize, Ordering}};
//!
//!     let counter = Arc::new(AtomicUsize::new(0));
//!     let other = Arc::clone(&counter);
//!     let thread = porf::thread::spawn(move || other.fetch_add(1, Ordering::Relaxed));
//!     counter.fetch_add(1, Ordering::Relaxed);
//!     thread.join().unwrap();
//!     format!("count {}", counter.load(Ordering::Relaxed))
//! }
//!
//! # #[cfg(feature = "porf")]
//! fn main() -> std::process::ExitCode {
//!     let allowed = spec::interleavings(Counter(0), &[vec![()], vec![()]]);
//!     let check = Check::porf("counter", "two_increments", two_increments);
//!     harness::main(vec![check.expect_exactly(allowed, 2)], "porf")
//! }
//! ```

mod child;
mod cli;
mod deep;
mod judge;
mod limits;
mod parent;
mod reporter;
#[cfg(feature = "shuttle")]
pub mod shuttle;

use std::collections::BTreeSet;
use std::rc::Rc;

use ledger::{Checker, Expect, Limit, Row};

use crate::explore::{Bound, Exploration};

pub use cli::main;
pub use deep::DEEPER;

/// What the result of a check must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// Exactly these outcomes.
    Exactly {
        /// From [`spec`](crate::spec), not from a first run.
        outcomes: BTreeSet<String>,
        /// At least so many executions.
        min_executions: u64,
    },
    /// Some of these outcomes and no other: where a bound or a sample need not reach them all.
    Within {
        /// From [`spec`](crate::spec).
        outcomes: BTreeSet<String>,
        /// At least so many executions.
        min_executions: u64,
    },
    /// Whatever the body's own assertions accept: long scenarios, whose outcomes are not listed.
    Oracle {
        /// At least so many executions.
        min_executions: u64,
    },
    /// A violation, or an outcome, that contains this text: a twin with a known fault.
    Failure {
        /// Part of the message.
        because: String,
    },
}

impl Expectation {
    fn outcomes(&self) -> usize {
        match self {
            Self::Exactly { outcomes, .. } | Self::Within { outcomes, .. } => outcomes.len(),
            Self::Oracle { .. } | Self::Failure { .. } => 0,
        }
    }

    fn expect(&self) -> Expect {
        match self {
            Self::Failure { .. } => Expect::Fail,
            _ => Expect::Pass,
        }
    }
}

impl From<Bound> for Limit {
    fn from(bound: Bound) -> Self {
        match bound {
            Bound::Unbounded => Self::Unbounded,
            Bound::Preemptions(n) => Self::Bounded(n.into()),
        }
    }
}

/// One registered check.
pub struct Check {
    /// The strategy or structure under check.
    pub strategy: String,
    /// The named scenario or twin.
    pub scenario: String,
    /// What runs it.
    pub checker: Checker,
    /// How often it runs: 0 to 2 always, 3 in deep runs ([`DEEP_TIER`](ledger::DEEP_TIER)).
    pub tier: u8,
    /// How far it searches.
    pub bound: Limit,
    /// What its result must be.
    pub expectation: Expectation,
    /// Runs it.
    pub run: Box<dyn Fn() -> Exploration>,
    /// Runs it at another bound of loom's.
    at_bound: Option<Rc<dyn Fn(Bound) -> Exploration>>,
}

impl Check {
    /// A check in tier 0 that is broken until one of the `expect_` methods says what it must do.
    pub fn new(
        strategy: impl Into<String>,
        scenario: impl Into<String>,
        checker: Checker,
        bound: Limit,
        run: impl Fn() -> Exploration + 'static,
    ) -> Self {
        Self {
            strategy: strategy.into(),
            scenario: scenario.into(),
            checker,
            tier: 0,
            bound,
            expectation: Expectation::Exactly { outcomes: BTreeSet::new(), min_executions: 1 },
            run: Box::new(run),
            at_bound: None,
        }
    }

    /// A check that loom runs.
    #[cfg(feature = "loom")]
    pub fn loom(
        strategy: impl Into<String>,
        scenario: impl Into<String>,
        bound: Bound,
        body: impl Fn() -> String + Clone + Send + Sync + 'static,
    ) -> Self {
        let explore: Rc<dyn Fn(Bound) -> Exploration> =
            Rc::new(move |bound| crate::explore::explore_loom(bound, body.clone()));
        let at_bound = Some(Rc::clone(&explore));
        let run = move || explore(bound);
        Self { at_bound, ..Self::new(strategy, scenario, Checker::Loom, bound.into(), run) }
    }

    /// A check that porf runs.
    #[cfg(feature = "porf")]
    pub fn porf(
        strategy: impl Into<String>,
        scenario: impl Into<String>,
        body: impl Fn() -> String + Clone + Send + Sync + 'static,
    ) -> Self {
        let run = move || crate::explore::explore_porf(body.clone());
        Self::new(strategy, scenario, Checker::Porf, Limit::Unbounded, run)
    }

    /// Puts the check into a tier.
    #[must_use]
    pub fn tier(self, tier: u8) -> Self {
        Self { tier, ..self }
    }

    /// The run must see all of `outcomes` and no other, in at least `min_executions`.
    #[must_use]
    pub fn expect_exactly(self, outcomes: BTreeSet<String>, min_executions: u64) -> Self {
        Self { expectation: Expectation::Exactly { outcomes, min_executions }, ..self }
    }

    /// The run must see nothing but `outcomes`, in at least `min_executions`.
    #[must_use]
    pub fn expect_within(self, outcomes: BTreeSet<String>, min_executions: u64) -> Self {
        Self { expectation: Expectation::Within { outcomes, min_executions }, ..self }
    }

    /// The body's own assertions judge; the run must have at least `min_executions`.
    #[must_use]
    pub fn expect_oracle(self, min_executions: u64) -> Self {
        Self { expectation: Expectation::Oracle { min_executions }, ..self }
    }

    /// The run must fail, with a message or an outcome that contains `because`.
    #[must_use]
    pub fn expect_failure(self, because: impl Into<String>) -> Self {
        Self { expectation: Expectation::Failure { because: because.into() }, ..self }
    }

    /// The check's row, not run yet.
    #[must_use]
    pub fn row(&self) -> Row {
        let expect = self.expectation.expect();
        let (strategy, scenario) = (&self.strategy[..], &self.scenario[..]);
        Row {
            outcomes_expected: self.expectation.outcomes(),
            ..Row::not_run(strategy, scenario, self.checker, self.tier, self.bound, expect)
        }
    }

    /// `strategy/scenario/checker/bound`.
    #[must_use]
    pub fn key(&self) -> String {
        self.row().key()
    }
}
