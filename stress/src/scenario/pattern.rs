//! One thread's behaviour.

use crate::subject::Handle;
use crate::worker::Worker;

/// Most blocks that one thread holds at once: some batches.
pub(crate) fn span(batch: usize) -> usize {
    (8 * batch).clamp(16, 1 << 16)
}

/// One thread's behaviour.
pub(crate) trait Pattern {
    /// Says whether there is another step to make.
    fn goes_on<H: Handle>(&self, worker: &mut Worker<'_, H>) -> bool {
        worker.has_budget()
    }

    /// Makes one step: a few operations at most.
    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>);

    /// Frees or passes on what the thread still holds.
    fn finish<H: Handle>(&mut self, worker: &mut Worker<'_, H>);

    /// Plays the pattern until the worker's budget is used up.
    fn play<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        while self.goes_on(worker) {
            worker.step();
            self.step(worker);
        }
        self.finish(worker);
    }
}
