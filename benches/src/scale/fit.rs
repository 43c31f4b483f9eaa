//! Least squares with parameters that are times, and so not below zero.
//!
//! Three shapes, each a sum of known columns with unknown factors:
//!
//! - [`batch_cost`]: `t(B) = hit + e / B`, what a block costs over the size of a batch;
//! - [`line_over_cores`]: `e(n) = e1 + c (n - 1)`, what an exchange costs over cores;
//! - [`law_over_cores`]: `e(n) = e1 + c (n - 1) + k n (n - 1)`, Gunther's universal scalability law
//!   for exchanges: `n / e(n)` is `n / e1 (1 + s (n - 1) + k' n (n - 1))` with `s = c / e1`, `k' =
//!   k / e1`.
//!
//! # Source
//!
//! Gunther 2008, the law; nalgebra's singular value decomposition, the solution.

use core::fmt;

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// Columns whose singular values lie further apart than this cannot be told from one another.
const LEAST_RANK: f64 = 1e-9;

/// Why there is no fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FitError {
    /// Fewer different places than there are parameters.
    TooFew {
        /// Different places.
        places: usize,
        /// Parameters.
        parameters: usize,
    },
    /// A time that is no time: not finite, or not above zero; or a batch or a number of cores of 0.
    NoTime,
    /// All that can be said of the points is that they take no time.
    Degenerate,
}

impl fmt::Display for FitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFew { places, parameters } => {
                write!(f, "{places} different points are too few for {parameters} figures")
            }
            Self::NoTime => f.write_str("a point is no time above zero"),
            Self::Degenerate => f.write_str("the points tell the figures not apart"),
        }
    }
}

impl core::error::Error for FitError {}

/// What was fitted to how many points.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fit<const P: usize> {
    /// The factors of the columns, in nanoseconds; none is below zero.
    #[serde(with = "parameters")]
    pub parameters_ns: [f64; P],
    /// Root of the mean square of the residuals, as a share of the points.
    pub residual: f64,
    /// Points that it rests on.
    pub points: usize,
    /// Different places less parameters. With 0 the residual says nothing: it is 0 by construction.
    pub freedom: usize,
}

/// `t(B) = hit + e / B`, from times per block by batch: `hit` and `e`.
///
/// Residuals count as shares of the time, since noise grows with it: one per cent of the slowest
/// batch weighs as much as one of the fastest.
///
/// # Errors
///
/// Fewer than two different batches; a batch of 0, or what is no time.
pub fn batch_cost(points: &[(usize, f64)]) -> Result<Fit<2>, FitError> {
    fit(points, |batch| [1.0, 1.0 / batch])
}

/// `e(n) = e1 + c (n - 1)`, from times per exchange by cores: `e1` and `c`.
///
/// # Errors
///
/// Fewer than two different numbers of cores; none, or what is no time.
pub fn line_over_cores(points: &[(usize, f64)]) -> Result<Fit<2>, FitError> {
    fit(points, |cores| [1.0, cores - 1.0])
}

/// `e(n) = e1 + c (n - 1) + k n (n - 1)`, from times per exchange by cores: `e1`, `c` and `k`.
///
/// # Errors
///
/// Fewer than four different numbers of cores: with three it would go through all of them whatever
/// they are. None, or what is no time.
pub fn law_over_cores(points: &[(usize, f64)]) -> Result<Fit<3>, FitError> {
    let places = places(points);
    if places < 4 {
        return Err(FitError::TooFew { places, parameters: 3 });
    }
    fit(points, |cores| [1.0, cores - 1.0, cores * (cores - 1.0)])
}

/// How many different places there are.
fn places(points: &[(usize, f64)]) -> usize {
    let mut places: Vec<usize> = points.iter().map(|point| point.0).collect();
    places.sort_unstable();
    places.dedup();
    places.len()
}

