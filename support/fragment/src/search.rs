//! The smallest heap in which a trace replays.

use crate::heap::Memory;
use crate::play::{Look, Stop, Task, Work};
use crate::steps::Steps;
use crate::subjects::Subject;

/// The heaps that are tried until one is large enough, as multiples of the peak.
const TRIED: [f64; 7] = [1.25, 1.6, 2.5, 5.0, 12.0, 30.0, MOST];
/// No larger heap is tried.
pub(crate) const MOST: f64 = 64.0;
/// The search ends if the heap that is too small is smaller by at most this part of the peak.
const PRECISION: f64 = 0.0005;

/// A search has many replays, so it is given up if one of them takes more CPU time than this.
const MOST_NANOS: u128 = 5_000_000_000;

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The smallest heap, in bytes.
    Smallest(usize),
    /// The largest heap that is tried is too small.
    TooLarge,
    /// A replay took too long.
    TooSlow,
}

/// Finds the smallest heap by bisection. A heap that is a little larger than one that suffices may be too small, because blocks lie
/// otherwise in it: the result is a heap that suffices, and near below it lies one that does not.
///
/// # Errors
///
/// The heap broke the contract.
pub(crate) fn smallest(subject: &Subject, steps: &Steps, memory: Memory) -> Result<Found, Stop> {
    let mut slowest = 0;
    let mut fits = |bytes| {
        let work = Work::Replay(steps, Look::Nothing);
        let task = Task { buffer: memory.first(bytes), work };
        let played = (subject.play)(task);
        slowest = slowest.max(played.nanos);
        match played.end {
            Ok(()) | Err(Stop::Full(_)) if slowest > MOST_NANOS => Ok(None),
            Ok(()) => Ok(Some(true)),
            Err(Stop::Full(_)) => Ok(Some(false)),
            Err(broken) => Err(broken),
        }
    };
    // No heap is smaller than what is live.
    let mut low = steps.peak_bytes / 16 * 16 - 16 * usize::from(steps.peak_bytes >= 16);
    let mut tried = TRIED.iter().map(|times| steps.heap(*times));
    let mut high = loop {
        let Some(bytes) = tried.next().filter(|bytes| *bytes <= memory.len()) else {
            return Ok(Found::TooLarge);
        };
        match fits(bytes)? {
            None => return Ok(Found::TooSlow),
            Some(true) => break bytes,
            Some(false) => low = bytes,
        }
    };
    // Sound: a positive number far below 2^52.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let precision = ((steps.peak_bytes as f64 * PRECISION) as usize).max(16);
    while high - low > precision {
        let middle = (low + (high - low) / 2).next_multiple_of(16).min(high - 16);
        match fits(middle)? {
            None => return Ok(Found::TooSlow),
            Some(true) => high = middle,
            Some(false) => low = middle,
        }
    }
    Ok(Found::Smallest(high))
}

#[cfg(test)]
mod tests {
    use core::alloc::Layout;

    use super::*;
    use crate::steps::Step;
    use crate::subjects::SUBJECTS;

    #[test]
    fn no_heap_is_smaller_than_what_is_live() {
        // Every tenth block stays, and one more is there for a moment.
        let mut list = Vec::new();
        for object in 0..100 {
            let layout = Layout::from_size_align(160, 16).expect("a layout");
            let step = |allocates| Step { object, allocates, layout };
            list.push(step(true));
            if object % 10 != 0 {
                list.push(step(false));
            }
        }
        let steps = Steps::new("rounds", list);
        assert_eq!(steps.peak_bytes, 160 * 11);
        let memory = Memory::new(1 << 20).expect("memory");
        for name in ["Linear", "talc", "rlsf", "offset-allocator", "linked_list_allocator"] {
            let subject = SUBJECTS.iter().find(|subject| subject.name == name).expect("a subject");
            let found = smallest(subject, &steps, memory).expect("no fault");
            let Found::Smallest(bytes) = found else { panic!("{name}: {found:?}") };
            assert!(bytes >= steps.peak_bytes, "{name}: {bytes}");
            if name == "offset-allocator" {
                assert_eq!(bytes, steps.peak_bytes, "it keeps nothing in the heap");
            }
        }
    }
}
