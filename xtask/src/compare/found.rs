//! A comparison while it grows: each part adds what it found.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::bench;
use super::checks::{Looked, Verdicts};
use super::data::{self, Comparison, Memory, Stalled, Strategy, Stress, measures};
use super::depth::Depth;
use super::facts::{self, Facts};
use super::recommend;
use super::stress::Run;
use crate::checks::matrix;
use crate::common::made;

/// What stress calls the program's allocator, and what the benches call it.
const SYSTEM: [&str; 2] = ["system", "system malloc"];

/// What there is so far.
pub(super) struct Found {
    pub(super) comparison: Comparison,
}

impl Found {
    /// Nothing but what is promised.
    ///
    /// # Errors
    /// Where the sources cannot be read.
    pub(super) fn new(depth: Depth, with_mallocs: bool) -> Result<Self> {
        let peers = if with_mallocs { " --peers cpp" } else { "" };
        let comparison = Comparison {
            format: data::FORMAT,
            made: made::made(&format!("cargo xtask compare{}{peers}", depth.word()))?,
            cores: 0,
            ran: Vec::new(),
            busy: false,
            left: depth.shorter().into_iter().collect(),
            strategies: facts::all().iter().map(promised).collect(),
            others: BTreeMap::new(),
            recommendation: String::new(),
            without_tag: None,
        };
        Ok(Self { comparison })
    }

    /// How something was run, in words.
    pub(super) fn ran(&mut self, words: String) {
        self.comparison.ran.push(words);
    }

    /// What the model checks said.
    pub(super) fn checks(&mut self, (verdicts, looked): (Verdicts, Looked)) {
        let of = |name: &str| verdicts.get(name).cloned().unwrap_or_default();
        for one in &mut self.comparison.strategies {
            one.checks = of(&one.name);
            let models = matrix::models_of(&one.name).iter();
            one.models = models.map(|model| (model.to_string(), of(model))).collect();
        }
        self.comparison.ran.extend(looked.ran);
        self.comparison.left.extend(looked.left);
    }

    /// What the stress runs said, also about what the pools use on this machine.
    ///
    /// # Errors
    /// Where a strategy was not run.
    pub(super) fn stress(&mut self, runs: &[Run]) -> Result<()> {
        for one in &mut self.comparison.strategies {
            let first = runs.iter().find(|run| run.strategy == one.name);
            let first = first.with_context(|| format!("stress does not know {}", one.name))?;
            let mechanism = first.mechanism.clone();
            one.mechanism = mechanism.with_context(|| format!("{} has no mechanism", one.name))?;
            one.lock_free = first.lock_free == Some(true);
            one.tag_bits = first.tag_bits.unwrap_or(0);
            one.wrap_seconds = data::wrap_seconds(one.tag_bits);
        }
        self.watched(runs);
        Ok(())
    }

    /// Counts runs under oracles.
    fn watched(&mut self, runs: &[Run]) {
        for one in &mut self.comparison.strategies {
            for run in runs.iter().filter(|run| run.strategy == one.name) {
                one.stress.run += 1;
                one.stress.operations += run.ops;
                one.stress.violations += run.violations;
            }
        }
    }

    /// What the benches took.
    pub(super) fn times(&mut self, report: &bench::Report) {
        self.comparison.cores = report.cores;
        for row in &report.rows {
            for measure in row.measures() {
                let one = self.comparison.strategies.iter_mut();
                let one = one.into_iter().find(|one| one.name == row.subject);
                let times = match one {
                    Some(one) => {
                        let quartiles = [row.lower_quartile_ns, row.upper_quartile_ns];
                        one.quartiles.insert(measure.into(), quartiles);
                        &mut one.times
                    }
                    None => self.comparison.others.entry(row.subject.clone()).or_default(),
                };
                times.insert(measure.into(), row.median_ns);
            }
        }
    }

    /// What a sleeper did.
    pub(super) fn stalled(&mut self, mut of: BTreeMap<&'static str, Stalled>, runs: &[Run]) {
        for one in &mut self.comparison.strategies {
            one.stalled = of.remove(&*one.name).unwrap_or_default();
        }
        self.watched(runs);
    }

    /// What the replays took, in time and in blocks.
    pub(super) fn replays(&mut self, runs: &[Run]) {
        for run in runs {
            let Some(trace) = run.trace() else { continue };
            let one = self.comparison.strategies.iter_mut().find(|one| one.name == run.strategy);
            let times = match one {
                Some(one) => {
                    let blocks = run.carved_blocks.zip(run.peak_live_blocks);
                    let memory = blocks.map(|(carved_blocks, peak_live_blocks)| Memory {
                        carved_blocks,
                        peak_live_blocks,
                    });
                    one.memory.extend(memory.map(|memory| (trace.to_string(), memory)));
                    &mut one.times
                }
                None => {
                    let name = if run.strategy == SYSTEM[0] { SYSTEM[1] } else { &run.strategy };
                    self.comparison.others.entry(name.into()).or_default()
                }
            };
            times.insert(measures::replay(trace), run.ns_per_op);
        }
        self.watched(runs);
    }

    /// With what follows from all of it.
    pub(super) fn finish(mut self) -> Comparison {
        self.comparison.recommendation = recommend::recommend(&self.comparison);
        self.comparison.without_tag = recommend::without_tag(&self.comparison);
        self.comparison
    }
}

/// A strategy of which nothing is known but what it promises.
pub(super) fn promised(facts: &Facts) -> Strategy {
    Strategy {
        name: facts.name.into(),
        mechanism: facts.name.into(),
        lock_free: false,
        tag_bits: facts.tag_bits,
        wrap_seconds: data::wrap_seconds(facts.tag_bits),
        progress: [facts.push, facts.removal, facts.growth].map(|part| part.word().into()),
        stops_all: facts.stops_all,
        checks: Default::default(),
        models: BTreeMap::new(),
        stress: Stress::default(),
        times: BTreeMap::new(),
        quartiles: BTreeMap::new(),
        stalled: Stalled::default(),
        memory: BTreeMap::new(),
    }
}
