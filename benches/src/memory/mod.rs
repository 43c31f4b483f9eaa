//! What a subject holds: blocks, and memory of the process.
//!
//! Memory that is given back to one allocator is of no use to another, and nobody can tell whose it
//! is: so each subject is run in a process of its own, by the same program.
//!
//! Live blocks and handles are counted, and every block is written when it is allocated, whatever
//! the workload does with it: a block that nobody has touched yet is no memory. Both slow the run,
//! which is not timed.

mod resident;

use std::path::Path;
use std::process::Command;

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::{Deserialize, Serialize};

use crate::batch::{self, Batch};
use crate::contenders::{Suite, contenders};
use crate::rounds::{Contender, Holding};
use crate::title::Role;
use crate::workload::{Kind, Team, Workload};
use resident::Resident;

/// Blocks that cross over from one producer to one consumer.
const CROSSING: u64 = 10_000_000;
/// Operations of the other workloads, of all threads together.
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
    /// The most blocks that were live at one time, counted.
    pub live_blocks: usize,
    /// Blocks cut or asked for, where the subject can tell.
    pub blocks: Option<usize>,
    /// The most that there may be, for pools with a batch: L + 3TG + G, where G is the largest batch.
    pub bound_blocks: Option<usize>,
    /// The most memory that was resident, less what was before there was a subject, in KiB. The
    /// harness's own is in it: its row tells how much that is.
    pub resident_kib: u64,
    /// What of it was still there in the end, when all blocks had been given back.
    #[serde(default)]
    pub kept_kib: Option<u64>,
}

impl Held {
    /// Of a run. Memory is none yet.
    fn new(workload: Workload, one: &Contender, holding: Holding) -> Self {
        let Holding { live_blocks, handles, blocks } = holding;
        let batch = one.title.batch;
        Self {
            workload: workload.to_string(),
            subject: one.title.name.into(),
            batch,
            role: one.role,
            live_blocks,
            blocks,
            bound_blocks: batch.map(|batch| batch.bound_blocks(live_blocks, handles)),
            resident_kib: 0,
            kept_kib: None,
        }
    }

    /// Name and batch.
    pub fn title(&self) -> String {
        batch::title(&self.subject, self.batch)
    }

    /// Whether it kept to its bound.
    pub fn is_within(&self) -> bool {
        self.blocks.zip(self.bound_blocks).is_none_or(|(blocks, bound)| blocks <= bound)
    }

    /// Blocks over peak live ones.
    pub fn blocks_per_live(&self) -> Option<f64> {
        self.blocks.map(|blocks| blocks as f64 / self.live_blocks as f64)
    }

    /// The figures below [`COLUMNS`], `-` where there is none.
    pub fn figures(&self) -> [String; COLUMNS.len()] {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        [
            self.live_blocks.to_string(),
            or_none(self.blocks.map(|blocks| blocks.to_string())),
            or_none(self.blocks_per_live().map(|ratio| format!("{ratio:.2}"))),
            or_none(self.bound_blocks.map(|bound| bound.to_string())),
            self.resident_kib.to_string(),
            or_none(self.kept_kib.map(|kib| kib.to_string())),
        ]
    }
}

/// What [`Held::figures`] are.
pub const COLUMNS: [&str; 6] =
    ["peak live", "blocks", "blocks / live", "bound", "resident KiB", "kept KiB"];

/// Whether memory is measured in a workload: blocks change hands in it, or are renewed.
pub fn is_told(workload: &Workload) -> bool {
    use Kind::{
        Larson, MessagePassing, Mstress, ProducerConsumer, SharedBucket, Threadtest, WorkingSet,
        Xmalloc,
    };
    match workload.kind {
        WorkingSet | SharedBucket | ProducerConsumer | Larson | Xmalloc | Mstress | Threadtest
        | MessagePassing => true,
        Kind::Hit
        | Kind::BurstLifo
        | Kind::BurstFifo
        | Kind::BurstShuffled
        | Kind::Bulk8
        | Kind::Bulk64
        | Kind::Bulk1000
        | Kind::CacheThrash
        | Kind::CacheScratch => false,
    }
}

/// How long a workload is watched, in operations as it counts them.
fn operations(workload: &Workload) -> u64 {
    match workload.kind {
        Kind::ProducerConsumer if workload.team == Team::CROSSINGS[0] => CROSSING,
        Kind::ProducerConsumer | Kind::Xmalloc | Kind::Mstress | Kind::MessagePassing => OTHERS,
        // Counted on each thread.
        _ => OTHERS.div_ceil(workload.threads() as u64),
    }
}

/// Runs the one subject of this title in this process, and tells what it held: over so many
/// operations, or as many as are usual. `None`, where the workload has no such subject, or the
/// system does not tell.
pub fn watch(workload: Workload, suite: Suite, title: &str, over: Option<u64>) -> Option<Held> {
    let resident = Resident::from_now()?;
    let one = contenders(workload, suite, |one| one.to_string() == title).pop()?;
    let held = hold(workload, &one, over.unwrap_or_else(|| operations(&workload)));
    // In this order: telling takes a little memory itself.
    let (kept_kib, resident_kib) = (resident.now_kib(), resident.peak_kib()?);
    Some(Held { resident_kib, kept_kib, ..held })
}

