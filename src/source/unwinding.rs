//! Finishing a series of calls although one of them panics.

/// Calls `step` until it returns false, because nothing is left. If a step panics, the other steps
/// run nevertheless, and then the panic goes on. A second panic aborts the process.
///
/// A step that hands a region to the source removes it from the caller's records before. So no
/// later step hands the same region over again, also if the source panics.
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
