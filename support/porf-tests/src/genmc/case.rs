//! A program of a number of threads, with the number of its executions.

use core::fmt;

/// A program with the number of its executions.
#[derive(Clone, Copy)]
pub struct Case {
    /// The name of GenMC's test.
    pub name: &'static str,
    /// The size, `N` in most of GenMC's tests; zero where there is none.
    pub size: usize,
    /// The number of threads, the first one included.
    pub threads: usize,
    /// The number of complete executions.
    pub executions: u64,
    /// The program, given its size.
    pub body: fn(usize),
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.size == 0 {
            f.write_str(self.name)
        } else {
            write!(f, "{}/{}", self.name, self.size)
        }
    }
}

/// One program in several sizes.
pub(super) struct Sizes {
    name: &'static str,
    threads: fn(usize) -> usize,
    body: fn(usize),
    executions: &'static [(usize, u64)],
}

/// A program, the number of its threads for a size, and for some sizes the number of its executions.
pub(super) const fn sizes(
    name: &'static str,
    threads: fn(usize) -> usize,
    body: fn(usize),
    executions: &'static [(usize, u64)],
) -> Sizes {
    Sizes { name, threads, body, executions }
}

impl Sizes {
    /// Each size as a case.
    pub(super) fn cases(&self) -> impl Iterator<Item = Case> + '_ {
        self.executions.iter().map(|(size, executions)| Case {
            name: self.name,
            size: *size,
            threads: (self.threads)(*size),
            executions: *executions,
            body: self.body,
        })
    }
}