/// What `one` held over so many operations.
fn hold(workload: Workload, one: &Contender, operations: u64) -> Held {
    // The harness's own blocks are no memory, or less than are live.
    let touches = one.role != Role::Floor;
    Held::new(workload, one, one.entry.hold(operations, touches))
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

/// Whether all kept to their bounds.
///
/// # Errors
///
/// Who did not, and by how much.
pub fn check(all: &[Held]) -> Result<(), String> {
    let Some(held) = all.iter().find(|held| !held.is_within()) else { return Ok(()) };
    let [_, blocks, _, bound, ..] = held.figures();
    Err(format!(
        "{} carved {blocks} blocks in {}, and may carve {bound}",
        held.title(),
        held.workload
    ))
}

/// All of it, workload by workload.
pub fn table_of(all: &[Held]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["memory", "subject"].into_iter().chain(COLUMNS));
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    for held in all {
        let names = [Cell::new(&held.workload), Cell::new(held.title())];
        table.add_row(names.into_iter().chain(held.figures().map(right)));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contenders::tests::contender;
    use crate::subject::block_of;
    use crate::subjects::pool;
    use crate::title::Title;
    use crate::{Handle, Measured, Subject};
    use stampool::{AllocError, Block, Local, Pool, Strategy, TaggedWide};

    /// One producer, one consumer.
    const CROSSING: Workload = Workload {
        kind: Kind::ProducerConsumer,
        team: Team::CROSSINGS[0],
        size_bytes: 64,
        touched: false,
    };
    const MESSAGES: u64 = 200_000;

    #[test]
    fn a_pool_keeps_to_its_bound_from_one_producer_to_one_consumer() {
        for batch in Batch::ALL {
            let title = Title { name: TaggedWide::<64>::NAME, batch: Some(batch) }.to_string();
            let one = contenders(CROSSING, Suite::Peers, |one| one.to_string() == title).pop();
            let held = hold(CROSSING, &one.expect("a pool of this batch"), MESSAGES);
            assert_eq!(held.title(), title);
            let blocks = held.blocks.expect("a pool can tell");
            // Two handles, whatever the machine did; 1,024 in flight and one in each one's hands.
            assert_eq!(held.bound_blocks, Some(batch.bound_blocks(held.live_blocks, 2)));
            assert!((1..=1026).contains(&held.live_blocks), "{held:?}");
            assert!(blocks >= held.live_blocks && held.is_within(), "{held:?}");
            assert_eq!(check(&[held]), Ok(()));
        }
    }

    #[test]
    fn a_list_counts_its_blocks_and_has_no_bound() {
        let one = contenders(CROSSING, Suite::Peers, |one| one.name == "std Mutex<Vec>").pop();
        let held = hold(CROSSING, &one.expect("a list"), 1000);
        assert!(held.blocks.is_some_and(|blocks| blocks >= held.live_blocks), "{held:?}");
        assert_eq!(held.bound_blocks, None);
    }

    /// A pool that loses every eighth block that is given back.
    struct Leaky(Pool);

    struct LeakyHandle<'s> {
        local: Local<'s, TaggedWide>,
        freed: usize,
    }

    impl Subject for Leaky {
        type Refusal = AllocError;
        type Handle<'s> = LeakyHandle<'s>;

        fn attach(&self) -> Result<LeakyHandle<'_>, AllocError> {
            Ok(LeakyHandle { local: self.0.attach()?, freed: 0 })
        }
    }

    impl Measured for Leaky {
        fn blocks(&self) -> Option<usize> {
            self.0.blocks()
        }
    }

    impl Handle for LeakyHandle<'_> {
        type Refusal = AllocError;

        fn allocate(&mut self) -> Result<Block, AllocError> {
            self.local.allocate()
        }

        unsafe fn deallocate(&mut self, block: Block) {
            self.freed += 1;
            if !self.freed.is_multiple_of(8) {
                // SAFETY: by the caller.
                unsafe { self.local.deallocate(block) };
            }
        }
    }

    #[test]
    fn a_pool_that_loses_blocks_breaks_its_bound_and_that_is_an_error() {
        for batch in Batch::ALL {
            let leaky = Leaky(pool::<TaggedWide>(block_of(64), batch));
            let title = Title { name: "leaky", batch: Some(batch) };
            let held = hold(CROSSING, &contender(title, Role::Ours, leaky, CROSSING), MESSAGES);
            assert!(!held.is_within(), "{held:?}");
            let said = check(&[held]).expect_err("too many blocks");
            assert!(said.starts_with(&format!("leaky, B = {batch} carved")), "{said}");
        }
    }

    #[test]
    fn resident_memory_is_what_is_touched_and_what_is_kept_of_it() {
        let resident = Resident::from_now().expect("Linux tells");
        let (bytes, page) = (32 << 20, 4096);
        let mut memory = vec![0_u8; bytes];
        memory.iter_mut().step_by(page).for_each(|byte| *byte = 1);
        drop(core::hint::black_box(memory));
        // Other tests may need some meanwhile, and may give some back.
        let (kept, peak) = (resident.now_kib().unwrap(), resident.peak_kib().unwrap());
        assert!(peak >= 24 << 10, "{peak} KiB");
        assert!(peak >= kept, "{peak} of {kept} KiB");
    }

    #[test]
    fn a_bound_is_kept_up_to_its_last_block() {
        let held = |blocks, bound_blocks| Held {
            workload: "x".into(),
            subject: "y".into(),
            batch: None,
            role: Role::Ours,
            live_blocks: 4,
            blocks,
            bound_blocks,
            resident_kib: 1,
            kept_kib: None,
        };
        assert!(held(Some(5), Some(5)).is_within() && held(None, Some(1)).is_within());
        assert!(!held(Some(6), Some(5)).is_within());
        assert_eq!(held(Some(6), None).figures(), ["4", "6", "1.50", "-", "1", "-"]);
        assert!(check(&[held(Some(5), Some(5)), held(Some(6), Some(5))]).is_err());
    }
}