/// The factors, none below zero, of the sum of `columns` that is nearest to the points.
///
/// With so few columns each set of those that are not zero can be tried: of the solutions without a
/// negative factor the nearest one is the solution.
fn fit<const P: usize>(
    points: &[(usize, f64)],
    columns: impl Fn(f64) -> [f64; P],
) -> Result<Fit<P>, FitError> {
    if points.iter().any(|&(place, time)| place == 0 || !time.is_finite() || time <= 0.0) {
        return Err(FitError::NoTime);
    }
    let places = places(points);
    if places < P {
        return Err(FitError::TooFew { places, parameters: P });
    }
    // Divided by its time, each point is 1 and its residual a share.
    let rows: Vec<[f64; P]> = points
        .iter()
        .map(|&(place, time)| columns(place as f64).map(|column| column / time))
        .collect();
    let best = (1..1_u32 << P)
        .filter_map(|chosen| solve(&rows, chosen))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .ok_or(FitError::Degenerate)?;
    let (parameters_ns, square) = best;
    let residual = (square / points.len() as f64).sqrt();
    Ok(Fit { parameters_ns, residual, points: points.len(), freedom: places - P })
}

/// The factors of the chosen columns and the sum of the squares of the residuals, unless a factor
/// is negative, or two columns are the same.
fn solve<const P: usize>(rows: &[[f64; P]], chosen: u32) -> Option<([f64; P], f64)> {
    let chosen: Vec<usize> = (0..P).filter(|column| chosen >> column & 1 == 1).collect();
    let matrix = DMatrix::from_fn(rows.len(), chosen.len(), |row, nth| rows[row][chosen[nth]]);
    let ones = DVector::from_element(rows.len(), 1.0);
    let parts = matrix.clone().svd(true, true);
    let least = parts.singular_values.max() * LEAST_RANK;
    if parts.rank(least) < chosen.len() {
        return None;
    }
    let factors = parts.solve(&ones, least).ok()?;
    let square = (matrix * &factors - ones).norm_squared();
    let mut all = [0.0; P];
    for (factor, &column) in factors.iter().zip(&chosen) {
        all[column] = *factor;
    }
    let is_sound = square.is_finite() && all.iter().all(|factor| *factor >= 0.0);
    is_sound.then_some((all, square))
}

