//! Reduces a program that breaks a rule.

use core::alloc::Layout;

use super::{Fit, Program, Step, Violation};
use crate::source::LARGEST_ALIGN;

/// The most runs for one program.
const MOST_RUNS: usize = 5_000;

/// The simplest program found that breaks the same rule: steps are left out, and then those that
/// remain are made simpler.
pub(super) fn shrink(
    program: Program,
    violation: Violation,
    run: impl Fn(&Program) -> Result<(), Violation>,
) -> (Program, Violation) {
    let mut search = Search { best: (program, violation), run, runs: 0 };
    loop {
        let before = search.best.0.clone();
        search.leave_out();
        search.simplify();
        if search.best.0 == before || search.runs >= MOST_RUNS {
            return search.best;
        }
    }
}

struct Search<F> {
    best: (Program, Violation),
    run: F,
    runs: usize,
}

impl<F: Fn(&Program) -> Result<(), Violation>> Search<F> {
    /// Takes `candidate` if it breaks the same rule.
    fn attempt(&mut self, candidate: Program) -> bool {
        if self.runs >= MOST_RUNS || candidate == self.best.0 {
            return false;
        }
        self.runs += 1;
        match (self.run)(&candidate) {
            Err(violation) if violation.clause == self.best.1.clause => {
                self.best = (candidate, violation);
                true
            }
            _ => false,
        }
    }

    fn leave_out(&mut self) {
        let mut len = self.best.0.steps.len();
        while len > 0 {
            let mut at = 0;
            while at < self.best.0.steps.len() {
                let mut candidate = self.best.0.clone();
                let end = (at + len).min(candidate.steps.len());
                candidate.steps.drain(at..end);
                if !self.attempt(candidate) {
                    at += len;
                }
            }
            len /= 2;
        }
    }

    fn simplify(&mut self) {
        let source = self.best.0.source;
        let plans = [
            super::SourcePlan { skew: 0, ..source },
            super::SourcePlan { refuse: 0, ..source },
            super::SourcePlan { misalign: None, ..source },
            super::SourcePlan { room: 0, ..source },
            super::SourcePlan { is_falling: false, ..source },
            super::SourcePlan { granule: 1, ..source },
            super::SourcePlan { max_align: LARGEST_ALIGN, ..source },
        ];
        for plan in plans {
            let candidate = Program { source: plan, ..self.best.0.clone() };
            self.attempt(candidate);
        }
        for at in 0..self.best.0.steps.len() {
            // The first simpler step that still breaks the rule; then the next one.
            loop {
                let simpler = simpler(self.best.0.steps[at]);
                let taken = simpler.into_iter().any(|step| {
                    let mut candidate = self.best.0.clone();
                    candidate.steps[at] = step;
                    self.attempt(candidate)
                });
                if !taken {
                    break;
                }
            }
        }
    }
}

/// Simpler steps, the simplest first.
fn simpler(step: Step) -> Vec<Step> {
    match step {
        Step::Allocate { layout, zeroed } => {
            let of = |size, align| Layout::from_size_align(size, align).unwrap_or(layout);
            let (size, align) = (layout.size(), layout.align());
            vec![
                Step::Allocate { layout, zeroed: false },
                Step::Allocate { layout: of(size, 1), zeroed },
                Step::Allocate { layout: of(size, align.div_ceil(2)), zeroed },
                Step::Allocate { layout: of(size / 2, align), zeroed },
                Step::Allocate { layout: of(size.saturating_sub(1), align), zeroed },
            ]
        }
        Step::Deallocate { which, fit } => {
            let newest = Step::Deallocate { which: usize::MAX, fit };
            vec![Step::Deallocate { which, fit: Fit(0) }, newest]
        }
        Step::Grow { which, fit, by, align, zeroed, in_place } => vec![
            Step::Grow { which: usize::MAX, fit, by, align, zeroed, in_place },
            Step::Grow { which, fit: Fit(0), by, align, zeroed, in_place },
            Step::Grow { which, fit, by: by / 2, align, zeroed, in_place },
            Step::Grow { which, fit, by, align: 1, zeroed, in_place },
            Step::Grow { which, fit, by, align, zeroed: false, in_place },
        ],
        Step::Shrink { which, fit, to, align, in_place } => vec![
            Step::Shrink { which: usize::MAX, fit, to, align, in_place },
            Step::Shrink { which, fit: Fit(0), to, align, in_place },
            Step::Shrink { which, fit, to: to / 2, align, in_place },
            Step::Shrink { which, fit, to, align: 1, in_place },
        ],
        Step::Move | Step::Reset => Vec::new(),
    }
}
