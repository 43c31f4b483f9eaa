//! Replay of a real program's heap trace.
//!
//! One pool per power-of-two size class up to 4 KiB, larger objects to the system; or one general
//! allocator for everything, for reference. A round
//! is either checked (owner words, pattern on head and tail, live counts, books, memory
//! bound) or timed, with none of that beside the pool.

mod class;
mod format;
mod heap;
mod play;
mod read;
mod write;

use core::alloc::Layout;
use core::array;
use core::time::Duration;

pub use class::{CLASSES, Shape, class_layout};
pub use format::{MAX_ALIGN_LOG2, MAX_RECORDS, MAX_THREADS, RecordFault, TraceError};
pub use heap::{SYSTEM, mallocs};
pub use read::{ClassUse, Event, Trace};
pub use write::{Draft, Full};

use crate::oracle::live::{Live, bound_blocks};
use crate::oracle::pattern::Extent;
use crate::oracle::violation::{Log, Violation};
use crate::oracle::{Oracle, books};
use crate::subject::{Examined, Mechanism, Refused};
use heap::Pools;
use peers::malloc::Malloc;
use play::{ClassCheck, Game, classes_of};

/// What one replay of a trace gave.
#[derive(Clone, Debug)]
pub struct Round {
    /// How the pools synchronise; `None` for a general allocator.
    pub mechanism: Option<Mechanism>,
    /// Wall-clock time from the first operation to the last.
    pub elapsed: Duration,
    /// The books of each class that the trace uses; none for a general allocator.
    pub classes: Vec<ClassBooks>,
    /// How often a CAS of a list's head came too late; `None` for the system.
    pub cas_failures: Option<u64>,
    /// What was found wrong.
    pub violations: Vec<Violation>,
}

/// What became of one size class.
#[derive(Clone, Copy, Debug)]
pub struct ClassBooks {
    /// Size of a block, in bytes.
    pub block_bytes: usize,
    /// Objects of the trace in this class.
    pub objects: usize,
    /// Most live at once in the recording.
    pub recorded_peak: usize,
    /// Blocks ever cut from chunks.
    pub carved_blocks: usize,
    /// Exchanges of its threads, to the last one's end; `None` where they are not counted.
    pub exchanges: Option<u64>,
    /// The live count and its bound; `None` in a timed round, which doesn't count.
    pub limit: Option<Limit>,
}

/// The memory bound of a class, for this replay.
///
/// A replay is free to interleave its threads otherwise than the recording did, so L is
/// counted while it runs.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Most blocks live at once, never too low.
    pub peak_live_blocks: usize,
    /// Most blocks that may have been carved for that.
    pub bound_blocks: usize,
}

/// Replays `trace` on pools that `build` makes, one per class that the trace uses.
///
/// # Errors
/// A pool cannot be built, or the system has fewer threads than the trace.
pub fn round_on_pools<U: Examined>(
    trace: &Trace,
    build: impl Fn(Layout) -> Result<U, Refused>,
    checked: bool,
) -> Result<Round, Refused> {
    let mut heap = Pools { classes: [const { None }; CLASSES] };
    for (class, pool) in heap.classes.iter_mut().enumerate() {
        if trace.classes[class].objects > 0 {
            *pool = Some(build(class_layout(class))?);
        }
    }
    let handles = handles(trace);
    let checks = checked.then(|| {
        array::from_fn(|class| {
            let pool = heap.classes[class].as_ref()?;
            let batch = pool.batch_blocks();
            let room = bound_blocks(trace.classes[class].objects, handles[class], batch);
            let oracle = Oracle::type_stable(class_layout(class), Extent::Ends, room);
            Some(ClassCheck { oracle, live: Live::shared() })
        })
    });

    let game = Game::new(trace, checks);
    let (elapsed, gauges) = game.play(&heap)?;
    let classes = each_class(&heap)
        .map(|(class, pool)| {
            let peak = |check: &ClassCheck| check.live.peak(gauges.iter().map(|all| all[class]));
            let limit = game.check(class).map(peak).map(|peak_live_blocks| Limit {
                peak_live_blocks,
                bound_blocks: bound_blocks(peak_live_blocks, handles[class], pool.batch_blocks()),
            });
            ClassBooks {
                block_bytes: class_layout(class).size(),
                objects: trace.classes[class].objects,
                recorded_peak: trace.classes[class].peak_live,
                carved_blocks: pool.carved_blocks(),
                exchanges: pool.exchanges(),
                limit,
            }
        })
        .collect::<Vec<_>>();
    let cas_failures = each_class(&heap).map(|(_, pool)| pool.magazine_counts().cas_failures).sum();
    settle(trace, &mut heap, &game, &classes);
    let mechanism = each_class(&heap).next().map(|(_, pool)| pool.mechanism());
    let (cas_failures, violations) = (Some(cas_failures), game.log.into_violations());
    Ok(Round { mechanism, elapsed, classes, cas_failures, violations })
}

/// Replays `trace` on a general allocator, for reference.
///
/// # Errors
/// The system has fewer threads than the trace.
pub fn round_on_malloc(trace: &Trace, malloc: &Malloc, checked: bool) -> Result<Round, Refused> {
    let game = Game::new(trace, checked.then_some([const { None }; CLASSES]));
    let (elapsed, _) = game.play(malloc)?;
    if game.log.is_clean() {
        game.sweep(malloc);
    }
    let violations = game.log.into_violations();
    Ok(Round { mechanism: None, elapsed, classes: Vec::new(), cas_failures: None, violations })
}

/// The checks when all threads are done, as long as nothing was found before.
fn settle<U: Examined>(trace: &Trace, heap: &mut Pools<U>, game: &Game<'_>, books: &[ClassBooks]) {
    let log = &game.log;
    for class in books {
        if let Some(limit) = class.limit {
            books::bound(class.carved_blocks, limit.peak_live_blocks, limit.bound_blocks, log);
        }
    }
    if log.is_clean() {
        balance(heap, |class| trace.classes[class].live, log);
        game.sweep(heap);
    }
    if log.is_clean() {
        balance(heap, |_| 0, log);
        for (_, pool) in each_class(heap) {
            books::magazines(&pool.magazine_counts(), log);
            books::drain(pool, log);
        }
    }
}

/// Balances the books of each pool, with so many blocks live.
fn balance<U: Examined>(heap: &mut Pools<U>, live: impl Fn(usize) -> usize, log: &Log) {
    for (class, pool) in heap.classes.iter_mut().enumerate() {
        if let Some(pool) = pool {
            books::balance(pool, live(class), log);
        }
    }
}

/// The pools that there are, with their classes.
fn each_class<U>(heap: &Pools<U>) -> impl Iterator<Item = (usize, &U)> {
    heap.classes.iter().enumerate().filter_map(|(class, pool)| Some((class, pool.as_ref()?)))
}

/// Handles on each class: T of the memory bound.
fn handles(trace: &Trace) -> [usize; CLASSES] {
    let mut handles = [0; CLASSES];
    for events in &trace.threads {
        for (count, used) in handles.iter_mut().zip(classes_of(events)) {
            *count += usize::from(used);
        }
    }
    handles
}
