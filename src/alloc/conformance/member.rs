//! A check, and its settings.

use core::cell::RefCell;
use core::fmt;

use super::program::Bounds;
use super::run::Run;
use super::shrink::shrink;
use super::subject::{OwnerCalls, Subject};
use super::{Failure, Fit, Program, Step, TestSource, Violation};
use crate::alloc::conformance::Clause;
use crate::alloc::{Allocator, Owner, Reset};

/// A check of one allocator: how it is made, and what it promises beside [`Allocator`].
///
/// See the [module](super).
pub struct Conformance<'k, A> {
    subject: Subject<'k, A>,
    bounds: Bounds,
    programs: u64,
    seed: u64,
}

impl<A> fmt::Debug for Conformance<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conformance")
            .field("bounds", &self.bounds)
            .field("programs", &self.programs)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl<'k, A: Allocator> Conformance<'k, A> {
    /// The check of the allocator that `make` returns. It is made anew for each program.
    pub fn new(make: impl Fn(TestSource) -> A + 'k) -> Self {
        Self {
            subject: Subject {
                make: Box::new(make),
                owner: None,
                reset: None,
                recovers: false,
                is_ours: true,
                has_reasons: true,
                panic: RefCell::new(None),
            },
            bounds: Bounds {
                size: 200_000,
                align: 64 << 10,
                steps: 40,
                reset: false,
                huge: true,
                max_align_from: None,
            },
            programs: 1_000,
            seed: 0,
        }
    }

    /// Also holds [`Owner`] against what it promises.
    #[must_use]
    pub fn owner(mut self) -> Self
    where
        A: Owner,
    {
        self.subject.owner = Some(OwnerCalls { owns: A::owns, usage: A::usage });
        self
    }

    /// Also calls [`Reset::reset`].
    #[must_use]
    pub fn reset(mut self) -> Self
    where
        A: Reset,
    {
        self.subject.reset = Some(A::reset);
        self.bounds.reset = true;
        self
    }

    /// The allocator promises that nothing is in use once all blocks are freed, in whatever order.
    /// The kit sees that only with [`owner`](Self::owner).
    #[must_use]
    pub const fn recovers(mut self) -> Self {
        self.subject.recovers = true;
        self
    }

    /// The allocator keeps another trait's contract, and is here through an adaptor. It cannot say
    /// why it fails, so A7 is not checked. The length that it returns may depend on the size that
    /// was passed back, so A4 compares only whether calls succeed. A block without bytes may take
    /// memory, and be refused.
    ///
    /// Its memory may come from the system, which with addresses of 32 bits can grant a request of
    /// two gigabytes. The kit writes all bytes of a block, so it makes such requests only where
    /// addresses have 64 bits and the system refuses them, and not under Miri, which gives up.
    #[must_use]
    pub const fn foreign(mut self) -> Self {
        self.subject.is_ours = false;
        self.subject.has_reasons = false;
        self.bounds.huge = cfg!(target_pointer_width = "64") && !cfg!(miri);
        self
    }

    /// The allocator asks another source beside the [`TestSource`], or instead of it, and the kit
    /// does not know what that one refuses. So it cannot tell whether the reason of a failure is true
    /// (A7), and checks all other rules.
    #[must_use]
    pub const fn without_reasons(mut self) -> Self {
        self.subject.has_reasons = false;
        self
    }

    /// The source says that it serves alignments up to a power of two
    /// ([`Source::max_align`](crate::Source::max_align)): `least` in one half of the programs, and more
    /// in others. Unless this is set, each source serves all alignments.
    ///
    /// A region above it is refused, and that is no lack of memory (A7). The general members of this
    /// family need 16, and those of blocks of one size need the alignment of their blocks.
    #[must_use]
    pub const fn max_align_from(mut self, least: usize) -> Self {
        self.bounds.max_align_from = Some(least);
        self
    }

    /// Sizes and alignments above these are rare. For allocators that serve no others.
    #[must_use]
    pub const fn up_to(mut self, size: usize, align: usize) -> Self {
        self.bounds.size = size;
        self.bounds.align = align;
        self
    }

    /// How many programs: 1,000 unless set.
    #[must_use]
    pub const fn programs(mut self, programs: u64) -> Self {
        self.programs = programs;
        self
    }

    /// The most steps of a program: 40 unless set, and 100,000 at most.
    #[must_use]
    pub const fn steps(mut self, steps: usize) -> Self {
        self.bounds.steps = match steps {
            0 => 1,
            1..100_000 => steps,
            _ => 100_000,
        };
        self
    }

    /// The seed of the first program; the next one has the next seed.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Runs all programs.
    ///
    /// # Panics
    ///
    /// If a rule is broken, with the reduced program.
    #[track_caller]
    pub fn check(&self) {
        if let Err(failure) = self.find() {
            panic!("{failure}");
        }
    }

    /// Runs all programs until one breaks a rule.
    ///
    /// # Errors
    ///
    /// The reduced program and the rule.
    pub fn find(&self) -> Result<(), Failure> {
        for seed in (0..self.programs).map(|nth| self.seed.wrapping_add(nth)) {
            let program = Program::generate(seed, self.bounds);
            if let Err(violation) = self.run(&program) {
                let (program, violation) = shrink(program, violation, |program| self.run(program));
                // Once more, because another attempt may have panicked since.
                self.subject.panic.take();
                _ = self.run(&program);
                let panic = self.subject.panic.take();
                return Err(Failure { violation, program: Box::new(program), seed, panic });
            }
        }
        Ok(())
    }

    /// Runs one program, for instance one that was reduced earlier.
    ///
    /// # Errors
    ///
    /// The rule that it breaks.
    pub fn run(&self, program: &Program) -> Result<(), Violation> {
        let seen = Run::of(&self.subject, program)?;
        // The same once more, with the requested sizes: by A4 nothing may differ.
        let exact = with_requested_sizes(program);
        if exact == *program {
            return Ok(());
        }
        let seen_exact = Run::of(&self.subject, &exact)?;
        let different = seen.iter().zip(&seen_exact).position(|(one, other)| one != other);
        let Some(step) = different else { return Ok(()) };
        // An allocator whose memory lies elsewhere in each run may answer otherwise in each run.
        for _ in 0..REPETITIONS {
            if Run::of(&self.subject, program)? != seen
                || Run::of(&self.subject, &exact)? != seen_exact
            {
                return Ok(());
            }
        }
        let what = "with the requested sizes passed back, the answer or the usage is another";
        Err(Violation { clause: Clause::A4, what, step })
    }
}

/// How often two programs must give the same answers before a difference between them counts.
const REPETITIONS: usize = 3;

fn with_requested_sizes(program: &Program) -> Program {
    let mut exact = program.clone();
    for step in &mut exact.steps {
        if let Step::Deallocate { fit, .. } | Step::Grow { fit, .. } | Step::Shrink { fit, .. } =
            step
        {
            *fit = Fit(0);
        }
    }
    exact
}
