//! Runs mutants until a check kills them.

use core::cmp::Ordering::Equal;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use anyhow::{Result, ensure};
use ledger::{DEEP_TIER, Row};

use super::line::{Line, Mutant, Verdict};
use crate::common::all_rows;
use crate::common::progress::Progress;
use crate::common::run_rows::{self, Job, Setting};
use crate::layers::tags::Tag;

/// How a row's detail begins where the check itself said no. Anything else (a crash, a time
/// limit, a refusal) is no kill.
const NOTICED: [&str; 3] = ["violation: ", "not allowed: ", "not seen: "];

/// What std says where a destructor panics while its thread unwinds, which ends the process.
const ABORTED: &str = "thread panicked while processing panic. aborting.";

/// Whether a row's detail is the check's own no. After it has said so, a thread-local destructor that
/// panics as well may end the process.
pub(crate) fn is_verdict_of_the_check(detail: &str) -> bool {
    let aborted = detail.starts_with("died: ") && detail.ends_with(ABORTED);
    NOTICED.iter().any(|how| detail.starts_with(how) || aborted && detail.contains(how))
}

/// What is needed to run a mutant.
pub(super) struct Hunt<'a> {
    /// The model binary.
    pub(super) executable: &'a Path,
    /// The rows that may kill.
    pub(super) rows: &'a [Row],
    /// Say which row is tried first.
    pub(super) tags: &'a [Tag],
    /// For each row.
    pub(super) limit_s: u64,
}

impl Hunt<'_> {
    /// Runs all `mutants`, then the killers once more on the shipped orderings.
    ///
    /// # Errors
    /// Where a killer fails without a mutant, too.
    pub(super) fn all(&self, mutants: &[Mutant], workers: usize) -> Result<Vec<Line>> {
        let costs: HashMap<String, f64> =
            all_rows::read()?.into_iter().map(|row| (row.key(), row.seconds)).collect();
        let lines = parallel(mutants, workers, |mutant| {
            let verdict = self.one(mutant, &costs);
            let Mutant { site, to } = mutant;
            Line {
                site: site.name.into(),
                from: format!("{:?}", site.shipped),
                to: format!("{to:?}"),
                verdict,
                argued: mutant.argument().map(|argued| argued.reason),
                named: self.named(site.name).into_iter().map(Into::into).collect(),
            }
        });
        let killers: BTreeSet<&str> = lines
            .iter()
            .filter_map(|line| match &line.verdict {
                Verdict::Killed { row, .. } => Some(&**row),
                _ => None,
            })
            .collect();
        let shipped: Vec<Job<'_>> = self
            .rows
            .iter()
            // A deep row is exhausted in deep runs.
            .filter(|row| killers.contains(&*row.key()) && row.tier < DEEP_TIER)
            .map(|row| self.job(row, None))
            .collect();
        for row in run_rows::run(&shipped, workers) {
            ensure!(row.is_ok(), "{} is broken without a mutant: {}", row.key(), row.detail);
        }
        Ok(lines)
    }

    /// Runs the twins, which must fail.
    pub(super) fn twins(&self, twins: &[Row], workers: usize) -> Vec<Line> {
        let jobs: Vec<Job<'_>> = twins.iter().map(|row| self.job(row, None)).collect();
        let mut rows = run_rows::run(&jobs, workers);
        ledger::sort(&mut rows);
        let line = |row: Row| {
            let (key, executions) = (row.key(), row.executions);
            let verdict = match row.is_ok() {
                true => Verdict::Killed { row: key, executions, detail: row.detail },
                false => Verdict::Unclear { detail: row.detail },
            };
            let (from, to) = ("shipped".into(), row.scenario.replacen("twin/", "", 1));
            Line { site: row.strategy, from, to, verdict, argued: None, named: Vec::new() }
        };
        rows.into_iter().map(line).collect()
    }

    fn one(&self, mutant: &Mutant, costs: &HashMap<String, f64>) -> Verdict {
        let mut unclear = Vec::new();
        for row in self.ordered(mutant.site.name, costs) {
            let weaken = format!("{}={:?}", mutant.site.name, mutant.to);
            let seen = run_rows::run_one(&self.job(row, Some(("STAMPOOL_WEAKEN", weaken))));
            if seen.is_ok() {
                continue;
            }
            if is_verdict_of_the_check(&seen.detail) {
                let (row, executions) = (seen.key(), seen.executions);
                return Verdict::Killed { row, executions, detail: seen.detail };
            }
            unclear.push(format!("{}: {}", seen.key(), seen.detail));
        }
        match unclear.is_empty() {
            true => Verdict::Survived {
                rows: self.rows.iter().filter(|row| runs(row, mutant.site.name)).count(),
            },
            false => Verdict::Unclear { detail: unclear.join("; ") },
        }
    }

    /// The rows, the killers that the site's tags name first, then the cheapest; the packed word
    /// before the wide one, since its directory has cells that see races.
    fn ordered(&self, site: &str, costs: &HashMap<String, f64>) -> Vec<&Row> {
        let known: BTreeSet<&str> =
            self.tags.iter().filter(|tag| tag.site == site).flat_map(Tag::killers).collect();
        let rank = |row: &Row| {
            let is_deep = row.tier >= DEEP_TIER;
            (!known.contains(&*row.scenario), is_deep, row.strategy != "TaggedPacked", row.tier)
        };
        let cost = |row: &Row| costs.get(&row.key()).copied().unwrap_or(f64::MAX);
        let mut rows: Vec<&Row> = self.rows.iter().filter(|row| runs(row, site)).collect();
        rows.sort_by(|a, b| {
            rank(a).cmp(&rank(b)).then(cost(a).partial_cmp(&cost(b)).unwrap_or(Equal))
        });
        rows
    }

    /// The scenarios that the tags of a site name.
    fn named(&self, site: &str) -> BTreeSet<&str> {
        self.tags.iter().filter(|tag| tag.site == site).flat_map(Tag::killers).collect()
    }

    fn job(&self, row: &Row, setting: Option<Setting>) -> Job<'_> {
        Job { row: row.clone(), executable: self.executable, limit_s: Some(self.limit_s), setting }
    }
}

