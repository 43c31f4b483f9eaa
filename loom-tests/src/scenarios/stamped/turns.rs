//! Turns (generations) of one block: which thread may free the block, which thread finds it, and
//! which thread learns that the turn is over.

use core::sync::atomic::Ordering::Relaxed;
use std::collections::BTreeSet;

use stampool::raw::sync::{AtomicU64, thread};
use stampool::{AtomicStamped, Stamped, StampedPool};

use super::scenario::{Scenario, row};
use super::shared::{Leaked, SentHandle};
use crate::one_at_a_time::operation;
use crate::scenarios::Depth;
use crate::spec::{self, Object};

/// The rows of this module.
pub const SCENARIOS: &[Scenario] = &[
    row("stamped/first_use", first_use, || allowed(&FIRST_USE)),
    row("stamped/free_free", free_free, || allowed(&FREE_FREE)),
    row("stamped/free_reuse", free_reuse, || allowed(&FREE_REUSE)),
    row("stamped/get_free_reuse", get_free_reuse, || allowed(&GET_FREE_REUSE)),
    row("stamped/stale_get", || stale(Look::Get), || allowed(&STALE)),
    row("stamped/stale_check", || stale(Look::Check), || allowed(&STALE)),
    row("stamped/stale_free", || stale(Look::Free), || allowed(&STALE_FREE)),
    Scenario {
        depth: Depth::Preemptions(3),
        ..row("stamped/get_relayed", get_relayed, || allowed(&GET_RELAYED))
    },
];

// The specification.

/// A step of a thread.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Op {
    /// Free the block of the first turn.
    Free,
    /// Write both halves of the value, one after the other.
    Write(usize, u8),
    /// Publish the block, in its next turn.
    Publish,
    /// Begin to read in the first turn. If it is not current, skip the rest.
    Get,
    /// Read a half.
    Read(usize),
    /// Check whether the first turn is still current. If not, forget what was read.
    Check,
    /// Write a note, before the next step.
    Note,
    /// Read the stamp once. If the turn is over, the note must be visible.
    Look,
    /// The same, by a free, which ends the turn.
    LookAndFree,
    /// Receive the first name if it was sent, and read the value.
    Receive,
    /// Free what was received, and use the block again.
    Reuse,
    /// Write a half if the second turn has been announced, which the thread may not see.
    WriteLater(usize, u8),
}

/// One block.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
struct Block {
    turn: u8,
    live: bool,
    value: [u8; 2],
    noted: bool,
    logs: [Option<String>; 3],
    reads: Vec<u8>,
}

impl Object for Block {
    type Op = Op;

    fn apply(&self, thread: usize, op: &Op) -> Vec<Self> {
        let mut next = self.clone();
        let first = self.live && self.turn == 1;
        let is_out = self.logs[thread].is_some();
        let mut log = |text: String| next.logs[thread] = Some(text);
        match *op {
            Op::Free if first => {
                next.live = false;
                log("freed".into());
            }
            Op::Free => log("stale".into()),
            Op::Write(half, value) => next.value[half] = value,
            Op::Publish => (next.turn, next.live) = (self.turn + 1, true),
            Op::Get if !first => log("stale".into()),
            Op::Read(half) if !is_out => next.reads.push(self.value[half]),
            Op::Check if !is_out && first => log(format!("read {:?}", self.reads)),
            Op::Check if !is_out => log("discarded".into()),
            Op::Get | Op::Read(_) | Op::Check => {}
            Op::Note => next.noted = true,
            Op::Look if first => log("current".into()),
            Op::LookAndFree if first => {
                log("current".into());
                next.live = false;
            }
            Op::Look | Op::LookAndFree => log(format!("stale, noted {}", self.noted)),
            Op::Receive if self.turn == 0 => log("nothing".into()),
            Op::Receive => log(format!("got {}", self.value[0])),
            Op::Reuse if self.turn == 0 => log("nothing".into()),
            Op::Reuse => log(format!("reused {}", self.value[0])),
            Op::WriteLater(half, value) => {
                if self.live && self.turn == 2 {
                    next.value[half] = value;
                }
                return vec![self.clone(), next];
            }
        }
        vec![next]
    }

    fn outcome(&self) -> String {
        outcome(&self.logs.each_ref().map(|log| log.as_deref().unwrap_or("")))
    }
}

fn outcome(logs: &[&str]) -> String {
    logs.iter().filter(|log| !log.is_empty()).copied().collect::<Vec<_>>().join("; ")
}

/// What the threads do, and whether the block is live at the start.
struct Program {
    live: bool,
    threads: &'static [&'static [Op]],
}

