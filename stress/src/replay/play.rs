//! The threads of a replay.
//!
//! Each thread of the trace becomes a thread here and keeps its own order. Between threads the
//! replay keeps only one rule: an object is freed after it was allocated. The freeing thread spins
//! and yields until the block is there, so the replay blocks where the pool does not. The
//! recording's total order is a schedule that respects both, so no replay gets stuck.

use core::panic::AssertUnwindSafe;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicPtr, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use core::time::Duration;
use std::panic;
use std::thread;
use std::time::Instant;

use stampool::Block;

use super::class::{CLASSES, Shape};
use super::heap::{Heap, HeapThread};
use super::read::{Event, Trace};
use crate::gate::Gate;
use crate::num;
use crate::oracle::live::{Gauge, Live};
use crate::oracle::pattern::Extent;
use crate::oracle::violation::{Log, StopOnPanic, Violation, panic_message};
use crate::oracle::{Oracle, Stamp};
use crate::subject::Refused;

/// The checks of one size class.
#[derive(Debug)]
pub(super) struct ClassCheck {
    pub(super) oracle: Oracle,
    pub(super) live: Live,
}

/// What the threads of a replay share, apart from the heap.
#[derive(Debug)]
pub(super) struct Game<'a> {
    trace: &'a Trace,
    /// The block of each object while it is live.
    objects: Box<[AtomicPtr<u8>]>,
    /// Checks per class; `None` for a round that is only timed.
    checks: Option<[Option<ClassCheck>; CLASSES]>,
    pub(super) log: Log,
}

/// Each thread's part of the live counts.
pub(super) type Gauges = [Gauge; CLASSES];

impl<'a> Game<'a> {
    pub(super) fn new(trace: &'a Trace, checks: Option<[Option<ClassCheck>; CLASSES]>) -> Self {
        Self {
            trace,
            objects: (0..trace.objects).map(|_| AtomicPtr::default()).collect(),
            checks,
            log: Log::default(),
        }
    }

    /// The checks of a class, if it has any.
    pub(super) fn check(&self, class: usize) -> Option<&ClassCheck> {
        self.checks.as_ref()?[class].as_ref()
    }

    /// Plays the trace on `heap`; returns the time from the first operation to the last, and
    /// the live counts of the threads that came to their end.
    ///
    /// # Errors
    /// The system has fewer threads than the trace.
    pub(super) fn play<P: Heap>(&self, heap: &P) -> Result<(Duration, Vec<Gauges>), Refused> {
        let gate = Gate::default();
        thread::scope(|scope| {
            let wanted = self.trace.threads.len();
            let mut threads = Vec::with_capacity(wanted);
            for events in &self.trace.threads {
                let gate = &gate;
                let player = move || {
                    let _guard = StopOnPanic(&self.log);
                    // Attach before the clock starts; come to the gate whatever happens.
                    let attach = || heap.attach(&classes_of(events));
                    let attached = panic::catch_unwind(AssertUnwindSafe(attach));
                    gate.pass();
                    match attached.unwrap_or_else(|panic| panic::resume_unwind(panic)) {
                        Ok(mut thread) => (self.thread(&mut thread, events), Instant::now()),
                        Err(refused) => {
                            self.log.report(Violation::Refused { reason: refused.0 });
                            (Gauges::default(), Instant::now())
                        }
                    }
                };
                match thread::Builder::new().spawn_scoped(scope, player) {
                    Ok(thread) => threads.push(thread),
                    Err(_) => break,
                }
            }
            let missing = wanted - threads.len();
            if missing > 0 {
                self.log.stop();
            }
            let began = gate.open_for(threads.len());
            let (gauges, ends): (Vec<_>, Vec<_>) =
                threads.into_iter().filter_map(|thread| self.end_of(thread.join())).unzip();
            if missing > 0 {
                return Err(Refused(format!(
                    "the system gave {missing} of {wanted} threads too few"
                )));
            }
            let ended = ends.into_iter().max().unwrap_or(began);
            Ok((ended.duration_since(began), gauges))
        })
    }

    /// What a thread that came to its end gave; a panic goes to the log.
    fn end_of<T>(&self, end: thread::Result<T>) -> Option<T> {
        end.map_err(|payload| {
            let message = panic_message(&*payload);
            self.log.report(Violation::Panicked { message });
        })
        .ok()
    }

