//! A run of the comparison over random programs.

use core::fmt;
use core::ops::AddAssign;

use rc11_reference::{Checker, Difference, Program, compare, executions, shrink};

/// What a run looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Programs.
    pub programs: u64,
    /// Executions of all programs that the memory model allows.
    pub executions: u64,
    /// Outcomes of all programs.
    pub outcomes: u64,
    /// Executions that the checker began and gave up, as far as it reports them.
    pub blocked: u64,
    /// Programs on which the two differ.
    pub failing: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.programs += other.programs;
        self.executions += other.executions;
        self.outcomes += other.outcomes;
        self.blocked += other.blocked;
        self.failing += other.failing;
    }
}

/// A program on which the checker and the enumerator differ.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its number under the seed.
    pub number: u64,
    /// The program as it was generated.
    pub program: Program,
    /// A smallest program on which they still differ.
    pub smallest: Program,
    /// How they differ on it.
    pub difference: Difference,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, program, smallest, difference } = self;
        write!(f, "program {number}: {program}\n  smallest: {smallest}\n")?;
        difference.to_string().lines().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// Compares a program; if the two differ, finds the smallest program on which they do.
#[must_use]
pub fn examine<C: Checker>(number: u64, program: &Program) -> (Tally, Option<Failure>) {
    let real = executions(program);
    let (difference, reported) = compare::<C>(program, &real);
    let tally = Tally {
        programs: 1,
        executions: real.graphs.len() as u64,
        outcomes: real.outcomes.len() as u64,
        blocked: reported.blocked.unwrap_or(0),
        failing: u64::from(!difference.is_none()),
    };
    if difference.is_none() {
        return (tally, None);
    }
    let differs =
        |candidate: &Program| !compare::<C>(candidate, &executions(candidate)).0.is_none();
    let smallest = shrink(program.clone(), differs);
    let (difference, _) = compare::<C>(&smallest, &executions(&smallest));
    (tally, Some(Failure { number, program: program.clone(), smallest, difference }))
}

/// Compares the programs that `generate` makes of these numbers.
pub fn examine_all<C: Checker>(
    generate: impl Fn(u64) -> Program,
    numbers: impl IntoIterator<Item = u64>,
) -> (Tally, Vec<Failure>) {
    let (mut tally, mut failures) = (Tally::default(), Vec::new());
    for number in numbers {
        let (one, failure) = examine::<C>(number, &generate(number));
        tally += one;
        failures.extend(failure);
    }
    (tally, failures)
}
