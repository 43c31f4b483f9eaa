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
}
