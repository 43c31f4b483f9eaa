//! A model of what exchanges cost over cores. It is a model: where there are two measured numbers
//! of cores it is a straight line through two points, and says of more cores what would be, were it
//! so.
//!
//! For each number of cores `t(B) = hit + e / B` is fitted to the bursts, `e` being what a batch
//! costs on its way out and back: one refill and one flush. Then `e` is fitted over cores. A thread
//! that does what the bursts do takes `hit + e(n) / B` per block, and n of them have n times that
//! throughput.
//!
//! What it leaves out: `e` does not depend on how often batches are exchanged, that is, on B,
//! though lines that are asked for less often are in nobody's way; cores are all alike and equally
//! far from one another; nothing else is shared, such as the memory's bandwidth.

use serde::{Deserialize, Serialize};

use super::fit::{self, Fit};
use super::sweep::Point;

/// The model of one strategy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The strategy.
    pub strategy: String,
    /// For each number of cores: what a block costs, and what a batch does.
    pub costs: Vec<Cost>,
    /// What a batch costs over cores, each form fitted by itself.
    pub curves: Vec<Curve>,
    /// What could not be fitted, and why.
    pub missing: Vec<String>,
}

/// What was fitted for one number of cores.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Cores, with a thread on each.
    pub cores: usize,
    /// `hit` and `e`.
    #[serde(flatten)]
    pub fit: Fit<2>,
}

impl Cost {
    /// What a block costs without exchanges, in nanoseconds.
    pub fn hit_ns(&self) -> f64 {
        self.fit.parameters_ns[0]
    }

    /// What a batch costs: one refill and one flush.
    pub fn exchange_ns(&self) -> f64 {
        self.fit.parameters_ns[1]
    }

    /// A block at this batch.
    pub fn block_ns(&self, batch: usize) -> f64 {
        self.hit_ns() + self.exchange_ns() / batch as f64
    }
}

/// How a curve goes over cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A line through 1 and 2 cores alone: all that a machine with two cores can tell.
    TwoCores,
    /// A line through all cores that were measured.
    Line,
    /// The universal scalability law, through all cores that were measured.
    Law,
}

impl Form {
    /// In words, for a legend.
    pub const fn words(self) -> &'static str {
        match self {
            Self::TwoCores => "model, line from 1 and 2 cores",
            Self::Line => "model, line from all cores",
            Self::Law => "model, scalability law from all cores",
        }
    }
}

/// `e(n) = e1 + c (n - 1) + k n (n - 1)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// How it goes over cores.
    pub form: Form,
    /// The numbers of cores that it is fitted to.
    pub cores: Vec<usize>,
    /// What a block costs without exchanges: as fitted on the fewest of these, where the least is
    /// in its way.
    pub hit_ns: f64,
    /// What a batch costs on one core.
    pub first_ns: f64,
    /// What each further core adds.
    pub per_core_ns: f64,
    /// What each ordered pair of cores adds; 0 but for the law.
    pub per_pair_ns: f64,
    /// Root of the mean square of the residuals over cores, as a share.
    pub residual: f64,
    /// Numbers of cores less figures. With 0 the residual says nothing.
    pub freedom: usize,
}

impl Curve {
    /// What a batch costs on so many cores.
    pub fn exchange_ns(&self, cores: usize) -> f64 {
        let cores = cores as f64;
        self.first_ns + (cores - 1.0) * (self.per_core_ns + cores * self.per_pair_ns)
    }

    /// Million blocks per second of all cores together.
    pub fn throughput(&self, cores: usize, batch: usize) -> f64 {
        cores as f64 * 1e3 / (self.hit_ns + self.exchange_ns(cores) / batch as f64)
    }
}

/// The model of each strategy that has points.
pub fn models(points: &[Point]) -> Vec<Model> {
    let mut strategies: Vec<&str> = points.iter().map(|point| &*point.strategy).collect();
    strategies.dedup();
    let of = |strategy| points.iter().filter(move |point| point.strategy == strategy);
    strategies
        .into_iter()
        .map(|strategy| model(strategy, &of(strategy).collect::<Vec<_>>()))
        .collect()
}

fn model(strategy: &str, points: &[&Point]) -> Model {
    let mut missing = Vec::new();
    let mut cores: Vec<usize> = points.iter().map(|point| point.threads).collect();
    cores.sort_unstable();
    cores.dedup();
    let costs = cores.iter().filter_map(|&cores| {
        let here = points.iter().filter(|point| point.threads == cores);
        let times: Vec<_> = here.map(|point| (point.batch, point.summary.median_ns)).collect();
        let fit = fit::batch_cost(&times);
        let fit = fit.inspect_err(|why| missing.push(format!("batches on {cores} cores: {why}")));
        Some(Cost { cores, fit: fit.ok()? })
    });
    let costs: Vec<Cost> = costs.collect();
    let few: Vec<Cost> = costs.iter().filter(|cost| cost.cores <= 2).copied().collect();
    let mut curves = Vec::new();
    let mut keep = |form, curve: Result<Curve, fit::FitError>| match curve {
        Ok(curve) => curves.push(curve),
        Err(why) => missing.push(format!("{}: {why}", Form::words(form))),
    };
    keep(Form::TwoCores, line(Form::TwoCores, &few));
    // With two numbers of cores they are the same line.
    if costs.len() > few.len() {
        keep(Form::Line, line(Form::Line, &costs));
    }
    if costs.len() > 3 {
        keep(Form::Law, law(&costs));
    }
    Model { strategy: strategy.into(), costs, curves, missing }
}

