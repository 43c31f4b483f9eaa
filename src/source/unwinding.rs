//! Finishing a series of calls of a source though one of them panics.

/// Calls `step` until it says that nothing is left. If it panics, the rest of the series runs
/// nevertheless, and then the panic goes on. A second panic aborts the process.
///
/// So before it calls the source a step takes out of its own records what it hands to it.
pub(crate) fn finish(step: impl FnMut() -> bool) {
    struct Rest<F: FnMut() -> bool>(F);
    impl<F: FnMut() -> bool> Rest<F> {
        fn run(&mut self) {
            while (self.0)() {}
        }
    }
    impl<F: FnMut() -> bool> Drop for Rest<F> {
        fn drop(&mut self) {
            self.run();
        }
    }
    Rest(step).run();
}
