//! How throughput grows with threads, and a model of what exchanges cost over cores.
//!
//! [`run`] measures [`Work`]s on the numbers of threads that it is told, all subjects and all numbers
//! of threads of one work taking turns, so that ratios over threads are ratios within one run. Then
//! the [`sweep`] measures bursts with batches of several sizes, and the [`model`] is fitted to it.

pub mod fit;
mod grid;
mod lineup;
mod machine;
pub mod model;
mod page;
mod report;
pub mod sweep;
pub mod work;

pub use grid::{Grid, grids};
pub use machine::Machine;
pub use page::page;
pub use report::{Report, Row, Throughput};
pub use work::Work;

use core::time::Duration;

use crate::rounds::{Contender, Step, interleave};
use crate::sample::cores;
use crate::title::Title;

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is done.
    pub works: Vec<Work>,
    /// Whether the bursts for the model are run.
    pub has_model: bool,
    /// Numbers of threads, each once, the fewest first.
    pub threads: Vec<usize>,
    /// Only subjects whose name contains this.
    pub subject: Option<String>,
    /// Turns of each subject.
    pub rounds: usize,
    /// Length of a turn in milliseconds, about; five times that where there are more threads than
    /// cores.
    pub turn_ms: u64,
    /// How many cores the model is drawn up to.
    pub model_up_to: usize,
}

/// 1, 2, 4 and so on, and all of them.
pub fn powers_and_last(all: usize) -> Vec<usize> {
    let powers = core::iter::successors(Some(1), |threads| Some(threads * 2));
    powers.take_while(|&threads| threads < all).chain([all]).collect()
}

/// Measures. Before each part `begin` is told its name and its rounds, and gives what is to be
/// called after each of them.
pub fn run<P: FnMut(Step)>(plan: &Plan, mut begin: impl FnMut(&str, usize) -> P) -> Report {
    let mut left_out = Vec::new();
    let rows = plan.works.iter().flat_map(|&work| {
        let (alone, crowded): (Vec<usize>, Vec<usize>) =
            plan.threads.iter().partition(|&&threads| threads <= cores());
        if plan.threads.iter().all(|&threads| work.with(threads).is_none()) {
            left_out.push(format!("{}: no number of threads that it can have", work.name()));
        }
        let mut rows = in_turns(plan, work, &alone, false, &mut begin);
        rows.extend(in_turns(plan, work, &crowded, true, &mut begin));
        rows
    });
    let rows: Vec<Row> = rows.collect();
    let sweep = if plan.has_model { swept(plan, &mut left_out, &mut begin) } else { Vec::new() };
    Report::new((plan.rounds, plan.turn_ms), plan.model_up_to, rows, sweep, left_out)
}

/// One work on these numbers of threads, all of which have a core each, or none.
fn in_turns<P: FnMut(Step)>(
    plan: &Plan,
    work: Work,
    threads: &[usize],
    crowded: bool,
    begin: &mut impl FnMut(&str, usize) -> P,
) -> Vec<Row> {
    let wanted = |title: &Title| is_wanted(plan, title.name);
    let (mut contenders, mut on) = (Vec::new(), Vec::new());
    for &threads in threads {
        let Some(workload) = work.with(threads) else { continue };
        let line = lineup::contenders(work, workload, &wanted);
        on.extend(line.iter().map(|_| threads));
        contenders.extend(line);
    }
    let name = format!("{}{}", work.name(), if crowded { ", crowded" } else { "" });
    all_rounds(plan, &mut contenders, &name, crowded, begin);
    let both = on.into_iter().zip(&contenders);
    both.map(|(threads, contender)| Row::new(work, threads, crowded, contender)).collect()
}

/// The bursts under all strategies, where threads have a core each.
fn swept<P: FnMut(Step)>(
    plan: &Plan,
    left_out: &mut Vec<String>,
    begin: &mut impl FnMut(&str, usize) -> P,
) -> Vec<sweep::Point> {
    let threads: Vec<usize> =
        plan.threads.iter().copied().filter(|&threads| threads <= cores()).collect();
    if threads.is_empty() {
        left_out.push("the model: no number of threads has a core for each".into());
    }
    let mut entries = sweep::Entries::default();
    for (_, make) in sweep::strategies().iter().filter(|(name, _)| is_wanted(plan, name)) {
        make(&mut entries, &threads);
    }
    all_rounds(plan, &mut entries.contenders, "batches", false, begin);
    entries.points()
}

fn is_wanted(plan: &Plan, name: &str) -> bool {
    plan.subject.as_ref().is_none_or(|part| name.contains(part))
}

fn all_rounds<P: FnMut(Step)>(
    plan: &Plan,
    contenders: &mut [Contender],
    name: &str,
    crowded: bool,
    begin: &mut impl FnMut(&str, usize) -> P,
) {
    if contenders.is_empty() {
        return;
    }
    // Shorter than the system's own turns, a turn of a crowd is a matter of luck.
    let longer = if crowded { 5 } else { 1 };
    let after = begin(name, plan.rounds);
    interleave(contenders, plan.rounds, Duration::from_millis(plan.turn_ms * longer), after);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_powers_of_two_and_all_cores() {
        assert_eq!(powers_and_last(1), [1]);
        assert_eq!(powers_and_last(2), [1, 2]);
        assert_eq!(powers_and_last(12), [1, 2, 4, 8, 12]);
        assert_eq!(powers_and_last(16), [1, 2, 4, 8, 16]);
    }
}
