//! What is done before the threads of a scenario start, written as sentences.

use super::op::Op;

/// The longest set-up.
const MOST: usize = 24;

/// What one thread does on behalf of all before they start.
///
/// `attached(2).thread(0).does(4, Allocate).thread(1).does(1, Free)`: two threads attach, thread 0
/// allocates four blocks, thread 1 frees one.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    steps: [(usize, Op); MOST],
    len: usize,
    /// Whose operations follow.
    thread: usize,
}

/// The set-up in which these many threads attach, from thread 0 on.
pub(crate) const fn attached(threads: usize) -> Setup {
    let mut setup = Setup::NONE;
    while setup.len < threads {
        setup = setup.thread(setup.len).does(1, Op::Attach);
    }
    setup
}

/// The set-up that begins with what this thread does.
pub(crate) const fn thread(thread: usize) -> Setup {
    Setup::NONE.thread(thread)
}

impl Setup {
    /// Nothing is done.
    pub(crate) const NONE: Self = Self { steps: [(0, Op::Attach); MOST], len: 0, thread: 0 };

    /// This thread does what follows.
    pub(crate) const fn thread(self, thread: usize) -> Self {
        Self { thread, ..self }
    }

    /// The thread does `op` so many times.
    pub(crate) const fn does(mut self, times: usize, op: Op) -> Self {
        let end = self.len + times;
        while self.len < end {
            self.steps[self.len] = (self.thread, op);
            self.len += 1;
        }
        self
    }

    /// The operations in their order, each with its thread.
    #[must_use]
    pub fn steps(&self) -> &[(usize, Op)] {
        &self.steps[..self.len]
    }
}
