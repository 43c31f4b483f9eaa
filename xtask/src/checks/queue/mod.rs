//! The rows of a long run that are finished, on disk, so that a killed run can go on.
//!
//! One small file per finished row, renamed into place; `plan.json` says of which run they are.
//! A state of another run (build, selection, shard) is never taken up: it is refused where the
//! caller wants to go on, and thrown away, with a message, where not. Rows that did what they must,
//! or came to their limit, are kept. A row in flight leaves nothing and is run again; so is a
//! broken one, since a run that is being killed sees its children crash.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ledger::Row;
use serde::{Deserialize, Serialize};

use crate::ledgers::file::{Plan, write_whole};

/// The state of a long run.
pub(crate) struct Queue {
    folder: PathBuf,
    /// Digest of the plan's identity.
    run: String,
    /// Held as long as this lives; a killed process lets go of it.
    lock: File,
}

/// A finished row, as kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// As [`Queue::run`].
    run: String,
    row: Row,
}

impl Queue {
    /// The state in `folder` and the rows of `plan` that are finished: those of an earlier run if
    /// `resume`, else none.
    ///
    /// # Errors
    /// Where another process is at it, where there is something to resume but of another run, or
    /// where the folder cannot be used.
    pub(crate) fn open(folder: &Path, plan: &Plan, resume: bool) -> Result<(Self, Vec<Row>)> {
        fs::create_dir_all(rows_of(folder))
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let lock = File::create(folder.join("lock"))?;
        ensure!(lock.try_lock().is_ok(), "another run is at work in {}", folder.display());
        let queue = Self { folder: folder.to_path_buf(), run: plan.identity().digest(), lock };

        let earlier = queue.earlier()?;
        let finished = match (resume, &earlier) {
            (true, Some(text)) => {
                let of_other_run = other_run(text, plan);
                ensure!(
                    of_other_run.is_empty(),
                    "{} holds the rows of another run: {}; without --resume they are thrown away",
                    folder.display(),
                    of_other_run.join(", ")
                );
                queue.finished(plan)?
            }
            (true, None) => {
                eprintln!("nothing to resume: all rows are run");
                queue.empty()?;
                Vec::new()
            }
            (false, _) => {
                let files = queue.empty()?;
                if files > 0 {
                    eprintln!("{files} finished rows of an earlier run are thrown away");
                }
                Vec::new()
            }
        };
        if earlier.is_none() || !resume {
            write_whole(&queue.plan_path(), &serde_json::to_string_pretty(plan)?)?;
        }
        Ok((queue, finished))
    }

    /// Keeps a finished row.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn keep(&self, row: &Row) -> Result<()> {
        if row.is_broken() {
            return Ok(());
        }
        let kept = Kept { run: self.run.clone(), row: row.clone() };
        write_whole(&self.path_of(&row.key()), &serde_json::to_string(&kept)?)
    }

    /// The run is at its end and its ledger is written: nothing is left to resume.
    ///
    /// # Errors
    /// Where the state cannot be removed.
    pub(crate) fn clear(self) -> Result<()> {
        self.empty()?;
        Ok(())
    }

    fn earlier(&self) -> Result<Option<String>> {
        let path = self.plan_path();
        if !path.exists() {
            return Ok(None);
        }
        fs::read_to_string(&path)
            .map(Some)
            .with_context(|| format!("cannot read {}", path.display()))
    }

    /// The rows that were kept for this very plan.
    fn finished(&self, plan: &Plan) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for key in &plan.asked {
            let path = self.path_of(key);
            let Ok(text) = fs::read_to_string(&path) else { continue };
            match serde_json::from_str::<Kept>(&text) {
                Ok(Kept { run, row }) if run == self.run && row.key() == *key => rows.push(row),
                _ => eprintln!("{key}: what was kept is not of this run; it is run again"),
            }
        }
        Ok(rows)
    }

    /// Throws everything away, and says how many rows that were. The plan goes last, so that no
    /// row ever lies there without one.
    fn empty(&self) -> Result<usize> {
        let mut rows = 0;
        for entry in fs::read_dir(rows_of(&self.folder))? {
            let path = entry?.path();
            rows += usize::from(path.extension().is_some_and(|is| is == "json"));
            fs::remove_file(&path)?;
        }
        if self.plan_path().exists() {
            fs::remove_file(self.plan_path())?;
        }
        Ok(rows)
    }

    fn plan_path(&self) -> PathBuf {
        self.folder.join("plan.json")
    }

    /// Keys have slashes; their digests have none.
    fn path_of(&self, key: &str) -> PathBuf {
        rows_of(&self.folder).join(ledger::digest([key.as_bytes()]) + ".json")
    }
}

fn rows_of(folder: &Path) -> PathBuf {
    folder.join("rows")
}

/// Why the state whose plan is `text` is not of the run of `plan`, if it is not.
fn other_run(text: &str, plan: &Plan) -> Vec<String> {
    let Ok(earlier) = serde_json::from_str::<Plan>(text) else {
        return vec!["its plan cannot be read".into()];
    };
    if earlier.identity() == plan.identity() {
        return Vec::new();
    }
    let mut why = plan.build.differences(&earlier.build);
    if why.is_empty() && earlier.build.binaries != plan.build.binaries {
        why.push("other binaries".into());
    }
    if (&earlier.selection, earlier.shard) != (&plan.selection, plan.shard) {
        why.push(format!("{:?} of shard {}", earlier.selection, earlier.shard));
    }
    if why.is_empty() {
        why.push("other rows".into());
    }
    why
}

impl Drop for Queue {
    /// Closing the file is not enough: a process that another thread is just starting has a copy of
    /// the descriptor until it runs its own program, and the lock lives as long as any copy.
    fn drop(&mut self) {
        _ = self.lock.unlock();
    }
}

#[cfg(test)]
mod tests;
