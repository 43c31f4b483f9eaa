//! Everything that is measured on one trace.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::heap::Memory;
use crate::instructions::Way;
use crate::map::Map;
use crate::play::{Look, Played, Stop, Task, Work};
use crate::report::Row;
use crate::search::{Found, MOST, smallest};
use crate::steps::Steps;
use crate::subjects::{NOTHING, Subject};

/// Heaps in which the contents are checked, beside the smallest, as multiples of the peak.
const CHECKED: [f64; 3] = [1.06, 1.25, 2.0];
/// Times and instructions are measured in a heap that is larger than the smallest by this factor:
/// in the smallest itself some allocators search for the last free bytes.
pub(crate) const ROOM: f64 = 1.25;
/// callgrind is some fifty times slower than the processor: a replay of more nanoseconds is left
/// out.
const MOST_NANOS: f64 = 1e9;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Timed rounds.
    pub(crate) rounds: usize,
    /// How instructions are counted, if they are.
    pub(crate) way: Option<Way>,
}

/// A subject's row, and its map where it fits.
pub(crate) struct Measured {
    pub(crate) row: Row,
    pub(crate) map: Option<Map>,
}

/// Measures all subjects on the trace in `file`.
///
/// # Errors
///
/// There is no such trace, no memory, or a count failed.
pub(crate) fn all(
    file: &Path,
    subjects: &[&'static Subject],
    plan: Plan,
    say: impl Fn(&str),
) -> Result<Vec<Measured>> {
    let steps = Steps::open(file)?;
    let memory = Memory::new(steps.heap(MOST * ROOM)).context("no memory for heaps")?;
    let mut all = Vec::new();
    for subject in subjects {
        say(&format!("{}: {}, its smallest heap", steps.name, subject.name));
        all.push(fit(subject, &steps, memory));
    }
    let events = steps.list.len() as f64;
    for round in 1..=plan.rounds {
        say(&format!("{}: round {round} of {}", steps.name, plan.rounds));
        for (subject, measured) in subjects.iter().zip(&mut all) {
            if let Some(bytes) = roomy(&steps, &measured.row) {
                let played = play(subject, &steps, memory, bytes, Look::Nothing);
                measured.row.rounds_ns.push(played.nanos as f64 / events);
            }
        }
    }
    for measured in &mut all {
        measured.row.ns_per_event = median(&measured.row.rounds_ns);
    }
    if let Some(way) = plan.way {
        count(way, &steps, file, memory, subjects, &mut all, say)?;
    }
    Ok(all)
}

fn play(subject: &Subject, steps: &Steps, memory: Memory, bytes: usize, look: Look<'_>) -> Played {
    (subject.play)(Task { buffer: memory.first(bytes), work: Work::Replay(steps, look) })
}

/// The heap for times: larger than the smallest.
fn roomy(steps: &Steps, row: &Row) -> Option<usize> {
    let heap = row.heap.filter(|_| row.violation.is_none())?;
    Some(steps.heap(heap * ROOM))
}

/// Finds the smallest heap, checks the contents in it and in larger ones, and draws the map.
fn fit(subject: &Subject, steps: &Steps, memory: Memory) -> Measured {
    let mut row = Row { peak_bytes: steps.peak_bytes, ..Row::new(subject.name, &steps.name) };
    let broken = |row: &mut Row, step: usize, what: &str| {
        row.violation = Some(format!("{what}, step {step} of {}", steps.list.len()));
    };
    let bytes = match smallest(subject, steps, memory) {
        Ok(Found::Smallest(bytes)) => bytes,
        Ok(Found::TooLarge) => return Measured { row, map: None },
        Ok(Found::TooSlow) => {
            row.gave_up = true;
            return Measured { row, map: None };
        }
        Err(Stop::Broken(step, what)) => {
            broken(&mut row, step, what);
            return Measured { row, map: None };
        }
        Err(Stop::Full(_)) => unreachable!("the search goes on if a heap is full"),
    };
    row.heap_bytes = Some(bytes);
    row.heap = Some(steps.ratio(bytes));
    let larger = CHECKED.iter().map(|times| steps.heap(*times)).filter(|larger| *larger > bytes);
    for heap in [bytes].into_iter().chain(larger) {
        let played = play(subject, steps, memory, heap, Look::Contents);
        row.checked_at.push(steps.ratio(heap));
        match played.end {
            Ok(()) => {}
            Err(Stop::Full(_)) => row.refused_at.push(steps.ratio(heap)),
            Err(Stop::Broken(step, what)) => broken(&mut row, step, what),
        }
    }
    // Without a look, because what a look keeps would count too.
    row.beside_bytes = play(subject, steps, memory, bytes, Look::Nothing).beside_bytes;
    let mut map = Map::new(bytes, steps.list.len());
    play(subject, steps, memory, bytes, Look::Places(&mut map));
    Measured { row, map: Some(map) }
}

/// Counts the instructions of all subjects, and takes off those of the loop.
fn count(
    way: Way,
    steps: &Steps,
    file: &Path,
    memory: Memory,
    subjects: &[&'static Subject],
    all: &mut [Measured],
    say: impl Fn(&str),
) -> Result<()> {
    let events = steps.list.len() as f64;
    let empty = way.count(&NOTHING, steps, file, memory, steps.heap(1.0))? as f64;
    for (subject, Measured { row, .. }) in subjects.iter().zip(all) {
        let Some(bytes) = roomy(steps, row) else { continue };
        if row.ns_per_event.is_some_and(|nanos| nanos * events > MOST_NANOS) {
            continue;
        }
        say(&format!("{}: {}, instructions", steps.name, subject.name));
        let count = way.count(subject, steps, file, memory, bytes)? as f64;
        row.instructions_per_event = Some((count - empty) / events);
    }
    Ok(())
}

/// The middle value, or the mean of the two in the middle.
fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) =
        (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some(f64::midpoint(*low, *high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
