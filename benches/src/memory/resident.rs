//! What of this process is in memory, as Linux tells it.

use std::fs;

/// Resident memory, from a certain time on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resident {
    before_kib: u64,
}

impl Resident {
    /// From now on. `None` where the system does not tell.
    pub(super) fn from_now() -> Option<Self> {
        // Forgets the peak so far. Where that is not to be had, an earlier peak counts as well: the
        // figures are too high then, for all subjects alike.
        _ = fs::write("/proc/self/clear_refs", "5");
        Some(Self { before_kib: status_kib("VmRSS:")? })
    }

    /// The most since then, less what was there, in KiB.
    pub(super) fn peak_kib(self) -> Option<u64> {
        Some(status_kib("VmHWM:")?.saturating_sub(self.before_kib))
    }

    /// What is there now, less what was there, in KiB.
    pub(super) fn now_kib(self) -> Option<u64> {
        Some(status_kib("VmRSS:")?.saturating_sub(self.before_kib))
    }
}

/// A line of what Linux tells about this process.
fn status_kib(name: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}
