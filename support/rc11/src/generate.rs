//! Random programs, each reproducible by two numbers.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng as _, SeedableRng as _};

use crate::model::effort;
use crate::program::{Guard, LOCATIONS, Op, Order, Program, Step, Value};

/// What the programs of a run look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// The number of threads.
    pub threads: usize,
    /// The greatest number of steps of one thread.
    pub steps: usize,
    /// The greatest number of locations.
    pub locations: usize,
    /// The greatest [`effort`] of the enumerator.
    pub effort: u64,
}

impl Size {
    /// Programs that the enumerator ends in milliseconds.
    ///
    /// # Panics
    /// For other numbers of threads than two, three and four.
    #[must_use]
    pub fn of(threads: usize) -> Self {
        let steps = match threads {
            2 => 6,
            3 => 5,
            4 => 4,
            _ => panic!("programs have two to four threads, not {threads}"),
        };
        Self { threads, steps, locations: 3, effort: 20_000 }
    }
}

/// Which orderings a program prefers.
#[derive(Clone, Copy)]
enum Taste {
    /// All alike.
    Any,
    /// Mostly `SeqCst`.
    Strong,
    /// Mostly relaxed accesses, and more fences.
    Fences,
    /// Mostly acquire and release.
    Pairs,
    /// `SeqCst`, or acquire and release.
    Mixed,
}

struct Random {
    numbers: Xoshiro256PlusPlus,
    taste: Taste,
    locations: usize,
}

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.numbers.next_u64() % limit
    }

    fn index(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(limit as u64)).expect("a number below an index is one")
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of `legal`, which begins with the weakest one.
    fn order(&mut self, legal: &[Order]) -> Order {
        let any = legal[self.index(legal.len())];
        let preferred = match self.taste {
            Taste::Any => any,
            Taste::Strong => Order::SeqCst,
            Taste::Fences => legal[0],
            Taste::Pairs => legal[legal.len() - 2],
            Taste::Mixed => legal[legal.len() - 1 - self.index(2)],
        };
        if self.one_in(3) { any } else { preferred }
    }

    fn load(&mut self) -> Order {
        self.order(&[Order::Relaxed, Order::Acquire, Order::SeqCst])
    }

    fn store(&mut self) -> Order {
        self.order(&[Order::Relaxed, Order::Release, Order::SeqCst])
    }

    fn update(&mut self) -> Order {
        use Order::{AcqRel, Acquire, Relaxed, Release, SeqCst};
        self.order(&[Relaxed, Acquire, Release, AcqRel, SeqCst])
    }

    fn value(&mut self) -> Value {
        if self.one_in(8) { Value::LastRead } else { Value::Number(1 + self.below(3)) }
    }

    fn op(&mut self) -> Op {
        let at = self.index(self.locations);
        let fences = if matches!(self.taste, Taste::Fences) { 35 } else { 12 };
        match self.below(88 + fences) {
            0..31 => Op::Load(at, self.load()),
            31..61 => Op::Store(at, self.value(), self.store()),
            61..69 => Op::Add(at, Value::Number(1 + self.below(2)), self.update()),
            69..75 => Op::Swap(at, self.value(), self.update()),
            75..88 => {
                let (old, new) = (self.below(3), self.value());
                Op::Exchange(at, old, new, self.update(), self.load())
            }
            _ => Op::Fence(match self.below(6) {
                0 => Order::Acquire,
                1 => Order::Release,
                2 => Order::AcqRel,
                _ => Order::SeqCst,
            }),
        }
    }

    fn step(&mut self) -> Step {
        let guard = match self.below(16) {
            0 => Guard::If(self.below(3)),
            1 => Guard::Unless(self.below(2)),
            _ => Guard::Always,
        };
        Step { guard, op: self.op() }
    }
}