/// Maps `mutants`, several at a time, in their order.
fn parallel(mutants: &[Mutant], workers: usize, run: impl Fn(&Mutant) -> Line + Sync) -> Vec<Line> {
    let progress = Progress::new(mutants.len());
    let next = AtomicUsize::new(0);
    let lines = Mutex::new(Vec::with_capacity(mutants.len()));
    let work = || loop {
        // Relaxed: the number alone is shared.
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some(mutant) = mutants.get(at) else { return };
        let line = run(mutant);
        progress.step(&format!("{} as {}: {:?}", line.site, line.to, line.verdict));
        lines.lock().expect("no worker panics").push((at, line));
    };
    thread::scope(|scope| {
        for _ in 0..workers.max(1) {
            scope.spawn(work);
        }
    });
    let mut lines = lines.into_inner().expect("no worker panics");
    lines.sort_by_key(|(at, _)| *at);
    lines.into_iter().map(|(_, line)| line).collect()
}

/// The strategies whose rows are asked.
pub(super) const KILLERS: [&str; 12] = [
    "TaggedWide",
    "TaggedPacked",
    "Quiescent",
    "EpochModel",
    "Limbo",
    "Rundown",
    "StampedPool",
    "ObjectPool",
    "Checked",
    "Bump",
    "Leases",
    "Changes",
];

/// Whether a row's strategy has a site at all: that of the second list, of the limbo and the side
/// stack, of the rundown, of stamps, shared objects, checking, shared marks, leases and changes, or those
/// which all have.
fn runs(row: &Row, site: &str) -> bool {
    match site.split_once('-').map(|(layer, _)| layer) {
        Some("QU") => row.strategy == "Quiescent",
        Some("RD") => row.strategy == "Rundown",
        Some("ST") => row.strategy == "StampedPool",
        Some("DL") => row.strategy == "EpochModel",
        Some("LM") => ["EpochModel", "Limbo"].contains(&&*row.strategy),
        Some("OB") => row.strategy == "ObjectPool",
        Some("CK") => row.strategy == "Checked",
        Some("AL") => row.strategy == "Bump",
        Some("LS") => row.strategy == "Leases",
        Some("CH") => row.strategy == "Changes",
        _ => row.strategy.starts_with("Tagged"),
    }
}
