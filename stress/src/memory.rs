//! Memory over the time of a run: a few hundred observations, however long the run takes.

use core::time::Duration;
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// One observation.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Sample {
    /// Seconds since the run began.
    pub seconds: f64,
    /// Blocks cut from chunks so far.
    pub carved_blocks: usize,
    /// Blocks live; `null` where each thread counts its own.
    pub live_blocks: Option<usize>,
}

/// The observations so far. When there are too many, every second one is deleted, and the time
/// between two is doubled.
#[derive(Debug)]
pub struct Track {
    samples: Vec<Sample>,
    began: Instant,
    next: Duration,
    every: Duration,
}

impl Track {
    /// The most observations that are kept.
    pub const MOST: usize = 256;
    /// Time between two at first.
    const FIRST: Duration = Duration::from_millis(10);

    /// Looks, if it is time to.
    pub fn look(&mut self, books: impl FnOnce() -> (usize, Option<usize>)) {
        self.look_at(self.began.elapsed(), books);
    }

    fn look_at(&mut self, now: Duration, books: impl FnOnce() -> (usize, Option<usize>)) {
        if now < self.next {
            return;
        }
        if self.samples.len() == Self::MOST {
            let mut number = 0;
            self.samples.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.every *= 2;
        }
        let (carved_blocks, live_blocks) = books();
        self.samples.push(Sample { seconds: now.as_secs_f64(), carved_blocks, live_blocks });
        self.next = now + self.every;
    }

    /// All that were kept, in their order.
    pub fn into_samples(self) -> Vec<Sample> {
        self.samples
    }
}

impl Default for Track {
    fn default() -> Self {
        let (samples, began) = (Vec::new(), Instant::now());
        Self { samples, began, next: Duration::ZERO, every: Self::FIRST }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_keeps_a_few_hundred_looks_over_all_of_its_time() {
        let mut track = Track::default();
        for tick in 0..100_000_u32 {
            track.look_at(Track::FIRST * tick, || (1, None));
        }
        let samples = track.into_samples();
        assert!((Track::MOST / 2..=Track::MOST).contains(&samples.len()), "{}", samples.len());
        assert_eq!(samples[0].seconds.to_bits(), 0.0_f64.to_bits());
        let steps: Vec<f64> =
            samples.windows(2).map(|two| two[1].seconds - two[0].seconds).collect();
        let longest = steps.iter().copied().fold(0.0, f64::max);
        assert!(steps.iter().all(|step| *step > longest / 3.0), "evenly: {steps:?}");
        assert!(samples[samples.len() - 1].seconds > 990.0);
    }

    #[test]
    fn nobody_looks_before_it_is_time() {
        let mut track = Track::default();
        track.look_at(Duration::ZERO, || (5, Some(2)));
        track.look_at(Duration::from_millis(3), || panic!("too early"));
        let seen = track.into_samples();
        assert_eq!(seen, [Sample { seconds: 0.0, carved_blocks: 5, live_blocks: Some(2) }]);
    }
}
