//! A program over one list, and how its outcome is written.

use core::fmt::Write;

use crate::scenarios::Depth;

/// One operation of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Push the magazine that the thread has held longest. Nothing, where it holds none.
    Push,
    /// Make a magazine, now, with this block, and push it.
    PushNew(u8),
    /// Take the top magazine.
    Pop,
    /// Take magazines with at most so many blocks, in one step.
    PopUpTo(usize),
    /// Take all magazines, in one step.
    TakeAll,
}

/// What one thread does.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Blocks in the magazines that it holds at the start.
    pub holds: &'static [u8],
    /// What it does.
    pub ops: &'static [Op],
}

/// A named program over one list.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Unique.
    pub name: &'static str,
    /// How far loom looks.
    pub depth: Depth,
    /// Blocks in the list at the start, from the bottom.
    pub stack: &'static [u8],
    /// The threads.
    pub threads: &'static [Program],
}

/// A thread that holds nothing at the start.
#[must_use]
pub const fn does(ops: &'static [Op]) -> Program {
    Program { holds: &[], ops }
}

pub(super) const fn holds(holds: &'static [u8], ops: &'static [Op]) -> Program {
    Program { holds, ops }
}

/// What each thread took, and what is left, from the bottom.
pub(super) fn outcome<'a>(logs: impl Iterator<Item = &'a [Vec<u8>]>, left: &[u8]) -> String {
    let mut text = String::new();
    for (number, log) in logs.enumerate() {
        _ = write!(text, "t{number} {log:?} ");
    }
    _ = write!(text, "left {left:?}");
    text
}