fn line(form: Form, costs: &[Cost]) -> Result<Curve, fit::FitError> {
    let fit = fit::line_over_cores(&over_cores(costs))?;
    let [first, per_core] = fit.parameters_ns;
    Ok(curve(form, costs, [first, per_core, 0.0], &fit))
}

fn law(costs: &[Cost]) -> Result<Curve, fit::FitError> {
    let fit = fit::law_over_cores(&over_cores(costs))?;
    Ok(curve(Form::Law, costs, fit.parameters_ns, &fit))
}

fn over_cores(costs: &[Cost]) -> Vec<(usize, f64)> {
    costs.iter().map(|cost| (cost.cores, cost.exchange_ns())).collect()
}

fn curve<const P: usize>(form: Form, costs: &[Cost], figures: [f64; 3], fit: &Fit<P>) -> Curve {
    let [first_ns, per_core_ns, per_pair_ns] = figures;
    Curve {
        form,
        cores: costs.iter().map(|cost| cost.cores).collect(),
        hit_ns: costs.first().map_or(0.0, Cost::hit_ns),
        first_ns,
        per_core_ns,
        per_pair_ns,
        residual: fit.residual,
        freedom: fit.freedom,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::scale::sweep::BATCHES;
    use crate::statistics::Summary;

    /// Points of a machine on which `e(n)` is this.
    pub(crate) fn points(cores: &[usize], exchange_ns: impl Fn(f64) -> f64) -> Vec<Point> {
        let at = |threads: usize, batch: usize| Point {
            strategy: "TaggedWide".into(),
            batch,
            threads,
            summary: Summary::of(&[1.5 + exchange_ns(threads as f64) / batch as f64]),
            exchanges: 1000,
            late_cas: 0.25,
            disturbed_rounds: 0,
        };
        cores.iter().flat_map(|&cores| BATCHES.map(|batch| at(cores, batch))).collect()
    }

    fn one(cores: &[usize], exchange_ns: impl Fn(f64) -> f64) -> Model {
        let mut all = models(&points(cores, exchange_ns));
        assert_eq!(all.len(), 1);
        all.pop().expect("one strategy")
    }

    fn forms(model: &Model) -> Vec<Form> {
        model.curves.iter().map(|curve| curve.form).collect()
    }

    #[test]
    fn two_cores_give_a_line_that_nothing_contradicts() {
        let model = one(&[1, 2], |cores| 60.0 + 40.0 * (cores - 1.0));
        assert_eq!(forms(&model), [Form::TwoCores]);
        let curve = &model.curves[0];
        assert!((curve.first_ns - 60.0).abs() < 1e-6 && (curve.per_core_ns - 40.0).abs() < 1e-6);
        assert_eq!((curve.freedom, &*curve.cores), (0, &[1, 2][..]));
        // 64 cores: 1.5 + (60 + 63 * 40) / 64 ns per block and thread.
        let wanted = 64e3 / (1.5 + 2580.0 / 64.0);
        assert!((curve.throughput(64, 64) - wanted).abs() < 1e-6 * wanted);
        assert_eq!(model.missing, Vec::<String>::new());
    }

    #[test]
    fn more_cores_show_where_the_line_from_two_is_wrong() {
        let truth = |cores: f64| 60.0 + 40.0 * (cores - 1.0) + 2.0 * cores * (cores - 1.0);
        let model = one(&[1, 2, 4, 8, 16], truth);
        assert_eq!(forms(&model), [Form::TwoCores, Form::Line, Form::Law]);
        let at_16 = |nth: usize| model.curves[nth].exchange_ns(16);
        assert!(at_16(0) < 0.7 * truth(16.0), "{}", at_16(0));
        assert!((at_16(2) - truth(16.0)).abs() < 1e-3 * truth(16.0), "{}", at_16(2));
        assert!(model.curves[1].residual > 0.02 && model.curves[2].residual < 1e-6);
    }

    #[test]
    fn one_number_of_cores_gives_no_curve_and_says_so() {
        let model = one(&[1], |_| 60.0);
        assert_eq!((model.costs.len(), forms(&model)), (1, Vec::new()));
        assert_eq!(model.missing.len(), 1, "{:?}", model.missing);
        // 1 and 2 cores left out: a line from the others, and none from these.
        let model = one(&[4, 8], |cores| 60.0 * cores);
        assert_eq!(forms(&model), [Form::Line]);
        assert_eq!(model.missing.len(), 1, "{:?}", model.missing);
    }

    #[test]
    fn a_time_that_is_none_is_missing_and_spoils_nothing_else() {
        let mut points = points(&[1, 2], |_| 60.0);
        points[0].summary.median_ns = f64::NAN;
        let all = models(&points);
        assert_eq!(all[0].costs.len(), 1, "that of two cores");
        assert_eq!(all[0].missing.len(), 2, "batches on one core, and the line");
        assert!(!serde_json::to_string(&all[0]).expect("JSON").contains("null"));
    }
}
