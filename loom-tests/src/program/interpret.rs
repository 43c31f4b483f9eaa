//! Runs a program on a backend.

use core::sync::atomic::Ordering;
use std::sync::Arc;

use super::{Backend, Location, Op, Program, Word};

/// The locations of one execution.
struct Memory<B: Backend> {
    narrow: Vec<B::Narrow>,
    wide: Option<B::Wide>,
}

/// Runs `program` once and names its outcome: what each thread's operations read, in their order,
/// threads parted by `|`; then, where `last` is asked for, what the used locations hold at the end.
///
/// # Panics
/// Where the program has no thread, or does to the wide word what it cannot do.
pub fn interpret<B: Backend>(program: &Program, last: bool) -> String {
    let memory = Arc::new(Memory::<B>::of(program));
    let run = |ops: &[Op]| {
        let (ops, memory) = (ops.to_vec(), Arc::clone(&memory));
        move || -> Vec<u64> { ops.iter().filter_map(|op| memory.step(op)).collect() }
    };
    // The calling thread does the last one's work: a thread less to search.
    let (here, spawned) = program.threads.split_last().expect("a program has threads");
    let threads: Vec<B::Thread> = spawned.iter().map(|ops| B::spawn(run(ops))).collect();
    let here = run(here)();
    let mut read: Vec<Vec<u64>> = threads.into_iter().map(B::join).collect();
    read.push(here);
    outcome(&read, last.then(|| memory.values()).as_deref())
}

/// The written form of an outcome.
pub(super) fn outcome(read: &[Vec<u64>], last: Option<&[u64]>) -> String {
    let words =
        |values: &[u64]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let mut text = read.iter().map(|values| words(values)).collect::<Vec<_>>().join(" | ");
    if let Some(last) = last {
        text += &format!(" => {}", words(last));
    }
    text
}

impl Program {
    /// How many narrow locations it uses, and whether it uses the wide one.
    pub(super) fn locations(&self) -> (usize, bool) {
        let used = || self.threads.iter().flatten().filter_map(Op::location);
        let narrow = used().filter_map(|at| match at {
            Location::Narrow(n) => Some(n + 1),
            Location::Wide => None,
        });
        (narrow.max().unwrap_or(0), used().any(|at| at == Location::Wide))
    }
}

impl Op {
    fn location(&self) -> Option<Location> {
        match *self {
            Self::Load(at, _)
            | Self::Store(at, _, _)
            | Self::Add(at, _, _)
            | Self::Swap(at, _, _)
            | Self::Exchange(at, _, _, _, _) => Some(at),
            Self::Fence(_) => None,
        }
    }
}

impl<B: Backend> Memory<B> {
    fn of(program: &Program) -> Self {
        let (narrow, wide) = program.locations();
        Self {
            narrow: (0..narrow).map(|_| B::Narrow::new(0)).collect(),
            wide: wide.then(|| B::Wide::new(0)),
        }
    }

    /// Does `op` and gives what it read.
    fn step(&self, op: &Op) -> Option<u64> {
        let location = match *op {
            Op::Fence(order) => {
                B::fence(order.into());
                return None;
            }
            Op::Add(Location::Narrow(n), value, order) => {
                return Some(B::fetch_add(&self.narrow[n], value, order.into()));
            }
            Op::Add(Location::Wide, ..) => panic!("a wide word has no fetch_add"),
            _ => op.location()?,
        };
        match location {
            Location::Narrow(n) => access(&self.narrow[n], op, |value| value),
            Location::Wide => {
                let wide = self.wide.as_ref().expect("made for every program that uses it");
                access(wide, op, widen).map(narrow)
            }
        }
    }

    /// What the locations hold once all threads are joined.
    fn values(&self) -> Vec<u64> {
        let narrow_values = self.narrow.iter().map(|word| word.load(Ordering::Relaxed));
        let wide_value = self.wide.iter().map(|word| narrow(word.load(Ordering::Relaxed)));
        narrow_values.chain(wide_value).collect()
    }
}

fn access<V>(word: &impl Word<V>, op: &Op, value: impl Fn(u64) -> V) -> Option<V> {
    match *op {
        Op::Load(_, order) => Some(word.load(order.into())),
        Op::Store(_, new, order) => {
            word.store(value(new), order.into());
            None
        }
        Op::Swap(_, new, order) => Some(word.swap(value(new), order.into())),
        Op::Exchange(_, old, new, success, failure) => {
            let found =
                word.compare_exchange(value(old), value(new), success.into(), failure.into());
            Some(found.unwrap_or_else(|found| found))
        }
        Op::Add(..) | Op::Fence(_) => None,
    }
}

/// A small number with a copy of itself in the upper half.
fn widen(value: u64) -> u128 {
    u128::from(value) << 64 | u128::from(value)
}

fn narrow(value: u128) -> u64 {
    let low = u64::try_from(value & u128::from(u64::MAX)).expect("masked to 64 bits");
    assert_eq!(value, widen(low), "a wide word was torn");
    low
}
