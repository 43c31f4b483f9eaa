//! What is done before the threads of a scenario start, written as sentences.

use super::op::Op;

/// The longest set-up.
const MOST: usize = 24;

/// What one thread does on behalf of all before they start.
///
/// `attached(2).thread(0, &[(4, Allocate), (4, Give(1))]).thread(1, &[(2, Free)])`: two threads
/// attach, thread 0 allocates four blocks and gives four to thread 1, which frees two.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    steps: [(usize, Op); MOST],
    len: usize,
}

/// The set-up in which these many threads attach, from thread 0 on.
pub(crate) const fn attached(threads: usize) -> Setup {
    let mut setup = Setup::NONE;
    while setup.len < threads {
        setup = setup.thread(setup.len, &[(1, Op::Attach)]);
    }
    setup
}

/// The set-up that begins with what this thread does, each operation so many times.
pub(crate) const fn thread(thread: usize, does: &[(usize, Op)]) -> Setup {
    Setup::NONE.thread(thread, does)
}

impl Setup {
    /// Nothing is done.
    pub(crate) const NONE: Self = Self { steps: [(0, Op::Attach); MOST], len: 0 };

    /// Then this thread does each of these operations, so many times.
    pub(crate) const fn thread(mut self, thread: usize, does: &[(usize, Op)]) -> Self {
        let mut nth = 0;
        while nth < does.len() {
            let (times, op) = does[nth];
            let end = self.len + times;
            while self.len < end {
                self.steps[self.len] = (thread, op);
                self.len += 1;
            }
            nth += 1;
        }
        self
    }

    /// The operations in their order, each with its thread.
    #[must_use]
    pub fn steps(&self) -> &[(usize, Op)] {
        &self.steps[..self.len]
    }
}
