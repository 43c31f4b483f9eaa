//! Histories: the last calls of each handle, by one clock, checked afterwards for linearizability.
//!
//! A pool without a limit is a set of blocks that are independent of each other: each is free or
//! live. Linearizability is local (Herlihy & Wing 1990), so a history is checked block by block,
//! each against the multiset of one block, by the checker of the model checks ([`histories`]).
//!
//! A handle keeps its last [`RING`] calls. Consider the last instant at which a call on the block
//! may have been forgotten and at which no call on the block was in progress. Only calls that began
//! after it count: earlier calls decide only whether the block was live at that instant, which is
//! left open. A stretch in which one call lasts so long that more than [`MAX_CALLS`] other calls on
//! its block overlap it is left open as well.
//!
//! The clock is one counter that every call reads twice, `Relaxed`. It adds no happens-before edge,
//! though on x86-64 it is a barrier, and it is one cache line for all threads.

use core::mem::ManuallyDrop;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use histories::linearize::{MAX_CALLS, linearize};
use histories::{Call, History, Multiset, Object as _, Operation};

use stampool::Block;

use super::violation::{Log, Violation};
use crate::subject::{Examined, Handle, Subject, examined_through};

/// Calls that a handle keeps.
pub const RING: usize = 4096;
/// Handles that have left and whose calls are kept: where threads come and go for hours, the last.
const RINGS: usize = 256;

/// A subject whose calls are written down.
#[derive(Debug)]
pub struct Recorded<U> {
    subject: U,
    clock: AtomicUsize,
    /// Those of the handles that left last.
    rings: Mutex<Kept>,
    kept: usize,
}

/// What is kept of handles that have left.
#[derive(Debug, Default)]
struct Kept {
    rings: VecDeque<Ring>,
    /// When the last call returned of those whose rings are no longer here.
    forgotten: usize,
    /// Handles that have left.
    left: usize,
}

/// What one handle did last.
#[derive(Debug, Default)]
struct Ring {
    calls: VecDeque<Call<Operation>>,
    /// When the last call returned that is no longer here.
    forgotten: usize,
}

/// A handle of it.
#[derive(Debug)]
pub struct Scribe<'a, U: Examined + 'a> {
    /// Let go of, not left, where its thread unwinds: what has panicked once may do so again.
    handle: ManuallyDrop<U::Handle<'a>>,
    recorded: &'a Recorded<U>,
    ring: Ring,
}

impl<U: Examined> Recorded<U> {
    /// Writes down the last `kept` calls of each handle of `subject`.
    pub fn new(subject: U, kept: usize) -> Self {
        let (clock, rings) = Default::default();
        Self { subject, clock, rings, kept }
    }

    fn tick(&self) -> usize {
        self.clock.fetch_add(1, Relaxed)
    }

    /// Checks what was written down. All handles are gone.
    pub fn check(&mut self, log: &Log) {
        let kept = self.rings.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Kept { rings, forgotten, .. } = core::mem::take(kept);
        let since = rings.iter().map(|ring| ring.forgotten).fold(forgotten, usize::max);
        let mut blocks: HashMap<usize, Vec<Call<Operation>>> = HashMap::new();
        for call in rings.into_iter().flat_map(|ring| ring.calls) {
            if let Operation::Allocated(block) | Operation::Freed(block) = call.op {
                blocks.entry(block).or_default().push(call);
            }
        }
        let mut blocks: Vec<_> = blocks.into_iter().collect();
        // In the order of their first calls: the first that is wrong is the same each time.
        blocks.sort_by_key(|(_, calls)| calls.iter().map(|call| call.invoked).min());
        let wrong = blocks.into_iter().find_map(|(block, calls)| {
            let history = first_fault(History(calls).numbered().0, since)?;
            Some(Violation::NotLinearizable { block, history: history.to_string() })
        });
        wrong.into_iter().for_each(|violation| log.report(violation));
    }
}

/// The first part of one block's history that no order explains. `calls` in the order in which they
/// began; before `since` some may be missing.
fn first_fault(calls: Vec<Call<Operation>>, since: usize) -> Option<History> {
    // No call is missing that returned later, and none is on at the first cut from there on.
    let mut cut = since;
    let mut calls = calls.into_iter().filter(|call| call.returned >= since).peekable();
    if since > 0 {
        while let Some(call) = calls.next_if(|call| call.invoked <= cut) {
            cut = cut.max(call.returned);
        }
    }
    let free = Multiset::new(1, 1);
    let either = [vec![free.clone()], free.apply(0, &Operation::Allocated(0))].concat();
    let mut starts = if since > 0 { either.clone() } else { vec![free] };
    while calls.peek().is_some() {
        let window = window(&mut calls);
        if window.len() > MAX_CALLS {
            starts.clone_from(&either);
            continue;
        }
        let orders: Vec<_> = starts
            .iter()
            .filter_map(|start| {
                let order = linearize(start.clone(), &window).ok()?;
                let mut states = vec![start.clone()];
                for nth in order {
                    states =
                        states.iter().flat_map(|state| state.apply(0, &window[nth].op)).collect();
                }
                states.pop()
            })
            .collect();
        if orders.is_empty() {
            return Some(History(window));
        }
        starts = orders;
    }
    None
}

