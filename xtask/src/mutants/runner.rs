//! Builds the copy for the backends that are needed, and runs killers.

use core::cmp::Ordering::Equal;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use anyhow::{Result, ensure};
use ledger::{DEEP_TIER, Expect, Row};
use serde::Serialize;

use super::judge::{self, Judgement};
use super::{Killer, Mutant, tests_killer};
use crate::common::all_rows;
use crate::common::models::{self, Model};
use crate::common::progress::Progress;
use crate::common::run_rows::{self, Job};

/// A model binary and what it has registered.
struct ModelBuild {
    executable: PathBuf,
    rows: Vec<Row>,
}

/// The programs that hold all mutants.
pub(super) struct Builds<'a> {
    copy: &'a Path,
    loom: Option<ModelBuild>,
    porf: Option<ModelBuild>,
    shuttle: Option<ModelBuild>,
    tests: BTreeMap<&'static str, PathBuf>,
}

impl<'a> Builds<'a> {
    /// Builds what `killers` need.
    ///
    /// # Errors
    /// Where something does not build.
    pub(super) fn new(copy: &'a Path, killers: impl Iterator<Item = Killer>) -> Result<Self> {
        let killers: BTreeSet<Killer> = killers.collect();
        let (mut models, mut targets) = (Vec::new(), BTreeSet::new());
        for killer in &killers {
            match killer {
                Killer::Loom(_) => models.push(Model::Loom),
                Killer::Porf(_) => models.push(Model::Porf),
                Killer::Shuttle(_) => models.push(Model::Shuttle),
                Killer::Test { target, .. } => _ = targets.insert(*target),
            }
        }
        // Killers are sorted by their kind.
        models.dedup();
        let built = models::build_checks(copy, &models)?;
        let (mut loom, mut porf, mut shuttle) = (None, None, None);
        for (model, executable) in models.into_iter().zip(built) {
            let build = Some(ModelBuild { rows: run_rows::list(&executable)?, executable });
            match model {
                Model::Porf => porf = build,
                Model::Shuttle => shuttle = build,
                _ => loom = build,
            }
        }
        let tests = tests_killer::build(copy, &targets)?;
        Ok(Self { copy, loom, porf, shuttle, tests })
    }

    /// The loom binary, where it was needed.
    pub(super) fn loom(&self) -> Option<&Path> {
        self.loom.as_ref().map(|build| &*build.executable)
    }

    /// The porf binary, where it was needed.
    pub(super) fn porf(&self) -> Option<&Path> {
        self.porf.as_ref().map(|build| &*build.executable)
    }
}

/// What came of a mutant.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) mutant: &'static str,
    pub(super) words: &'static str,
    #[serde(flatten)]
    pub(super) judgement: Judgement,
    /// What is wrong, if something is, and the command that runs it again.
    pub(super) fault: Option<String>,
}

/// What a killer runs.
#[derive(Clone)]
enum Run<'a> {
    Row(&'a Path, &'a Row),
    Test(&'a Path, &'static str),
}

impl Builds<'_> {
    /// What a killer selects, the cheapest first. Deep rows are too long for a killer.
    fn selected(&self, killer: Killer, costs: &HashMap<String, f64>) -> Result<Vec<Run<'_>>> {
        let (build, part) = match killer {
            Killer::Loom(part) => (&self.loom, part),
            Killer::Porf(part) => (&self.porf, part),
            Killer::Shuttle(part) => (&self.shuttle, part),
            Killer::Test { target, name } => return Ok(vec![Run::Test(&self.tests[target], name)]),
        };
        let build = build.as_ref().expect("built, since this killer needs it");
        let fits = |row: &&Row| {
            row.key().contains(part) && row.tier < DEEP_TIER && row.expect == Expect::Pass
        };
        let mut rows: Vec<&Row> = build.rows.iter().filter(fits).collect();
        ensure!(!rows.is_empty(), "{killer:?} selects no check");
        let cost = |row: &Row| costs.get(&row.key()).copied().unwrap_or(f64::MAX);
        rows.sort_by(|a, b| {
            a.tier.cmp(&b.tier).then(cost(a).partial_cmp(&cost(b)).unwrap_or(Equal))
        });
        Ok(rows.into_iter().map(|row| Run::Row(&build.executable, row)).collect())
    }

    /// Runs one killer with one mutant, zero for none.
    fn ask(&self, run: &Run<'_>, number: usize, words: &str, limit_s: u64) -> Judgement {
        match run {
            Run::Row(executable, row) => {
                let setting = Some(("STAMPOOL_MUTANT", number.to_string()));
                let row = (*row).clone();
                let job = Job { row, executable, limit_s: Some(limit_s), setting };
                judge::of_row(&run_rows::run_one(&job), words)
            }
            Run::Test(executable, name) => {
                let limit = Duration::from_secs(limit_s);
                match tests_killer::run(executable, self.copy, name, number, limit) {
                    Ok(run) => judge::of_test(name, &run, words),
                    Err(error) => Judgement::Unclear { detail: format!("{error:#}") },
                }
            }
        }
    }
}