fn allowed(program: &Program) -> BTreeSet<String> {
    let turn = u8::from(program.live);
    let block = Block { turn, live: program.live, value: [turn; 2], ..Block::default() };
    let threads: Vec<Vec<Op>> = program.threads.iter().map(|ops| ops.to_vec()).collect();
    // What a reader has forgotten, or will not ask about, is no part of an outcome.
    spec::interleavings(block, &threads)
}

const FIRST_USE: Program =
    Program { live: false, threads: &[&[Op::Receive], &[Op::Write(0, 5), Op::Publish]] };
const FREE_FREE: Program = Program { live: true, threads: &[&[Op::Free], &[Op::Free]] };
const FREE_REUSE: Program =
    Program { live: false, threads: &[&[Op::Reuse], &[Op::Write(0, 5), Op::Publish]] };
const GET_FREE_REUSE: Program = Program {
    live: true,
    threads: &[
        &[Op::Get, Op::Read(0), Op::Read(1), Op::Check],
        &[Op::Free, Op::Write(0, 2), Op::Write(1, 2), Op::Publish],
    ],
};
const STALE: Program = Program { live: true, threads: &[&[Op::Look], &[Op::Note, Op::Free]] };
/// The look frees, so the other one may come too late.
const STALE_FREE: Program =
    Program { live: true, threads: &[&[Op::LookAndFree], &[Op::Note, Op::Free]] };
const GET_RELAYED: Program = Program {
    live: true,
    threads: &[
        &[Op::Get, Op::Read(0), Op::Check],
        &[Op::Free, Op::Publish],
        &[Op::WriteLater(0, 3)],
    ],
};

// The bodies.

/// Two halves that are read one after the other.
pub(crate) struct Value(pub(crate) [AtomicU64; 2]);

impl Value {
    pub(crate) fn new() -> Self {
        Self([AtomicU64::new(0), AtomicU64::new(0)])
    }

    fn write(&self, value: u64) {
        self.0.iter().for_each(|half| half.store(value, Relaxed));
    }
}

/// A pool that has one block at most.
pub(crate) fn single<T: Send + Sync + 'static>(init: fn() -> T) -> StampedPool<T> {
    let builder = StampedPool::<T>::builder().batch(1).max_carved_blocks(1);
    builder.build_stamped(init).expect("no requirement, no refusal")
}

struct Rig {
    pool: Leaked<StampedPool<Value>>,
    word: Leaked<AtomicStamped<Value>>,
    note: Leaked<AtomicU64>,
}

impl Rig {
    fn new() -> Self {
        Self {
            pool: Leaked::new(single(Value::new)),
            word: Leaked::new(AtomicStamped::default()),
            note: Leaked::new(AtomicU64::new(0)),
        }
    }

    /// With the block live, at value 1.
    fn live(&self, handle: &SentHandle<Value>) -> Stamped<Value> {
        let name = handle.0.allocate_with(|value, _| value.write(1));
        name.expect("memory")
    }

    fn handle(&self) -> SentHandle<Value> {
        SentHandle::of(self.pool.get())
    }

    fn end(self) {
        // SAFETY: the threads are joined and the handles dropped.
        _ = unsafe { self.pool.end() };
        // SAFETY: as above.
        _ = unsafe { self.word.end() };
        // SAFETY: as above.
        _ = unsafe { self.note.end() };
    }
}

/// The first allocation of all carves, constructs and fills, and sends the name without order.
fn first_use() -> String {
    let rig = Rig::new();
    let (pool, word, handle) = (rig.pool.get(), rig.word.get(), rig.handle());
    let other = thread::spawn(move || {
        let handle = handle;
        operation(|| {
            let name = handle.0.allocate_with(|value, _| value.write(5));
            word.store(name.expect("memory"), Relaxed);
        });
        handle
    });
    // The name is not acquired: that it leads nowhere yet, for this thread, is as good as null.
    let log = operation(|| match pool.get(word.load(Relaxed)) {
        None => "nothing".into(),
        Some(value) => format!("got {}", value.0[0].load(Relaxed)),
    });
    drop(other.join().expect("no panic unreported"));
    rig.end();
    log
}

