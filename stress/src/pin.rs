//! Threads that stay on one core each.

use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use core_affinity::CoreId;

/// The cores that lanes are pinned to, in turn.
#[derive(Debug)]
pub struct Pins {
    cores: Vec<CoreId>,
    set: fn(CoreId) -> bool,
    refused: AtomicUsize,
}

/// How many lanes could not be pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpinned {
    /// Threads that the system did not pin.
    pub threads: usize,
}

impl fmt::Display for Unpinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the system refused to pin {} threads: they ran where it put them", self.threads)
    }
}

impl Pins {
    /// The cores that this process may use.
    pub fn on_this_machine() -> Self {
        Self::new(core_affinity::get_core_ids().unwrap_or_default(), core_affinity::set_for_current)
    }

    fn new(cores: Vec<CoreId>, set: fn(CoreId) -> bool) -> Self {
        Self { cores, set, refused: AtomicUsize::new(0) }
    }

    /// Pins the calling thread, which is one of lane `index`.
    pub fn pin(&self, index: u16) {
        let nth = usize::from(index) % self.cores.len().max(1);
        if !self.cores.get(nth).is_some_and(|core| (self.set)(*core)) {
            self.refused.fetch_add(1, Relaxed);
        }
    }

    /// What was refused, if anything.
    pub fn unpinned(&self) -> Option<Unpinned> {
        let threads = self.refused.load(Relaxed);
        (threads > 0).then_some(Unpinned { threads })
    }
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use super::*;

    thread_local!(static ON: Cell<Option<usize>> = const { Cell::new(None) });

    fn cores(count: usize) -> Vec<CoreId> {
        (0..count).map(|id| CoreId { id }).collect()
    }

    #[test]
    fn lanes_take_turns_over_the_cores() {
        let pins = Pins::new(cores(3), |core| {
            ON.set(Some(core.id));
            true
        });
        let on = |lane| {
            pins.pin(lane);
            ON.get()
        };
        assert_eq!([0, 1, 2, 3, 7].map(on), [0, 1, 2, 0, 1].map(Some));
        assert_eq!(pins.unpinned(), None);
    }

    #[test]
    fn a_refusal_is_said() {
        for pins in [Pins::new(cores(2), |_| false), Pins::new(cores(0), |_| true)] {
            pins.pin(0);
            pins.pin(1);
            let unpinned = pins.unpinned().expect("nobody is pinned");
            assert!(unpinned.to_string().contains("refused to pin 2 threads"), "{unpinned}");
        }
    }
}
