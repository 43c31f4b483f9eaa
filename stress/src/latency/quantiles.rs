//! A histogram as a curve: times over quantiles, close together where they count.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// A point of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Quantile {
    /// So many of one are no higher; the last point, the maximum, has 1.
    pub quantile: f64,
    /// Nanoseconds.
    pub ns: f64,
}

/// Points for each halving of what is above. Three keep a curve below a hundred points.
const POINTS_PER_HALVING: u32 = 3;

/// The curve of a histogram; empty where it is.
pub(super) fn curve(histogram: &Histogram<u64>, ticks_per_ns: f64) -> Vec<Quantile> {
    let points = histogram.iter_quantiles(POINTS_PER_HALVING).map(|point| Quantile {
        quantile: point.quantile_iterated_to(),
        ns: histogram.value_at_quantile(point.quantile_iterated_to()) as f64 / ticks_per_ns,
    });
    let mut curve: Vec<Quantile> = points.collect();
    curve.dedup_by_key(|point| point.quantile.to_bits());
    curve
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_goes_up_to_the_maximum() {
        let mut histogram = Histogram::new_with_bounds(1, 1 << 20, 2).expect("sound bounds");
        assert_eq!(curve(&histogram, 1.0), []);
        for value in 1..=10_000 {
            histogram.record(value).expect("within bounds");
        }
        let curve = curve(&histogram, 2.0);
        let (first, last) = (curve[0], curve[curve.len() - 1]);
        assert!(first.ns <= 1.0 && (5000.0..5050.0).contains(&last.ns), "{first:?} {last:?}");
        assert_eq!(last.quantile.to_bits(), 1.0_f64.to_bits());
        assert!(curve.windows(2).all(|two| two[0].quantile < two[1].quantile));
        assert!(curve.windows(2).all(|two| two[0].ns <= two[1].ns));
        let half = curve.iter().find(|point| point.quantile >= 0.5).expect("a median");
        assert!((2450.0..2600.0).contains(&half.ns), "{half:?}");
        assert!((20..100).contains(&curve.len()), "{}", curve.len());
    }
}