/// As [`first_use`], but the block is freed and used again by whom nothing but its name has
/// reached.
fn free_reuse() -> String {
    let rig = Rig::new();
    let (word, own, handle) = (rig.word.get(), rig.handle(), rig.handle());
    let other = thread::spawn(move || {
        let handle = handle;
        operation(|| {
            let name = handle.0.allocate_with(|value, _| value.write(5));
            word.store(name.expect("memory"), Relaxed);
        });
        handle
    });
    let log = operation(|| match own.0.free(word.load(Relaxed)) {
        Err(_) => "nothing".into(),
        Ok(()) => {
            let mut seen = 0;
            let again = own.0.allocate_with(|value, _| seen = value.0[0].load(Relaxed));
            again.expect("the block that was freed");
            format!("reused {seen}")
        }
    });
    drop(other.join().expect("no panic unreported"));
    drop(own);
    rig.end();
    log
}

fn free_free() -> String {
    let rig = Rig::new();
    let (own, handle) = (rig.handle(), rig.handle());
    let name = rig.live(&own);
    let log = |freed: bool| if freed { "freed" } else { "stale" };
    let other = thread::spawn(move || (operation(|| handle.0.free(name).is_ok()), handle));
    let ours = operation(|| own.0.free(name).is_ok());
    let (theirs, handle) = other.join().expect("no panic unreported");
    assert!(!(ours && theirs), "a block was freed twice");
    assert!(ours || theirs, "a block was lost");
    drop((own, handle));
    rig.end();
    outcome(&[log(ours), log(theirs)])
}

fn get_free_reuse() -> String {
    reader_and_reuse(|pool, name| pool.is_current(name))
}

/// A reader beside a thread that frees and reuses the block. The reader calls `is_current` at its
/// end.
pub(crate) fn reader_and_reuse(
    is_current: impl FnOnce(&StampedPool<Value>, Stamped<Value>) -> bool,
) -> String {
    let rig = Rig::new();
    let (pool, handle) = (rig.pool.get(), rig.handle());
    let name = rig.live(&handle);
    let other = thread::spawn(move || {
        let handle = handle;
        operation(|| handle.0.free(name).expect("current"));
        let again = operation(|| handle.0.allocate_with(|value, _| value.write(2)));
        assert_ne!(again.expect("the block just freed"), name, "a name came twice");
        handle
    });
    let log = operation(|| {
        let read = pool.get(name).map(|value| value.0.each_ref().map(|half| half.load(Relaxed)));
        match read {
            None => "stale".into(),
            Some(_) if !is_current(pool, name) => "discarded".into(),
            Some(read) => format!("read {read:?}"),
        }
    });
    drop(other.join().expect("no panic unreported"));
    rig.end();
    outcome(&[&log, "freed"])
}

#[derive(Clone, Copy)]
enum Look {
    Get,
    Check,
    Free,
}

/// Who finds a name stale has acquired what its freer did.
fn stale(look: Look) -> String {
    let rig = Rig::new();
    let (pool, note, own, handle) = (rig.pool.get(), rig.note.get(), rig.handle(), rig.handle());
    let name = rig.live(&own);
    let other = thread::spawn(move || {
        note.store(1, Relaxed);
        (operation(|| handle.0.free(name).is_ok()), handle)
    });
    let current = operation(|| match look {
        Look::Get => pool.get(name).is_some(),
        Look::Check => pool.is_current(name),
        Look::Free => own.0.free(name).is_ok(),
    });
    let log = match current {
        true => "current".into(),
        false => format!("stale, noted {}", note.load(Relaxed) == 1),
    };
    let (freed, handle) = other.join().expect("no panic unreported");
    drop((own, handle));
    rig.end();
    outcome(&[&log, if freed { "freed" } else { "stale" }])
}

/// A third thread writes the value of the second turn; the name reached it without ordering.
fn get_relayed() -> String {
    let rig = Rig::new();
    let (pool, word, handle) = (rig.pool.get(), rig.word.get(), rig.handle());
    let name = rig.live(&handle);
    let turner = thread::spawn(move || {
        let handle = handle;
        operation(|| handle.0.free(name).expect("current"));
        let next = operation(|| handle.0.allocate());
        word.store(next.expect("the block just freed"), Relaxed);
        handle
    });
    let writer = thread::spawn(move || {
        operation(|| {
            if let Some(value) = pool.get(word.load(Relaxed)) {
                value.0[0].store(3, Relaxed);
            }
        });
    });
    let log = operation(|| {
        let read = pool.get(name).map(|value| value.0[0].load(Relaxed));
        match read {
            None => "stale".into(),
            Some(_) if !pool.is_current(name) => "discarded".into(),
            Some(read) => format!("read [{read}]"),
        }
    });
    writer.join().expect("no panic unreported");
    drop(turner.join().expect("no panic unreported"));
    rig.end();
    outcome(&[&log, "freed"])
}