/// The next calls, up to an instant at which none is on. They are more than can be checked where
/// one was held up for long, and others went on.
fn window(
    calls: &mut core::iter::Peekable<impl Iterator<Item = Call<Operation>>>,
) -> Vec<Call<Operation>> {
    let (mut window, mut over) = (Vec::new(), 0);
    while let Some(call) =
        calls.next_if(|call| call.invoked <= over || window.len() < MAX_CALLS / 2)
    {
        over = over.max(call.returned);
        window.push(call);
    }
    window
}

impl<U: Examined> Subject for Recorded<U> {
    type Refusal = U::Refusal;
    type Handle<'a>
        = Scribe<'a, U>
    where
        U: 'a;

    fn attach(&self) -> Result<Scribe<'_, U>, U::Refusal> {
        let handle = ManuallyDrop::new(self.subject.attach()?);
        Ok(Scribe { handle, recorded: self, ring: Ring::default() })
    }
}

examined_through! {
    [U: Examined] Recorded<U>, subject,
    fn check_history(&mut self, log: &Log) {
        self.check(log);
    }
}

impl<U: Examined> Scribe<'_, U> {
    fn write(&mut self, op: Operation, invoked: usize) {
        let call = Call { thread: 0, op, invoked, returned: self.recorded.tick() };
        let ring = &mut self.ring;
        if ring.calls.len() == self.recorded.kept
            && let Some(oldest) = ring.calls.pop_front()
        {
            ring.forgotten = oldest.returned;
        }
        ring.calls.push_back(call);
    }
}

impl<U: Examined> Handle for Scribe<'_, U> {
    type Refusal = U::Refusal;

    fn allocate(&mut self) -> Result<Block, U::Refusal> {
        let invoked = self.recorded.tick();
        let block = self.handle.allocate()?;
        self.write(Operation::Allocated(block.0.addr().get()), invoked);
        Ok(block)
    }

    unsafe fn deallocate(&mut self, block: Block) {
        let invoked = self.recorded.tick();
        // SAFETY: the caller's contract is the same.
        unsafe { self.handle.deallocate(block) };
        self.write(Operation::Freed(block.0.addr().get()), invoked);
    }

    fn linger(&self, f: &mut dyn FnMut()) {
        self.handle.linger(f);
    }
}

impl<U: Examined> Drop for Scribe<'_, U> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: once, and it is not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.handle) };
        }
        let mut kept = self.recorded.rings.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ring = core::mem::take(&mut self.ring);
        ring.calls.iter_mut().for_each(|call| call.thread = kept.left);
        kept.left += 1;
        kept.rings.push_back(ring);
        if kept.rings.len() > RINGS
            && let Some(Ring { calls, forgotten }) = kept.rings.pop_front()
        {
            let last = calls.back().map_or(forgotten, |call| call.returned);
            kept.forgotten = kept.forgotten.max(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Operation::{Allocated, Freed};

    fn history(calls: &[(Operation, usize, usize)]) -> Vec<Call<Operation>> {
        let call = |(op, invoked, returned)| Call { thread: 0, op, invoked, returned };
        calls.iter().copied().map(call).collect()
    }

    #[test]
    fn turns_that_follow_each_other_are_fine_over_many_windows() {
        let turns = (0..1000)
            .flat_map(|n| [(Allocated(0), 8 * n, 8 * n + 1), (Freed(0), 8 * n + 4, 8 * n + 5)]);
        let mut calls: Vec<_> = turns.collect();
        assert_eq!(first_fault(history(&calls), 0), None);
        // One more in the middle.
        calls.insert(1001, (Allocated(0), 4002, 4003));
        let fault = first_fault(history(&calls), 0).expect("two owners");
        assert!(fault.0.iter().any(|call| call.invoked == 4002), "{fault}");
    }

    #[test]
    fn what_overlaps_may_be_in_either_order() {
        let calls =
            [(Allocated(0), 0, 1), (Freed(0), 2, 9), (Allocated(0), 3, 4), (Freed(0), 5, 6)];
        assert_eq!(first_fault(history(&calls), 0), None);
        let calls = [(Allocated(0), 0, 1), (Allocated(0), 3, 4), (Freed(0), 5, 9)];
        assert!(first_fault(history(&calls), 0).is_some());
    }

    #[test]
    fn a_call_that_lasts_very_long_is_left_open() {
        let within = (0..100)
            .flat_map(|n| [(Allocated(0), 4 * n + 1, 4 * n + 2), (Freed(0), 4 * n + 3, 4 * n + 4)]);
        let long = [(Allocated(0), 0, 1000)].into_iter().chain(within);
        let calls: Vec<_> = long.chain([(Freed(0), 1001, 1002)]).collect();
        assert_eq!(first_fault(history(&calls), 0), None);
        let twice = calls.into_iter().chain([(Freed(0), 1003, 1004), (Freed(0), 1005, 1006)]);
        assert!(first_fault(history(&twice.collect::<Vec<_>>()), 0).is_some());
    }

    #[test]
    fn what_was_forgotten_is_left_open() {
        // Free or live at the start, as it must be.
        assert_eq!(first_fault(history(&[(Freed(0), 10, 11)]), 5), None);
        assert!(first_fault(history(&[(Freed(0), 10, 11)]), 0).is_some());
        // What is on when the last forgotten call returns says nothing.
        let calls = [(Freed(0), 1, 6), (Freed(0), 10, 11), (Allocated(0), 12, 13)];
        assert_eq!(first_fault(history(&calls), 5), None);
        // What comes after it does.
        let calls = [(Freed(0), 10, 11), (Freed(0), 12, 13)];
        assert!(first_fault(history(&calls), 5).is_some());
    }
}
