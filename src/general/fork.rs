//! A fork finds no lock of the allocator taken by another thread.

use super::central::CENTRALS;
use super::{large, records};

/// Installs the handlers. Called once.
pub(super) fn install() {
    // SAFETY: handlers that take and give up locks of statics. If they cannot be installed, a child that
    // is forked while another thread grows a class may wait for ever; nothing else is lost.
    _ = unsafe { libc::pthread_atfork(Some(before), Some(after), Some(after)) };
}

/// Takes all locks: those of the classes, in order, each of which may be held while records are taken;
/// then that of the records, and that of the mappings.
extern "C" fn before() {
    for central in &CENTRALS {
        // SAFETY: `after` follows, on this thread.
        unsafe { central.keep_locks() };
    }
    // SAFETY: as above.
    unsafe { records::keep_lock() };
    // SAFETY: as above.
    unsafe { large::keep_lock() };
}

/// Gives them up, in the parent and in the child.
extern "C" fn after() {
    // SAFETY: taken in `before`, by the thread that forks.
    unsafe { large::give_up_lock() };
    // SAFETY: as above.
    unsafe { records::give_up_lock() };
    for central in CENTRALS.iter().rev() {
        // SAFETY: as above.
        unsafe { central.give_up_locks() };
    }
}