    /// Frees the objects that the trace never frees.
    pub(super) fn sweep<P: Heap>(&self, heap: &P) {
        let mut thread = match heap.attach(&[true; CLASSES]) {
            Ok(thread) => thread,
            Err(refused) => return self.log.report(Violation::Refused { reason: refused.0 }),
        };
        let mut gauges = Gauges::default();
        for event in self.trace.threads.iter().flatten().filter(|event| event.allocates) {
            if self.slot(event).load(Relaxed).is_null() {
                continue;
            }
            if let Err(violation) = self.free(&mut thread, event, &mut gauges) {
                return self.log.report(violation);
            }
        }
    }

    /// One thread of the trace.
    fn thread(&self, thread: &mut impl HeapThread, events: &[Event]) -> Gauges {
        let mut gauges = Gauges::default();
        for event in events {
            let done = if event.allocates {
                self.allocate(thread, event, &mut gauges)
            } else {
                self.free(thread, event, &mut gauges)
            };
            if let Err(violation) = done {
                self.log.report(violation);
            }
            if self.log.stopped() {
                break;
            }
        }
        gauges
    }

    fn allocate(
        &self,
        thread: &mut impl HeapThread,
        event: &Event,
        gauges: &mut Gauges,
    ) -> Result<(), Violation> {
        let shape = event.shape;
        if let Some(class) = shape.class()
            && let Some(check) = self.check(class)
        {
            check.live.begin(&mut gauges[class]);
        }
        let block =
            thread.allocate(shape).map_err(|refused| Violation::Refused { reason: refused.0 })?;
        self.with_oracle(shape, |oracle| {
            // SAFETY: the heap says that the block has the shape's size, and a pool's the
            // whole class's; the oracle touches it only if nobody else owns it.
            unsafe { oracle.admit(block, stamp(event)) }
        })
        .unwrap_or_else(|| {
            touch(block, shape);
            Ok(())
        })?;
        // Release: the thread that frees the object sees what was written to it.
        self.slot(event).store(block.as_ptr(), Release);
        Ok(())
    }

    fn free(
        &self,
        thread: &mut impl HeapThread,
        event: &Event,
        gauges: &mut Gauges,
    ) -> Result<(), Violation> {
        let Some(block) = self.take(event) else {
            return Ok(());
        };
        let shape = event.shape;
        self.with_oracle(shape, |oracle| {
            // SAFETY: admitted with this stamp when it was allocated.
            unsafe { oracle.dismiss(block, stamp(event)) }
        })
        .unwrap_or(Ok(()))?;
        // SAFETY: allocated with this shape; a trace frees each object once.
        unsafe { thread.deallocate(block, shape) };
        if let Some(class) = shape.class()
            && let Some(check) = self.check(class)
        {
            check.live.end(&mut gauges[class]);
        }
        Ok(())
    }

    /// Waits for the object's block and takes it; `None` if the run ends instead.
    fn take(&self, event: &Event) -> Option<Block> {
        let slot = self.slot(event);
        loop {
            // Acquire: pairs with the Release of the allocating thread.
            if let Some(block) = NonNull::new(slot.load(Acquire)) {
                slot.store(null_mut(), Relaxed);
                return Some(Block(block));
            }
            if self.log.stopped() {
                return None;
            }
            thread::yield_now();
        }
    }

    /// Asks the oracle that covers `shape`; `None` in a round that is only timed.
    fn with_oracle<R>(&self, shape: Shape, ask: impl FnOnce(&Oracle) -> R) -> Option<R> {
        let checks = self.checks.as_ref()?;
        let by_class = shape.class().and_then(|class| checks[class].as_ref());
        Some(match by_class {
            Some(check) => ask(&check.oracle),
            None => ask(&Oracle::for_any_memory(shape.layout(), Extent::Ends)),
        })
    }

    fn slot(&self, event: &Event) -> &AtomicPtr<u8> {
        &self.objects[num::index(event.object)]
    }
}

/// The name of an object's allocation.
fn stamp(event: &Event) -> Stamp {
    Stamp::new(event.allocator, event.object.into())
}

/// Writes the first and the last byte, as the least that a program does with its memory.
fn touch(block: Block, shape: Shape) {
    // SAFETY: the block has at least the shape's size, which is not 0.
    unsafe { block.0.write(1) };
    // SAFETY: as above.
    let last = unsafe { block.0.add(shape.layout().size() - 1) };
    // SAFETY: as above.
    unsafe { last.write(1) };
}

/// The classes that a thread's events use.
pub(super) fn classes_of(events: &[Event]) -> [bool; CLASSES] {
    let mut uses = [false; CLASSES];
    for class in events.iter().filter_map(|event| event.shape.class()) {
        uses[class] = true;
    }
    uses
}
