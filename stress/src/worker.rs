//! One thread's checked access to the subject.

use core::ptr::NonNull;
use core::time::Duration;
use std::thread;
use std::time::Instant;

use stampool::raw::sync::thread::yield_now;

use crate::board::{Board, Phase, Post};
use crate::oracle::limit::Limit;
use crate::oracle::live::{Gauge, Live};
use crate::oracle::violation::{Log, Violation};
use crate::oracle::{Oracle, Stamp};
use crate::pin::Pins;
use crate::rng::Rng;
use crate::subject::Handle;

/// A block in a worker's hands. Not `Copy`: the harness itself cannot free it twice.
#[derive(Debug)]
#[must_use = "a dropped block looks lost to the oracle"]
pub struct Block(stampool::Block);

// SAFETY: a block is memory without thread affinity, and the token is its only owner.
unsafe impl Send for Block {}

impl Block {
    /// Gives up the token for the address, to travel through an atomic pointer.
    pub(crate) fn into_raw(self) -> *mut u8 {
        self.0.as_ptr()
    }

    /// The block at `raw`, if it is not null.
    ///
    /// # Safety
    /// A non-null `raw` must come from `into_raw` and be turned back only once.
    pub(crate) unsafe fn from_raw(raw: *mut u8) -> Option<Self> {
        NonNull::new(raw).map(|block| Self(stampool::Block(block)))
    }
}

/// What all workers of a run share.
#[derive(Debug)]
pub struct Desk<'a> {
    /// Where violations go.
    pub log: &'a Log,
    /// Where each thread says what it is at.
    pub board: &'a Board,
    /// Checks each block; `None` to measure the pool with less beside it.
    pub oracle: Option<Oracle>,
    /// Counts live blocks.
    pub live: Live,
    /// Watches over the limit, if the subject has one: then refusals are no violations.
    pub limit: Option<Limit<'a>>,
    /// The cores that threads stay on, if they are to.
    pub pins: Option<Pins>,
    /// Blocks per batch, to which scenarios scale.
    pub batch: usize,
}

/// One of the parallel threads of a run, with all that outlives its handles.
#[derive(Debug)]
pub struct Lane {
    /// Number of the lane, from 0.
    pub index: u16,
    /// Operations done: allocations and deallocations.
    pub ops: u64,
    /// Allocations that were refused, where there is a limit.
    pub refusals: u64,
    /// Operations after which the lane ends.
    pub quota: u64,
    /// Operations after which its present handle leaves.
    pub leave_at: u64,
    /// When the whole run ends, if by time. Each lane looks for itself: with many threads no
    /// single one can be relied on to run in time.
    pub deadline: Option<Instant>,
    /// The lane's part of the live count.
    pub gauge: Gauge,
    /// The lane's random numbers.
    pub rng: Rng,
    /// Blocks in hand from one handle to the next.
    pub carried: Vec<Block>,
    serial: u64,
    /// Operations after which the clock is looked at next.
    look_at: u64,
}

impl Lane {
    /// Operations between two checks of the clock.
    const LOOK: u64 = 256;

    /// A lane at its start.
    pub fn new(index: u16, seed: u64, quota: u64) -> Self {
        Self {
            index,
            ops: 0,
            refusals: 0,
            quota,
            leave_at: u64::MAX,
            deadline: None,
            gauge: Gauge::default(),
            rng: Rng::new(seed, index),
            carried: Vec::new(),
            serial: 0,
            look_at: 0,
        }
    }

    /// Says whether it is time to end, at every so many operations.
    fn is_late(&mut self) -> bool {
        if self.ops < self.look_at {
            return false;
        }
        self.look_at = self.ops + Self::LOOK;
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// The next allocation of this lane.
    fn stamp(&mut self) -> Stamp {
        self.serial += 1;
        Stamp::new(self.index, self.serial)
    }
}

/// A lane at work on one handle.
#[derive(Debug)]
pub struct Worker<'a, H> {
    /// The lane.
    pub lane: &'a mut Lane,
    desk: &'a Desk<'a>,
    handle: &'a mut H,
    post: &'a Post,
}

