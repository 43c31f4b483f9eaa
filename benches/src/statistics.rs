//! Order statistics of a few rounds.

use serde::{Deserialize, Serialize};

/// Where the rounds of one subject lie, in nanoseconds per operation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The smallest.
    pub min_ns: f64,
    /// A quarter of the rounds lie below.
    pub lower_quartile_ns: f64,
    /// Half of the rounds lie below: what counts.
    pub median_ns: f64,
    /// A quarter of the rounds lie above.
    pub upper_quartile_ns: f64,
    /// The largest.
    pub max_ns: f64,
}

impl Summary {
    /// Of at least one round.
    ///
    /// # Panics
    ///
    /// Without rounds.
    pub fn of(rounds: &[f64]) -> Self {
        let mut sorted = rounds.to_vec();
        sorted.sort_by(f64::total_cmp);
        Self {
            min_ns: quantile(&sorted, 0),
            lower_quartile_ns: quantile(&sorted, 1),
            median_ns: quantile(&sorted, 2),
            upper_quartile_ns: quantile(&sorted, 3),
            max_ns: quantile(&sorted, 4),
        }
    }
}

/// The value below which `quarters` quarters lie, between neighbours where it falls there.
fn quantile(sorted: &[f64], quarters: usize) -> f64 {
    let last = sorted.len() - 1;
    let (at, rest) = (last * quarters / 4, last * quarters % 4);
    let next = sorted[(at + 1).min(last)];
    sorted[at] + (next - sorted[at]) * rest as f64 / 4.0
}

/// The two values between which the median lies with a confidence of at least 95%, whatever the
/// distribution of the rounds: order statistics, as far from the ends as the binomial distribution
/// permits. With fewer than six rounds, the smallest and the largest, whose confidence is lower.
///
/// # Panics
///
/// Without rounds.
pub fn interval(rounds: &[f64]) -> [f64; 2] {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    // The median lies below the value of rank k with the probability that at most k of n coins
    // show heads.
    let mut outside = 0;
    let (mut below, mut term) =
        (0.0, 0.5_f64.powi(i32::try_from(sorted.len()).unwrap_or(i32::MAX)));
    while 2 * outside < last {
        below += term;
        if below > 0.025 {
            break;
        }
        term *= (sorted.len() - outside) as f64 / (outside + 1) as f64;
        outside += 1;
    }
    let at = outside.saturating_sub(1);
    [sorted[at], sorted[last - at]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_neighbours() {
        let summary = Summary::of(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!(summary.min_ns, 1.0);
        assert_eq!(summary.lower_quartile_ns, 1.75);
        assert_eq!(summary.median_ns, 2.5);
        assert_eq!(summary.max_ns, 4.0);
        assert_eq!(Summary::of(&[7.0]).upper_quartile_ns, 7.0);
        assert_eq!(Summary::of(&[5.0, 1.0, 3.0]).median_ns, 3.0);
    }

    #[test]
    fn the_interval_of_the_median_is_that_of_the_tables() {
        // The ranks that tables of the sign test give for 95%: n, and the rank from either end.
        for (rounds, rank) in [(1, 1), (5, 1), (6, 1), (9, 2), (15, 4), (20, 6), (50, 18)] {
            let values: Vec<f64> = (1..=rounds).map(f64::from).collect();
            let [low, high] = interval(&values);
            assert_eq!((low, high), (f64::from(rank), f64::from(rounds + 1 - rank)), "{rounds}");
        }
    }
}
