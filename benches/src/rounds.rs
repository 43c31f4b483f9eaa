//! Interleaved rounds: in every round each subject has one turn.
//!
//! # Noise
//!
//! A turn in which the threads stood in line for a core for more than a hundredth of the time was
//! disturbed by other work: it is thrown away and done again, up to [`TURNS`] times. If none was
//! quiet, the least disturbed one counts, and the row says in how many rounds that was so. Where
//! there are more threads than cores, they stand in line for one another; then a turn is disturbed
//! when the cores were busy with something else for more than a twentieth of it. Where the system
//! does not tell how long threads stood in line, nothing is thrown away.

use core::time::Duration;

use crate::Sample;
use crate::statistics::Summary;
use crate::title::{Role, Title};

/// How often a disturbed turn is tried.
pub const TURNS: usize = 10;

/// Something that is run in turns.
pub trait Entry {
    /// Times about so many operations.
    fn sample(&self, operations: u64) -> Sample;

    /// Runs about so many operations, and tells what they held. `touches`: blocks are written when
    /// they are allocated, whatever the workload does with them.
    fn hold(&self, operations: u64, touches: bool) -> Holding;
}

/// What a run held.
#[derive(Clone, Copy, Debug, Default)]
pub struct Holding {
    /// The most blocks that were live at one time.
    pub live_blocks: usize,
    /// The most handles that there were at one time.
    pub handles: usize,
    /// Blocks that the subject has cut or asked for so far, where it can tell.
    pub blocks: Option<usize>,
}

/// A subject in its workload.
pub struct Contender {
    /// The subject.
    pub title: Title,
    /// What it is.
    pub role: Role,
    /// What is run.
    pub entry: Box<dyn Entry>,
    operations: u64,
    rounds: Vec<f64>,
    disturbed: usize,
}

impl Contender {
    /// A subject that has not run yet.
    pub fn new(title: Title, role: Role, entry: impl Entry + 'static) -> Self {
        let (rounds, entry) = (Vec::new(), Box::new(entry));
        Self { title, role, entry, operations: 0, rounds, disturbed: 0 }
    }

    /// Finds out how many operations take about `target` when nothing disturbs: turns that are
    /// too short would be mostly start and end.
    ///
    /// # Panics
    ///
    /// Never: there is more than one try.
    pub fn calibrate(&mut self, target: Duration) {
        let mut operations = 1 << 12;
        loop {
            let times = (0..TURNS).map(|_| self.entry.sample(operations).time);
            let fastest = times.min().expect("more than one try");
            if fastest * 4 >= target {
                let scaled = u128::from(operations) * target.as_nanos() / fastest.as_nanos();
                self.operations = u64::try_from(scaled).unwrap_or(u64::MAX).max(1);
                return;
            }
            operations *= 2;
        }
    }

    /// One turn. Tells how often it was done again.
    pub fn turn(&mut self) -> usize {
        let (best, repeated) = self.quietest(self.operations);
        self.disturbed += usize::from(best.is_disturbed());
        self.rounds.push(best.nanoseconds());
        repeated
    }

    /// The first quiet sample out of [`TURNS`], or the quietest; and how many were thrown away.
    fn quietest(&mut self, operations: u64) -> (Sample, usize) {
        let mut best = self.entry.sample(operations);
        for repeated in 0..TURNS - 1 {
            if !best.is_disturbed() {
                return (best, repeated);
            }
            let sample = self.entry.sample(operations);
            if sample.waited < best.waited {
                best = sample;
            }
        }
        (best, TURNS - 1)
    }

    /// Rounds that counted though they were disturbed.
    pub fn disturbed(&self) -> usize {
        self.disturbed
    }

    /// What each round took, in nanoseconds per operation.
    pub fn rounds(&self) -> &[f64] {
        &self.rounds
    }

    /// Where the rounds lie.
    ///
    /// # Panics
    ///
    /// Before the first turn.
    pub fn summary(&self) -> Summary {
        Summary::of(&self.rounds)
    }
}

/// What happens while rounds run.
pub enum Step {
    /// A turn was done again so many times, because other work was in the way.
    Repeated(usize),
    /// Each contender has had its turn.
    Round,
}

/// Gives each contender `rounds` turns of about `turn` each, round by round.
pub fn interleave(
    contenders: &mut [Contender],
    rounds: usize,
    turn: Duration,
    mut progress: impl FnMut(Step),
) {
    for contender in &mut *contenders {
        contender.calibrate(turn);
    }
    for round in 0..rounds {
        // Each round begins with another one: no subject always comes after the same neighbour's
        // heat.
        let first = round % contenders.len();
        let (later, earlier) = contenders.split_at_mut(first);
        for contender in earlier.iter_mut().chain(later) {
            match contender.turn() {
                0 => {}
                repeated => progress(Step::Repeated(repeated)),
            }
        }
        progress(Step::Round);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::RefCell;
    use std::rc::Rc;

    struct Told<F>(RefCell<F>);

    impl<F: FnMut(u64) -> Sample> Entry for Told<F> {
        fn sample(&self, operations: u64) -> Sample {
            (self.0.borrow_mut())(operations)
        }

        fn hold(&self, _: u64, _: bool) -> Holding {
            Holding::default()
        }
    }

    fn contender(name: &'static str, run: impl FnMut(u64) -> Sample + 'static) -> Contender {
        Contender::new(Title { name, batch: None }, Role::Pool, Told(RefCell::new(run)))
    }

    fn sample(operations: u64, waited_ms: u64) -> Sample {
        Sample {
            time: Duration::from_millis(100),
            operations,
            waited: Some(Duration::from_millis(waited_ms)),
            crowded: false,
        }
    }

    #[test]
    fn subjects_take_turns() {
        let seen = Rc::new(RefCell::new(String::new()));
        let one = |name: &'static str| {
            let seen = Rc::clone(&seen);
            contender(name, move |operations| {
                seen.borrow_mut().push_str(name);
                sample(operations, 0)
            })
        };
        let mut all = [one("a"), one("b"), one("c")];
        interleave(&mut all, 3, Duration::from_millis(1), |_| ());
        let calibration = ["a", "b", "c"].map(|name| name.repeat(TURNS)).concat();
        assert_eq!(*seen.borrow(), calibration + "abc" + "bca" + "cab");
    }

    #[test]
    fn a_disturbed_turn_is_done_again_and_the_quietest_counts() {
        let mut waits =
            [50, 0].into_iter().chain([50, 40, 30].into_iter().chain([40; TURNS]).take(TURNS));
        let mut turns = 0;
        let mut one = contender("one", move |_| {
            turns += 1;
            sample(turns, waits.next().expect("at most ten tries for a turn"))
        });
        assert_eq!(one.turn(), 1);
        assert_eq!((one.disturbed(), one.rounds.len()), (0, 1));
        assert_eq!(one.summary().median_ns, 1e8 / 2.0);
        assert_eq!(one.turn(), TURNS - 1);
        assert_eq!((one.disturbed(), one.rounds.len()), (1, 2));
        assert_eq!(one.rounds[1], 1e8 / 5.0);
    }
}
