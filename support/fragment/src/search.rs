//! The smallest heap in which a trace replays.

use crate::heap::Memory;
use crate::play::{Look, Stop, Task};
use crate::steps::Steps;
use crate::subjects::Subject;

/// The heaps that are tried until one is large enough, as multiples of the peak.
const TRIED: [f64; 7] = [1.25, 1.6, 2.5, 5.0, 12.0, 30.0, MOST];
/// No larger heap is tried.
pub(crate) const MOST: f64 = 64.0;
/// The search ends if the heap that is too small is smaller by at most this part of the peak.
const PRECISION: f64 = 0.0005;

/// Finds the smallest heap by bisection, in bytes; none if the largest heap that is tried is too
/// small. A heap that is a little larger than one that suffices may be too small, because blocks lie
/// otherwise in it: the result is a heap that suffices, and near below it lies one that does not.
///
/// # Errors
///
/// The heap broke the contract.
pub(crate) fn smallest(
    subject: &Subject,
    steps: &Steps,
    memory: Memory,
) -> Result<Option<usize>, Stop> {
    let fits = |bytes| {
        let task = Task { steps, buffer: memory.first(bytes), look: Look::Nothing };
        match (subject.play)(task).end {
            Ok(()) => Ok(true),
            Err(Stop::Full(_)) => Ok(false),
            Err(broken) => Err(broken),
        }
    };
    // No heap is smaller than what is live.
    let mut low = steps.peak_bytes / 16 * 16 - 16 * usize::from(steps.peak_bytes >= 16);
    let mut tried = TRIED.iter().map(|times| steps.heap(*times));
    let mut high = loop {
        let Some(bytes) = tried.next().filter(|bytes| *bytes <= memory.len()) else {
            return Ok(None);
        };
        if fits(bytes)? {
            break bytes;
        }
        low = bytes;
    };
    // Sound: a positive number far below 2^52.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let precision = ((steps.peak_bytes as f64 * PRECISION) as usize).max(16);
    while high - low > precision {
        let middle = (low + (high - low) / 2).next_multiple_of(16).min(high - 16);
        if fits(middle)? {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(Some(high))
}

#[cfg(test)]
mod tests {
    use core::alloc::Layout;

    use super::*;
    use crate::steps::Step;
    use crate::subjects::SUBJECTS;

    #[test]
    fn no_heap_is_smaller_than_what_is_live() {
        // Blocks are freed in the order of their allocation but for the last one, round by round.
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
        let smallest = |name| {
            let subject =
                SUBJECTS.iter().find(|subject| subject.name == name).expect("it is there");
            smallest(subject, &steps, memory).expect("no fault").expect("it fits")
        };
        assert!(smallest("Linear") >= steps.peak_bytes);
        for subject in ["talc", "rlsf", "offset-allocator", "linked_list_allocator"] {
            let bytes = smallest(subject);
            assert!(bytes >= steps.peak_bytes, "{subject}: {bytes}");
        }
    }
}
