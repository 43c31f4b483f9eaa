//! `cargo xtask sabotage`: breaks the core on purpose, in a copy, and expects the checks to go red.
//!
//! The twins of the model checks break what they can from outside. These breaks are edits of
//! `src`, as a tired hand would make them. The same checks must be green in the unbroken copy,
//! else red would mean nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use ledger::Row;

use crate::workspace;

/// Nothing to choose.
#[derive(clap::Args)]
pub(crate) struct Options {}

/// One edit, and the check that must notice.
struct Break {
    what: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
    /// For `checks --filter`.
    check: &'static str,
}

const BREAKS: &[Break] = &[
    Break {
        what: "no tag bump",
        file: "src/free_list/treiber.rs",
        from: "tag: self.tags.advance(head.tag)",
        to: "tag: head.tag",
        check: "TaggedPacked/list/aba/",
    },
    Break {
        what: "push's CAS Relaxed",
        file: "src/sync/site.rs",
        from: "PUSH_CAS = \"FL-3\", Release;",
        to: "PUSH_CAS = \"FL-3\", Relaxed;",
        check: "TaggedPacked/list/pop_pop_push_push/",
    },
    Break {
        what: "the remainder of a thread that leaves dropped by the mediator",
        file: "src/mediator/mod.rs",
        from: "return self.offer_remainder(&guard, home, blocks);",
        to: "return;",
        check: "TaggedPacked/pool/leave_remainder_allocate/",
    },
    Break {
        what: "the remainder of a thread that leaves kept in its slot",
        file: "src/pool/local.rs",
        from: "unsafe { self.core().hand_in(self.slot, &self.seat, &self.participant) };",
        to: "None::<crate::chunk::Misuse>;",
        check: "TaggedPacked/pool/leave_remainder_allocate/",
    },
    Break {
        what: "several partial shells taken by one request",
        file: "src/mediator/request.rs",
        from: "        // One at a time: several in one hand",
        to: "        let several = self.empty_into(guard, partial.pop_up_to(store, out.len(), guard), out);
        if several > 0 {
            return several;
        }
        // One at a time: several in one hand",
        check: "TaggedPacked/pool/remainders_again/",
    },
    Break {
        what: "a batch offered twice",
        file: "src/mediator/mod.rs",
        from: "        shell.fill(blocks);
        self.shelves.full.push(home, shell);",
        to: "        shell.fill(blocks);
        self.shelves.full.push(home, shell);
        let mut shell = self.empty_shell(&guard);
        shell.fill(blocks);
        self.shelves.full.push(home, shell);",
        check: "TaggedPacked/pool/flush_refill/loom/",
    },
    Break {
        what: "what a split leaves of a large shell taken for a remainder",
        file: "src/mediator/request.rs",
        from: "left if left < batch.least => partial.push(shell),",
        to: "left if left < batch.most => partial.push(shell),",
        check: "TaggedPacked/mediator/split_a_large_one/loom/",
    },
    Break {
        what: "something carved although a batch lies in another shard",
        file: "src/mediator/request.rs",
        from: "if out.len() >= batch.most && full.has_next(look) {",
        to: "if false {",
        check: "TaggedPacked/pool/shards_steal/loom/",
    },
    Break {
        what: "shards looked at one after the other, and that taken for one look",
        file: "src/mediator/shard.rs",
        from: "if self.others.is_empty() {
            return true;",
        to: "if true {
            return true;",
        check: "TaggedPacked/mediator/shards_behind_a_look/loom/",
    },
    Break {
        what: "nobody counts what arrives in a shard",
        file: "src/mediator/shard.rs",
        from: "        list.push(shell);
        if !self.others.is_empty() {",
        to: "        list.push(shell);
        if false {",
        check: "Quiescent/mediator/shards_behind_two_looks/shuttle-random/",
    },
    Break {
        what: "an emptied shell returned without a grace period",
        file: "src/mediator/mod.rs",
        from: "if !S::Reclaimer::DEFERS {
            self.shelves.empty.push(shell);",
        to: "if true {
            // SAFETY: not so, that is the fault.
            let shell = unsafe { OwnedShell::assume(shell.release(), self.store()) };
            self.shelves.empty.push(shell);",
        check: "EpochModel/mediator/aba/loom/",
    },
    Break {
        what: "a partial shell put back where poppers look without a lock",
        file: "src/free_list/deferred.rs",
        from: "if shell.is_ripe() {",
        to: "if true {",
        check: "EpochModel/list/aba/loom/",
    },
    Break {
        what: "the second list spliced in while a popper is in flight",
        file: "src/free_list/quiescent.rs",
        from: "if !popper.is_alone() {",
        to: "if false {",
        check: "Quiescent/list/aba/loom/",
    },
    Break {
        what: "the owner frees although a thread is inside",
        file: "src/thread_cache/door.rs",
        from: "if self.word.fetch_or(SHUT, site::DOOR_SHUT.ordering()) == 0 {",
        to: "if self.word.fetch_or(SHUT, site::DOOR_SHUT.ordering()) & SHUT == 0 {",
        check: "Door/door/enter_shut/",
    },
    Break {
        what: "the last one out does not free",
        file: "src/thread_cache/door.rs",
        from: "== SHUT | ONE {",
        to: "== SHUT {",
        check: "tenant/end_drop/",
    },
];

/// What a copy leaves behind: outputs and history.
const NOT_COPIED: [&str; 2] = ["target", ".git"];

/// Runs the command.
///
/// # Errors
/// Where a break is not noticed, an edit does not apply, or the unbroken copy is red.
pub(crate) fn run(_options: &Options) -> Result<()> {
    let copy = workspace::output()?.join("sabotage");
    refresh(&workspace::root()?, &copy)?;
    for sabotage in BREAKS {
        eprintln!("unbroken: {}", sabotage.check);
        let broken = checks(&copy, sabotage.check)?;
        ensure!(broken.is_empty(), "red without a break: {broken:?}");
    }
    for sabotage in BREAKS {
        let Break { what, file, check, .. } = sabotage;
        eprintln!("broken: {what}");
        let path = copy.join(file);
        let good = fs::read_to_string(&path)?;
        fs::write(&path, sabotaged(&good, sabotage)?)?;
        let broken = checks(&copy, check);
        fs::write(&path, good)?;
        let broken = broken?;
        ensure!(!broken.is_empty(), "{what}: {check} did not notice");
        broken.iter().for_each(|row| println!("{what}: {} red: {}", row.key(), row.detail));
    }
    println!("{} breaks, all noticed", BREAKS.len());
    Ok(())
}

/// Makes `to` a copy of the tree at `from` with the one edit that is called `what`.
///
/// # Errors
/// Where there is no such edit, or it does not fit, or nothing can be copied.
pub(crate) fn broken_copy(from: &Path, to: &Path, what: &str) -> Result<()> {
    let sabotage = BREAKS.iter().find(|sabotage| sabotage.what == what);
    let sabotage = sabotage.with_context(|| format!("no edit is called `{what}`"))?;
    refresh(from, to)?;
    let path = to.join(sabotage.file);
    let good = fs::read_to_string(&path)?;
    Ok(fs::write(path, sabotaged(&good, sabotage)?)?)
}

/// The text with the edit; it must fit exactly once.
fn sabotaged(good: &str, sabotage: &Break) -> Result<String> {
    let Break { what, file, from, to, .. } = sabotage;
    let places = good.matches(from).count();
    ensure!(places == 1, "{what}: `{from}` stands {places} times in {file}, not once");
    Ok(good.replacen(from, to, 1))
}

/// Runs the checks that `filter` selects in `copy` and returns the broken rows.
fn checks(copy: &Path, filter: &str) -> Result<Vec<Row>> {
    let ledger = copy.join("target/stampool/checks.json");
    // What stands there afterwards is of this run.
    _ = fs::remove_file(&ledger);
    // This very program, told that the copy is its workspace.
    let status = Command::new(std::env::current_exe()?)
        .args(["checks", "--filter", filter])
        .env("CARGO_MANIFEST_DIR", copy.join("xtask"))
        .stdout(Stdio::null())
        .status()?;
    let text = fs::read_to_string(&ledger).with_context(|| format!("{filter} was not run"))?;
    let rows: Vec<Row> = serde_json::from_str(&text)?;
    ensure!(!rows.is_empty(), "{filter} selects no check");
    let broken: Vec<Row> = rows.into_iter().filter(|row| !row.is_ok()).collect();
    ensure!(status.success() == broken.is_empty(), "the ledger and the exit code disagree");
    Ok(broken)
}

/// Makes `to` a copy of the tree at `from`, keeping what was built there.
fn refresh(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        if !NOT_COPIED.contains(&&*entry.file_name().to_string_lossy()) {
            remove(&entry.path())?;
        }
    }
    copy_folder(from, to)
}

fn remove(path: &PathBuf) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.with_context(|| format!("cannot remove {}", path.display()))
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            if !NOT_COPIED.contains(&&*entry.file_name().to_string_lossy()) {
                copy_folder(&entry.path(), &target)?;
            }
        } else {
            fs::copy(entry.path(), &target)
                .with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_must_fit_exactly_once() {
        let sabotage = Break { what: "w", file: "f", from: "good", to: "bad", check: "c" };
        assert_eq!(sabotaged("a good line", &sabotage).unwrap(), "a bad line");
        assert!(sabotaged("another line", &sabotage).is_err());
        assert!(sabotaged("good, good", &sabotage).is_err());
    }

    #[test]
    fn every_edit_fits_the_tree() {
        let root = workspace::root().unwrap();
        for sabotage in BREAKS {
            sabotaged(&fs::read_to_string(root.join(sabotage.file)).unwrap(), sabotage).unwrap();
        }
    }
}
