//! Turns a violation into a schedule. It runs the same case, small and led, under one list of
//! preemptions after the other until the case fails. Then it removes everything that the failure
//! does not need.
//!
//! Lists are drawn as in PCT (Burckhardt et al. 2010): a run without preemptions shows how many
//! steps each thread makes, and a few of these steps are chosen at random.

use core::time::Duration;
use std::time::Instant;

use steered::Preemption;

use super::play::fits;
use super::{Case, Finding, Schedule, Steering, Switch, nameless, play};
use crate::interrupt;
use crate::oracle::violation::Violation;
use crate::rng::Rng;
use crate::subject::Refused;

/// Lists tried under one seed of the program.
const LISTS: u64 = 24;
/// The most preemptions of a list.
const MOST: usize = 5;
/// How long only a violation of the kind that was found will do.
const SAME: Duration = Duration::from_secs(3);
/// Runs that must fail in the same way.
const SURE: usize = 3;

/// A schedule, and what it took.
#[derive(Clone, Debug)]
pub struct Reduced {
    /// The schedule.
    pub schedule: Schedule,
    /// Led runs until the first that failed.
    pub tried: u64,
    /// Those after it, which made it smaller.
    pub shrunk: u64,
}

/// Looks for a schedule of a small version of `case`, for so long: at first one that ends in the
/// kind of violation that was `found`, then any. An interrupt ends it.
///
/// # Errors
/// A pool that cannot be built.
pub fn reduce(case: &Case, found: &Violation, time: Duration) -> Result<Option<Reduced>, Refused> {
    let (began, wanted) = (Instant::now(), kind(&nameless(found)));
    let ends = began + time;
    let mut rng = Rng::new(case.seed, 0);
    let mut tried = 0;
    for seed in 0.. {
        let small = small(case, seed);
        let plain = play(&small, &Steering::Led(Vec::new()))?;
        tried += 1;
        // What fails without any is the smallest there is.
        let lists = if Finding::of(&plain).is_some() { 0 } else { LISTS };
        for list in (0..=lists).filter(|list| lists == 0 || *list > 0) {
            if interrupt::requested() {
                return Ok(None);
            }
            let preemptions = if list == 0 { Vec::new() } else { draw(&mut rng, &plain.steps) };
            tried += u64::from(list > 0);
            let Some(finding) = fails(&small, &preemptions)? else { continue };
            if kind(&finding.violation) != wanted && began.elapsed() < SAME {
                continue;
            }
            let mut shrink = Shrink { case: small.clone(), preemptions, finding, runs: 0 };
            shrink.all(ends)?;
            if let Some(reduced) = shrink.sure()? {
                let shrunk = shrink.runs;
                return Ok(Some(Reduced { schedule: reduced, tried, shrunk }));
            }
        }
        if Instant::now() >= ends {
            break;
        }
    }
    Ok(None)
}

/// A small version of a case: one of a few shapes, in turn.
fn small(case: &Case, seed: u64) -> Case {
    const SHAPES: [(usize, usize, usize); 6] =
        [(2, 16, 1), (2, 32, 2), (3, 24, 1), (2, 64, 2), (3, 48, 2), (2, 128, 3)];
    let shape = usize::try_from(seed % SHAPES.len() as u64).unwrap_or(0);
    let (threads, ops, batch) = SHAPES[shape];
    let small = Case { threads, ops, batch, seed, ..case.clone() };
    debug_assert!(fits(small.scenario(), threads), "two threads are enough for all");
    small
}

/// A few preemptions, of threads that make so many steps.
pub(super) fn draw(rng: &mut Rng, steps: &[u64]) -> Vec<Preemption> {
    let threads = steps.len();
    let mut list: Vec<_> = (0..rng.up_to(MOST))
        .map(|_| {
            let thread = rng.below(threads);
            let most = usize::try_from(steps[thread]).unwrap_or(usize::MAX);
            let step = rng.up_to(most.max(1)) as u64;
            Preemption { thread, step, to: (thread + rng.up_to(threads - 1)) % threads }
        })
        .collect();
    list.sort_by_key(|preemption| (preemption.thread, preemption.step));
    list
}

fn fails(case: &Case, preemptions: &[Preemption]) -> Result<Option<Finding>, Refused> {
    Ok(Finding::of(&play(case, &Steering::Led(preemptions.to_vec()))?))
}

/// A failing run that gets smaller.
struct Shrink {
    case: Case,
    preemptions: Vec<Preemption>,
    finding: Finding,
    runs: u64,
}

impl Shrink {
    /// Takes away what it can, until nothing more can go or time is up.
    fn all(&mut self, ends: Instant) -> Result<(), Refused> {
        loop {
            let before = (self.case.clone(), self.preemptions.len());
            self.fewer_preemptions()?;
            self.fewer_ops()?;
            self.fewer_threads()?;
            if before == (self.case.clone(), self.preemptions.len())
                || Instant::now() >= ends
                || interrupt::requested()
            {
                return Ok(());
            }
        }
    }

    /// Takes over what is smaller, if it fails with the same kind of violation.
    fn accepts(&mut self, case: &Case, preemptions: &[Preemption]) -> Result<bool, Refused> {
        self.runs += 1;
        let found = fails(case, preemptions)?;
        let Some(finding) =
            found.filter(|found| kind(&found.violation) == kind(&self.finding.violation))
        else {
            return Ok(false);
        };
        self.case = case.clone();
        self.preemptions = preemptions.to_vec();
        self.finding = finding;
        Ok(true)
    }

    fn fewer_preemptions(&mut self) -> Result<(), Refused> {
        for nth in (0..self.preemptions.len()).rev() {
            let mut fewer = self.preemptions.clone();
            fewer.remove(nth);
            self.accepts(&self.case.clone(), &fewer)?;
        }
        Ok(())
    }

    /// A thread's program is the same up to where it ends, so its steps keep their numbers.
    fn fewer_ops(&mut self) -> Result<(), Refused> {
        let mut less = self.case.ops / 2;
        while less > 0 {
            let ops = self.case.ops - less;
            let case = Case { ops, ..self.case.clone() };
            if ops == 0 || !self.accepts(&case, &self.preemptions.clone())? {
                less /= 2;
            }
        }
        Ok(())
    }

    fn fewer_threads(&mut self) -> Result<(), Refused> {
        let threads = self.case.threads - 1;
        let named = self.preemptions.iter().any(|p| p.thread >= threads || p.to >= threads);
        if threads > 1 && !named && fits(self.case.scenario(), threads) {
            let case = Case { threads, ..self.case.clone() };
            self.accepts(&case, &self.preemptions.clone())?;
        }
        Ok(())
    }

    /// The schedule, if it fails in the same way every time.
    fn sure(&mut self) -> Result<Option<Schedule>, Refused> {
        for _ in 0..SURE {
            self.runs += 1;
            if fails(&self.case, &self.preemptions)?.as_ref() != Some(&self.finding) {
                return Ok(None);
            }
        }
        let switch = |p: &Preemption| Switch { thread: p.thread, step: p.step, to: p.to };
        let switches = self.preemptions.iter().map(switch).collect();
        Ok(Some(Schedule::new(self.case.clone(), switches, self.finding.clone())))
    }
}

/// A violation without its numbers.
fn kind(violation: &str) -> String {
    violation.chars().filter(|c| !c.is_ascii_digit()).take(24).collect()
}