/// Runs each of the `chosen` mutants with its killer, then what killed once more without a mutant.
///
/// A row that stayed green with a mutant proves nothing, so only what killed must be green without.
///
/// # Errors
/// Where a killer selects nothing.
pub(super) fn run(
    builds: &Builds<'_>,
    chosen: &[(usize, &Mutant)],
    limit_s: u64,
    workers: usize,
) -> Result<Vec<Line>> {
    let costs = all_rows::read()?.into_iter().map(|row| (row.key(), row.seconds)).collect();
    let mut work = Vec::new();
    for (number, mutant) in chosen {
        work.push((*number, *mutant, builds.selected(mutant.killer, &costs)?));
    }
    let seen = parallel(&work, workers, |(number, mutant, runs)| {
        let mut worst = Judgement::Survived;
        for run in runs {
            let judgement = builds.ask(run, *number, mutant.words, limit_s);
            if matches!(judgement, Judgement::Killed { .. }) {
                return (format!("killed: {}", mutant.name), (judgement, Some(run.clone())));
            }
            if judgement != Judgement::Survived {
                worst = judgement;
            }
        }
        (format!("NOT killed: {}: {worst:?}", mutant.name), (worst, None))
    });
    let killers: BTreeMap<String, Run<'_>> =
        seen.iter().filter_map(|(_, run)| run.clone().map(|run| (key(&run), run))).collect();
    let killers: Vec<(String, Run<'_>)> = killers.into_iter().collect();
    let shipped = parallel(&killers, workers, |(key, run)| {
        let judgement = builds.ask(run, 0, "", limit_s);
        (format!("without a mutant: {key}"), judgement)
    });
    let red: HashMap<&String, &Judgement> = killers
        .iter()
        .map(|(key, _)| key)
        .zip(&shipped)
        .filter(|(_, judgement)| **judgement != Judgement::Survived)
        .collect();
    let line =
        |((_, mutant), (judgement, run)): (&(usize, &Mutant), (Judgement, Option<Run<'_>>))| {
            let red = run.and_then(|run| red.get(&key(&run)).copied());
            let fault = fault(&judgement, red).map(|fault| {
                format!(
                    "{}: {fault}; cargo xtask mutants --filter '{}'",
                    mutant.name,
                    mutant.name.replace('\'', "'\\''")
                )
            });
            Line { mutant: mutant.name, words: mutant.words, judgement, fault }
        };
    Ok(chosen.iter().zip(seen).map(line).collect())
}

fn key(run: &Run<'_>) -> String {
    match run {
        Run::Row(executable, row) => format!("{} {}", executable.display(), row.key()),
        Run::Test(executable, name) => format!("{} {name}", executable.display()),
    }
}

/// What is wrong with a mutant whose killer said `judgement`, and `red` without a mutant.
fn fault(judgement: &Judgement, red: Option<&Judgement>) -> Option<String> {
    match (judgement, red) {
        (Judgement::Killed { .. }, None) => None,
        (Judgement::Killed { by, .. }, Some(red)) => {
            Some(format!("{by} is red without the mutant, too: {red:?}"))
        }
        (Judgement::Survived, _) => Some("survived".into()),
        (Judgement::Hung { detail }, _) => Some(format!("hung: {detail}")),
        (Judgement::WrongWords { detail }, _) => Some(format!("red with other words: {detail}")),
        (Judgement::Unclear { detail }, _) => Some(format!("unclear: {detail}")),
    }
}

/// Maps `work`, several at a time, in its order; `one` also says what to show as progress.
fn parallel<W: Sync, T: Send>(
    work: &[W],
    workers: usize,
    one: impl Fn(&W) -> (String, T) + Sync,
) -> Vec<T> {
    let (progress, next) = (Progress::new(work.len()), AtomicUsize::new(0));
    let done = Mutex::new(Vec::with_capacity(work.len()));
    thread::scope(|scope| {
        for _ in 0..workers.max(1) {
            scope.spawn(|| {
                loop {
                    // Relaxed: the number alone is shared.
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = work.get(at) else { return };
                    let (what, result) = one(item);
                    progress.step(&what);
                    done.lock().expect("no worker panics").push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no worker panics");
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_kill_by_a_killer_that_is_green_otherwise_is_fine() {
        let killed = || Judgement::Killed { by: "k".into(), executions: 1, detail: "d".into() };
        let detail = || "why".to_string();
        assert_eq!(fault(&killed(), None), None);
        assert!(fault(&killed(), Some(&killed())).unwrap().contains("without the mutant"));
        assert!(fault(&Judgement::Survived, None).unwrap().contains("survived"));
        assert!(fault(&Judgement::Hung { detail: detail() }, None).unwrap().contains("hung"));
        let wrong = Judgement::WrongWords { detail: detail() };
        assert!(fault(&wrong, None).unwrap().contains("other words"));
        assert!(fault(&Judgement::Unclear { detail: detail() }, None).is_some());
    }

    #[test]
    fn results_keep_the_order_of_the_work() {
        let work: Vec<usize> = (0..20).collect();
        assert_eq!(parallel(&work, 3, |at| (String::new(), *at)), work);
    }
}
