//! What a subject holds: blocks, and memory of the process.
//!
//! Memory that is given back to one allocator is of no use to another, and nobody can tell whose it
//! is: so each subject is run in a process of its own, by the same program.

use std::path::Path;
use std::process::Command;

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::{Deserialize, Serialize};

use crate::batch::{self, Batch};
use crate::contenders::{Role, Suite, contenders};
use crate::workload::{Kind, Workload};

/// Blocks that cross over while it is watched what is held.
const CROSSING: u64 = 10_000_000;
/// Operations of the other workloads, on each thread.
const OTHERS: u64 = 1_000_000;

/// What one subject held in one workload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Held {
    /// The workload.
    pub workload: String,
    /// The subject's name.
    pub subject: String,
    /// The pool's batch, for pools.
    #[serde(flatten)]
    pub batch: Option<Batch>,
    /// What it is.
    pub role: Role,
    /// The most blocks that are live at one time.
    pub live_blocks: usize,
    /// Blocks cut or asked for, where the subject can tell.
    pub blocks: Option<usize>,
    /// The most that there may be, for pools with a batch: L + 3TB + B, B being what batches may
    /// grow to.
    pub bound_blocks: Option<usize>,
    /// The most memory that was resident, less what was before there was a subject, in KiB. The
    /// harness's own is in it: its row tells how much that is.
    pub resident_kib: u64,
}

impl Held {
    /// Name and batch.
    pub fn title(&self) -> String {
        batch::title(&self.subject, self.batch)
    }

    /// Whether it kept to its bound.
    pub fn is_within(&self) -> bool {
        self.blocks.zip(self.bound_blocks).is_none_or(|(blocks, bound)| blocks <= bound)
    }
}

/// Whether memory is measured in a workload: blocks change hands in it, or are renewed, and there
/// are at most two threads. More of them, or bytes that are touched, would take long and say little.
pub fn is_told(workload: &Workload) -> bool {
    use Kind::{Larson, ProducerConsumer, SharedBucket, WorkingSet, Xmalloc};
    matches!(workload.kind, WorkingSet | SharedBucket | ProducerConsumer | Larson | Xmalloc)
        && workload.threads() <= 2
        && !workload.touched
}

/// Runs the one subject of this title in this process, and tells what it held. `None`, where the
/// workload has no such subject, or the system does not tell.
pub fn watch(workload: Workload, suite: Suite, title: &str) -> Option<Held> {
    let before = status_kib("VmRSS:")?;
    let one = contenders(workload, suite, |one| one.to_string() == title).pop()?;
    let crosses = workload.kind == Kind::ProducerConsumer;
    one.entry.sample(if crosses { CROSSING } else { OTHERS });
    let resident_kib = status_kib("VmHWM:")?.saturating_sub(before);
    let (live_blocks, threads) = (workload.live_blocks(), workload.threads());
    let batch = one.title.batch;
    Some(Held {
        workload: workload.to_string(),
        subject: one.title.name.into(),
        batch,
        role: one.role,
        live_blocks,
        blocks: one.entry.blocks(),
        bound_blocks: batch.map(|batch| live_blocks + (3 * threads + 1) * batch.most),
        resident_kib,
    })
}

/// As [`watch`], in a process of its own that runs `program` with these words.
///
/// # Errors
///
/// What that process said, where it fails.
pub fn watch_apart(program: &Path, words: &[String]) -> Result<Held, String> {
    let output = Command::new(program).args(words).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().into());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

/// A line of what Linux tells about this process.
fn status_kib(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// All of it, workload by workload.
pub fn table_of(all: &[Held]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["memory", "subject", "live", "blocks", "bound", "resident KiB"]);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let number = |number: Option<usize>| number.map_or("-".into(), |number| number.to_string());
    for held in all {
        table.add_row([
            Cell::new(&held.workload),
            Cell::new(held.title()),
            right(held.live_blocks.to_string()),
            right(number(held.blocks)),
            right(number(held.bound_blocks)),
            right(held.resident_kib.to_string()),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Team;

    #[test]
    fn a_pool_keeps_to_its_bound_and_a_list_counts_its_blocks() {
        let team = Team::Sides { producers: 1, consumers: 1 };
        let kind = Kind::ProducerConsumer;
        let workload = Workload { kind, team, size_bytes: 64, touched: false };
        for (title, has_bound) in [("TaggedWide, B = 64", true), ("std Mutex<Vec>", false)] {
            let one = contenders(workload, Suite::Peers, |one| one.to_string() == title);
            let one = one.first().expect("a subject of this name");
            one.entry.sample(1000);
            let blocks = one.entry.blocks().expect("it can tell");
            assert!(blocks > 0);
            assert_eq!(one.title.batch.is_some(), has_bound);
        }
    }

    #[test]
    fn a_bound_can_be_broken() {
        let held = |blocks, bound_blocks| Held {
            workload: "x".into(),
            subject: "y".into(),
            batch: None,
            role: Role::Ours,
            live_blocks: 1,
            blocks,
            bound_blocks,
            resident_kib: 1,
        };
        assert!(held(Some(5), Some(5)).is_within() && held(None, Some(1)).is_within());
        assert!(!held(Some(6), Some(5)).is_within());
    }
}