/// serde has no arrays of any length.
mod parameters {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer, const P: usize>(
        all: &[f64; P],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        all.as_slice().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, const P: usize>(
        deserializer: D,
    ) -> Result<[f64; P], D::Error> {
        let all = Vec::<f64>::deserialize(deserializer)?;
        all.try_into().map_err(|_| D::Error::custom(format!("{P} figures are wanted")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCHES: [usize; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

    /// Points of a shape, moved by shares that repeat.
    fn points(places: &[usize], shape: impl Fn(f64) -> f64, noise: &[f64]) -> Vec<(usize, f64)> {
        let noise = noise.iter().cycle();
        let moved = |(&place, noise): (&usize, &f64)| (place, shape(place as f64) * (1.0 + noise));
        places.iter().zip(noise).map(moved).collect()
    }

    fn assert_near<const P: usize>(fit: &Fit<P>, wanted: [f64; P], share: f64) {
        for (got, wanted) in fit.parameters_ns.into_iter().zip(wanted) {
            assert!((got - wanted).abs() <= share * wanted.max(1e-6), "{fit:?}, not {wanted}");
        }
    }

    #[test]
    fn known_figures_come_back() {
        let fit = batch_cost(&points(&BATCHES, |batch| 1.5 + 80.0 / batch, &[0.0])).unwrap();
        assert_near(&fit, [1.5, 80.0], 1e-9);
        assert!(fit.residual < 1e-9);
        assert_eq!((fit.points, fit.freedom), (8, 6));

        let line = |cores: f64| 40.0 + 25.0 * (cores - 1.0);
        let fit = line_over_cores(&points(&[1, 2], line, &[0.0])).unwrap();
        assert_near(&fit, [40.0, 25.0], 1e-9);
        assert_eq!(fit.freedom, 0, "two points, two figures");

        let law = |cores: f64| 40.0 + 25.0 * (cores - 1.0) + 0.5 * cores * (cores - 1.0);
        let fit = law_over_cores(&points(&[1, 2, 4, 8, 16], law, &[0.0])).unwrap();
        assert_near(&fit, [40.0, 25.0, 0.5], 1e-6);
        // The law without its last figure is the line.
        let fit = law_over_cores(&points(&[1, 2, 4, 8, 16], line, &[0.0])).unwrap();
        assert_near(&fit, [40.0, 25.0, 0.0], 1e-6);
    }

    #[test]
    fn noise_moves_the_figures_little_and_shows_in_the_residual() {
        let noise = [0.03, -0.02, 0.01, -0.03, 0.02];
        let fit = batch_cost(&points(&BATCHES, |batch| 1.5 + 80.0 / batch, &noise)).unwrap();
        assert_near(&fit, [1.5, 80.0], 0.05);
        assert!((0.005..0.04).contains(&fit.residual), "{fit:?}");
    }

    #[test]
    fn a_shape_that_does_not_hold_shows_in_the_residual() {
        let fit = batch_cost(&points(&BATCHES, |batch| 80.0 / batch.sqrt(), &[0.0])).unwrap();
        assert!(fit.residual > 0.1, "{fit:?}");
    }

    #[test]
    fn no_figure_is_below_zero() {
        // Falling over cores, and steeper than 1 / B.
        let falling = points(&[1, 2, 4], |cores| 100.0 / cores, &[0.0]);
        let fit = line_over_cores(&falling).unwrap();
        assert_eq!(fit.parameters_ns[1], 0.0);
        assert!(fit.residual > 0.1, "{fit:?}");
        let steep = points(&BATCHES, |batch| 80.0 / (batch * batch), &[0.0]);
        let fit = batch_cost(&steep).unwrap();
        assert_eq!(fit.parameters_ns[0], 0.0);
        assert!(fit.parameters_ns[1] > 0.0);
    }

    #[test]
    fn points_that_are_too_few_are_refused() {
        let few = |places, parameters| Err(FitError::TooFew { places, parameters });
        assert_eq!(batch_cost(&[]), few(0, 2));
        assert_eq!(batch_cost(&[(8, 1.0)]), few(1, 2));
        assert_eq!(batch_cost(&[(8, 1.0), (8, 2.0)]), few(1, 2), "the same batch twice");
        assert_eq!(
            law_over_cores(&[(1, 1.0), (2, 2.0), (4, 4.0)]).unwrap_err(),
            FitError::TooFew { places: 3, parameters: 3 }
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(batch_cost(&[(1, 5.0), (2, bad)]), Err(FitError::NoTime), "{bad}");
        }
        assert_eq!(line_over_cores(&[(0, 5.0), (2, 5.0)]), Err(FitError::NoTime));
    }

    #[test]
    fn extreme_times_give_numbers() {
        for scale in [1e-300, 1e-9, 1e9, 1e300] {
            let points = points(&BATCHES, |batch| scale * (1.0 + 50.0 / batch), &[0.0]);
            match batch_cost(&points) {
                Ok(fit) => {
                    let all = fit.parameters_ns.into_iter().chain([fit.residual]);
                    assert!(all.into_iter().all(f64::is_finite), "{scale}: {fit:?}");
                }
                Err(error) => assert_eq!(error, FitError::Degenerate, "{scale}"),
            }
        }
    }

    #[test]
    fn a_fit_survives_json() {
        let fit = Fit { parameters_ns: [1.5, 80.0], residual: 0.25, points: 8, freedom: 6 };
        let json = serde_json::to_string(&fit).unwrap();
        assert_eq!(serde_json::from_str::<Fit<2>>(&json).unwrap(), fit);
        assert!(serde_json::from_str::<Fit<3>>(&json).is_err(), "two figures are not three");
    }
}
