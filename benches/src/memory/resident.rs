//! What of this process is in memory, as Linux tells it.

use core::ptr;
use std::fs;

use rustix::mm::{Advice, madvise};

/// Resident memory, from a certain time on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resident {
    before_kib: u64,
}

impl Resident {
    /// From now on. `None` where the system does not tell.
    pub(super) fn from_now() -> Option<Self> {
        bring_in_files();
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

/// Has all of the program's files in memory: code that runs for the first time later on is no
/// memory of an allocator. Where that is not to be had, it counts as such.
fn bring_in_files() {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    for (first, end) in maps.lines().filter_map(readable_file) {
        // SAFETY: reads the pages of a mapping into memory, and changes none of them. The address
        // is not used otherwise.
        _ = unsafe {
            madvise(ptr::without_provenance_mut(first), end - first, Advice::LinuxPopulateRead)
        };
    }
}

/// Where a line of `/proc/self/maps` has a file that can be read: its first address, and its end.
fn readable_file(line: &str) -> Option<(usize, usize)> {
    let mut words = line.split_whitespace();
    let (range, permissions) = (words.next()?, words.next()?);
    // Offset and device come before the inode, which anonymous memory has not.
    let inode = words.nth(2)?;
    let (first, end) = range.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    let range = (address(first)?, address(end)?);
    (permissions.starts_with('r') && inode != "0").then_some(range)
}

/// A line of what Linux tells about this process.
fn status_kib(name: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_from_other_memory() {
        let file = "7f00-7f20 r-xp 00001000 fe:00 1234      /usr/bin/some program";
        assert_eq!(readable_file(file), Some((0x7f00, 0x7f20)));
        for other in [
            "7f00-7f20 ---p 00001000 fe:00 1234 /usr/bin/program",
            "7f00-7f20 rw-p 00000000 00:00 0",
            "7f00-7f20 rw-p 00000000 00:00 0 [heap]",
            "",
        ] {
            assert_eq!(readable_file(other), None, "{other}");
        }
    }
}