/// The program that has this number under this seed.
///
/// Steps go to random threads. A step that would take the enumerator over its limit is left out.
#[must_use]
pub fn random_program(size: &Size, seed: u64, number: u64) -> Program {
    let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number;
    let numbers = Xoshiro256PlusPlus::seed_from_u64(mixed);
    let mut random = Random { numbers, taste: Taste::Any, locations: size.locations };
    random.taste = match random.below(4) {
        0 => Taste::Any,
        1 => Taste::Strong,
        2 => Taste::Fences,
        _ => Taste::Pairs,
    };
    random.locations = 1 + random.index(size.locations);
    let mut program = Program { threads: vec![Vec::new(); size.threads] };
    let most = size.threads * size.steps;
    let target = most / 2 + random.index(most / 2 + 1);
    for _ in 0..target {
        let thread = random.index(size.threads);
        let step = random.step();
        if program.threads[thread].len() == size.steps {
            continue;
        }
        program.threads[thread].push(step);
        let limit = usize::try_from(size.effort).unwrap_or(usize::MAX);
        if effort(&program, limit).is_none_or(|effort| effort > size.effort) {
            program.threads[thread].pop();
        }
    }
    program
}

/// The program that has this number under this seed, among programs whose threads stand in a ring.
///
/// Each thread accesses the location that it shares with the thread before it, then the one that it
/// shares with the thread behind it, and perhaps a third one. These are the shapes of the published
/// litmus tests, which random programs seldom hit: only in a ring can the orderings of all threads
/// together forbid something.
#[must_use]
pub fn random_ring(threads: usize, seed: u64, number: u64) -> Program {
    let mixed = seed.wrapping_mul(0xd1b5_4a32_d192_ed03) ^ number;
    let numbers = Xoshiro256PlusPlus::seed_from_u64(mixed);
    let mut random = Random { numbers, taste: Taste::Any, locations: threads.min(LOCATIONS) };
    random.taste = match random.below(4) {
        0 => Taste::Strong,
        1 => Taste::Fences,
        _ => Taste::Mixed,
    };
    // With a location less than threads, two pairs of threads meet at the same one.
    let locations = random.locations - random.index(2).min(random.locations - 2);
    let mut program = Program { threads: Vec::new() };
    for thread in 0..threads {
        let mut steps = Vec::new();
        let accesses = [1, 2, 2, 2, 2, 3][random.index(6)];
        for access in 0..accesses {
            if access > 0
                && random.one_in(if matches!(random.taste, Taste::Fences) { 2 } else { 8 })
            {
                let weak = random.one_in(4);
                steps.push(Op::Fence(if weak { Order::AcqRel } else { Order::SeqCst }));
            }
            // Sometimes twice the same: two accesses of one location order less than others.
            let stay = access > 0 && random.one_in(6);
            let at = (thread + access - usize::from(stay)) % locations;
            steps.push(match random.below(9) {
                0..4 => Op::Load(at, random.load()),
                4..8 => Op::Store(at, Value::Number(1 + random.below(2)), random.store()),
                _ if random.one_in(2) => Op::Add(at, Value::Number(1), random.update()),
                _ => {
                    let (old, new) = (random.below(2), Value::Number(1 + random.below(2)));
                    Op::Exchange(at, old, new, random.update(), random.load())
                }
            });
        }
        let step = |op| Step { guard: Guard::Always, op };
        program.threads.push(steps.into_iter().map(step).collect());
    }
    program
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn programs_are_reproducible_and_differ() {
        let size = Size::of(3);
        let programs: Vec<Program> = (0..200).map(|n| random_program(&size, 7, n)).collect();
        let again: Vec<Program> = (0..200).map(|n| random_program(&size, 7, n)).collect();
        assert_eq!(programs, again);
        assert!(programs.iter().collect::<BTreeSet<_>>().len() > 190);
        for program in &programs {
            assert_eq!(program.to_string().parse().as_ref(), Ok(program));
        }
    }

    #[test]
    fn programs_have_every_operation_and_ordering() {
        let size = Size::of(2);
        let mut seen = BTreeSet::new();
        for program in (0..2_000).map(|number| random_program(&size, 1, number)) {
            seen.extend(program.threads.iter().flatten().map(|step| match step.op {
                Op::Load(_, order) => ("load", order, order),
                Op::Store(_, _, order) => ("store", order, order),
                Op::Add(_, _, order) => ("add", order, order),
                Op::Swap(_, _, order) => ("swap", order, order),
                Op::Exchange(_, _, _, success, failure) => ("exchange", success, failure),
                Op::Fence(order) => ("fence", order, order),
            }));
        }
        assert_eq!(seen.len(), 3 + 3 + 5 + 5 + 5 * 3 + 4, "{seen:?}");
    }
}
