//! Ctrl-C, and the other signals that ask a process to end.
//!
//! The first asks: the run that is on ends as if its time were up and is checked as always, the
//! runs after it are left out, and what was found is reported. The second ends the process.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::process;

/// What magazines say of a process that Ctrl-C ended.
pub(crate) const EXIT_CODE: u8 = 130;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Begins to listen. Where the system does not let us, signals end the process at once, as ever.
pub(crate) fn listen() {
    // Fails, too, where it was called before.
    _ = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Relaxed) {
            process::exit(EXIT_CODE.into());
        }
    });
}

/// Whether the process was asked to end.
pub(crate) fn requested() -> bool {
    REQUESTED.load(Relaxed)
}