impl<'a, H: Handle> Worker<'a, H> {
    /// Puts a lane to work.
    pub fn new(lane: &'a mut Lane, desk: &'a Desk<'a>, handle: &'a mut H) -> Self {
        let post = desk.board.lane(lane.index);
        Self { lane, desk, handle, post }
    }

    /// Says what this thread is at.
    fn at(&self, phase: Phase) {
        self.post.set(phase, self.lane.ops);
    }

    /// Says that a step of the scenario begins.
    pub fn step(&self) {
        self.post.step();
    }

    /// Lets other threads run: there is no message, or no room for one.
    pub fn wait(&self) {
        self.at(Phase::Waiting);
        // The facade's: a steered build passes the token on here.
        yield_now();
    }

    /// Sleeps between two operations.
    pub fn pause(&self, time: Duration) {
        self.at(Phase::Pausing);
        thread::sleep(time);
        self.at(Phase::Working);
    }

    /// Sleeps in the middle of an exchange.
    pub fn linger(&self, time: Duration) {
        self.at(Phase::Lingering);
        self.handle.linger(&mut || thread::sleep(time));
        self.at(Phase::Working);
    }

    /// Says whether this handle has work left; ends the run when its time is up.
    pub fn has_budget(&mut self) -> bool {
        if self.lane.is_late() {
            self.desk.log.stop();
        }
        self.lane.ops < self.lane.leave_at.min(self.lane.quota) && !self.stopped()
    }

    /// Says whether the run ends: time is up, or something broke.
    pub fn stopped(&self) -> bool {
        self.desk.log.stopped()
    }

    /// Blocks per batch.
    pub fn batch(&self) -> usize {
        self.desk.batch
    }

    /// Allocates and checks; `None` after a violation, which is in the log then, or where the
    /// subject is at its limit.
    pub fn allocate(&mut self) -> Option<Block> {
        self.desk.live.begin(&mut self.lane.gauge);
        self.at(Phase::Allocating);
        let allocated = self.handle.allocate();
        self.lane.ops += u64::from(allocated.is_ok());
        self.at(Phase::Working);
        let block = match allocated {
            Ok(block) => block,
            Err(refused) => {
                self.desk.live.end(&mut self.lane.gauge);
                self.take_refusal(refused.to_string());
                return None;
            }
        };
        if let Some(limit) = &self.desk.limit
            && let Err(violation) = limit.admit()
        {
            self.desk.log.report(violation);
        }
        if let Some(oracle) = &self.desk.oracle {
            let stamp = self.lane.stamp();
            // SAFETY: the subject says that these are blocks of its layout; the oracle
            // touches the block only if nobody else owns it.
            if let Err(violation) = unsafe { oracle.admit(block, stamp) } {
                self.desk.log.report(violation);
                return None;
            }
        }
        Some(Block(block))
    }

    /// Checks and gives back. After a violation the block is kept out of circulation.
    pub fn free(&mut self, block: Block) {
        let Block(block) = block;
        if let Some(oracle) = &self.desk.oracle
            && let Err(violation) = Self::dismiss(oracle, block)
        {
            self.desk.log.report(violation);
            return;
        }
        if let Some(limit) = &self.desk.limit {
            limit.dismiss();
        }
        self.at(Phase::Freeing);
        // SAFETY: the token was the only one for this allocation, and is gone.
        unsafe { self.handle.deallocate(block) };
        self.lane.ops += 1;
        self.at(Phase::Working);
        self.desk.live.end(&mut self.lane.gauge);
    }

    /// Judges an allocation that failed.
    fn take_refusal(&mut self, reason: String) {
        let reason = Violation::Refused { reason };
        match &self.desk.limit {
            Some(limit) if !reason.is_out_of_memory() => match limit.refused() {
                Ok(()) => self.lane.refusals += 1,
                Err(violation) => self.desk.log.report(violation),
            },
            _ => self.desk.log.report(reason),
        }
    }

    /// Checks a block on its way back.
    fn dismiss(oracle: &Oracle, block: stampool::Block) -> Result<(), Violation> {
        let Some(stamp) = oracle.owner(block) else {
            let block = block.0.addr().get();
            return Err(Violation::OwnerChanged { block, expected: None, found: None });
        };
        // SAFETY: a token exists only for an admitted block, and its stamp is in the table.
        unsafe { oracle.dismiss(block, stamp) }
    }
}
