//! Which subjects a workload is run with.

use core::alloc::{GlobalAlloc, Layout};
use std::alloc::System;

use crossbeam_queue::SegQueue;
#[cfg(feature = "mallocs")]
use peers::malloc::{Jemalloc, MiMalloc, SnMalloc};
use peers::{HazardDeferred, HazardEager, SeizeDeferred, SeizeOwned};
#[cfg(feature = "mallocs")]
use rpmalloc::RpMalloc;
use stampool::raw::free_list::Reclaimer;
use stampool::raw::{each_strategy, with_strategies};
use stampool::{Checked, Checking, Hardened, Strategy, TaggedWide, Unchecked};

use crate::batch::Batch;
use crate::rounds::{Contender, Entry, Holding};
use crate::subject::{block_of, sized};
use crate::subjects::designs::{
    Backlog, Copy, Design, FullFlush, Indexed, IndexedMagazines, Prototype, Swap,
};
use crate::subjects::{
    AnySubject, ArrayStack, COURSES, Counted, Deques, Erased, Floor, FloorInMemory, LinearPool,
    Listed, Malloc, OPool, OnCourse, ParkingLot, QueueOfBlocks, Slab, Static, StdMutex,
    checking_pool, exact, per_thread,
};
use crate::title::{Role, Title, names};
use crate::workload::{Kind, Workload};
use crate::{Measured, Sample};

/// A subject in its workload.
struct Run {
    subject: Box<dyn AnySubject>,
    workload: Workload,
}

impl Entry for Run {
    fn sample(&self, operations: u64) -> Sample {
        self.workload.sample(&*self.subject, operations)
    }

    fn hold(&self, operations: u64, touches: bool) -> Holding {
        let touched_bytes = if touches { self.workload.size_bytes } else { 0 };
        let erased = Erased(&*self.subject);
        let counted = Counted::new(&erased, touched_bytes);
        self.workload.sample(&counted, operations);
        Holding {
            live_blocks: counted.peak_blocks(),
            handles: if self.subject.keeps() {
                self.workload.users()
            } else {
                counted.peak_handles()
            },
            blocks: self.subject.blocks(),
        }
    }
}

/// Whether it is the strategy of pools for which none is chosen.
pub(crate) fn is_default<S: Strategy>() -> bool {
    S::NAME == <TaggedWide>::NAME
}

/// Adds the forms without handles, and then those without caches, of all strategies but the default
/// one.
macro_rules! other_forms {
    ($line:ident $($strategy:ident)*) => {
        $(if !is_default::<stampool::$strategy>() {
            let name = concat!("ThreadLocalPool, ", stringify!($strategy));
            $line.per_thread::<stampool::$strategy>(name, &Batch::FIXED);
        })*
        $(if !is_default::<stampool::$strategy>() && is_cacheless::<stampool::$strategy>() {
            let name = concat!("ExactPool, ", stringify!($strategy));
            let layout = $line.layout;
            $line.add(name, Role::Ours, || exact::<stampool::$strategy>(layout));
        })*
    };
}

/// A pool without caches refuses what defers.
fn is_cacheless<S: Strategy>() -> bool {
    !S::Reclaimer::DEFERS
}

/// A choice of subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Suite {
    /// The pools under each strategy, and little beside them.
    Strategies,
    /// The same, and the general allocators.
    StrategiesMallocs,
    /// The default strategy, in every form, against what one would use instead.
    Peers,
    /// Both of these.
    All,
    /// Prototypes that exchange otherwise than the pools, beside the default strategy.
    Designs,
    /// Blocks that come round in a given order and at a given distance, without an allocator, beside
    /// pools and two mallocs.
    Courses,
}

impl Suite {
    const fn has_peers(self) -> bool {
        matches!(self, Self::Peers | Self::All)
    }

    const fn has_strategies(self) -> bool {
        matches!(self, Self::Strategies | Self::StrategiesMallocs | Self::All)
    }

    /// Whether this build has all that belongs to it: general allocators are a feature.
    pub const fn is_built(self) -> bool {
        cfg!(feature = "mallocs") || matches!(self, Self::Strategies)
    }
}

/// The subjects of `workload` that are `wanted`. Others are not made.
///
/// # Panics
///
/// On a size of block that is not in [`SIZES`](crate::subject::SIZES).
pub fn contenders(
    workload: Workload,
    suite: Suite,
    wanted: impl Fn(&Title) -> bool,
) -> Vec<Contender> {
    line_up(workload, suite, &wanted)
}

/// Not generic, so that every subject in every workload is compiled once, and not again for each
/// program that asks for some.
fn line_up(workload: Workload, suite: Suite, wanted: &dyn Fn(&Title) -> bool) -> Vec<Contender> {
    Line::new(workload, wanted).of(suite)
}

/// The subjects of a workload, as they line up.
pub(crate) struct Line<'w> {
    workload: Workload,
    layout: Layout,
    wanted: &'w dyn Fn(&Title) -> bool,
    pub(crate) all: Vec<Contender>,
}

impl<'w> Line<'w> {
    pub(crate) fn new(workload: Workload, wanted: &'w dyn Fn(&Title) -> bool) -> Self {
        Self { workload, layout: block_of(workload.size_bytes), wanted, all: Vec::new() }
    }

    fn of(mut self, suite: Suite) -> Vec<Contender> {
        self.limits();
        match suite {
            Suite::Designs => self.designs(),
            Suite::Courses => self.courses(),
            _ => self.pools_and_peers(suite),
        }
        self.all
    }

    fn pools_and_peers(&mut self, suite: Suite) {
        for batch in Batch::FIXED {
            each_strategy!(S => {
                if is_default::<S>() || suite.has_strategies() {
                    self.pool::<S>(batch);
                }
            });
            if suite.has_strategies() {
                // Other people's reclamation behind the same lists: twice as in a program of its
                // own, as far as that goes here, and twice as the models run it.
                self.adapted::<SeizeDeferred>(batch);
                self.adapted::<HazardDeferred>(batch);
                self.adapted::<SeizeOwned>(batch);
                self.adapted::<HazardEager>(batch);
            }
        }
        if suite.has_peers() {
            self.pool::<TaggedWide>(Batch::GROWING);
        }
        self.other_forms(suite);
        // What is promised of checked pools is promised of a hit.
        if suite.has_strategies() || self.workload.kind == Kind::Hit {
            let more = suite.has_peers().then_some(Batch::GROWING);
            for batch in Batch::FIXED.into_iter().chain(more) {
                self.named_pool::<TaggedWide, Checked>(names::CHECKED, Role::Ours, batch);
                self.named_pool::<TaggedWide, Hardened>(names::HARDENED, Role::Ours, batch);
            }
        }
        self.peers(suite);
    }

    fn limits(&mut self) {
        let layout = self.layout;
        if self.workload.writes() {
            let in_flight = self.workload.in_flight();
            self.add(names::FLOOR, Role::Floor, || FloorInMemory::new(layout, in_flight));
        } else {
            self.add(names::FLOOR, Role::Floor, || Floor);
        }
        if self.workload.is_private() {
            let blocks = self.workload.live_blocks().max(Batch::SMALL.min);
            self.add(names::ARRAY_STACK, Role::Limit, || ArrayStack { blocks, layout });
        }
    }

    /// Without a handle, and without caches.
    fn other_forms(&mut self, suite: Suite) {
        self.per_thread::<TaggedWide>(names::PER_THREAD, &Batch::FIXED);
        if suite.has_peers() {
            self.per_thread::<TaggedWide>(names::PER_THREAD, &[Batch::GROWING]);
        }
        if self.layout.size() == 64 {
            self.add(names::STATIC, Role::Ours, || Static);
        }
        let layout = self.layout;
        self.add(names::EXACT, Role::Ours, || exact::<TaggedWide>(layout));
        if suite == Suite::All {
            with_strategies!(other_forms { self });
        }
    }

    /// What exchanges could be like, between the default strategy and two of the mallocs.
    fn designs(&mut self) {
        self.pool::<TaggedWide>(Batch::SMALL);
        self.design::<Copy>("copy, pointers, half flush");
        self.design::<IndexedMagazines>("copy, 32-bit magazines");
        self.design::<Indexed>("copy, 32-bit throughout");
        self.design::<Swap>("swap");
        self.design::<FullFlush>("copy, full flush");
        self.design::<Backlog<1>>("copy, backlog of 1");
        self.design::<Backlog<4>>("copy, backlog of 4");
        self.malloc(names::SYSTEM, System);
        #[cfg(feature = "mallocs")]
        self.malloc("jemalloc", Jemalloc);
    }

    /// The harness with blocks in other orders, beside what it measures.
    fn courses(&mut self) {
        let layout = self.layout;
        for course in COURSES {
            self.add(course.name, Role::Floor, || OnCourse::new(course, layout));
        }
        Batch::ALL.into_iter().for_each(|batch| self.pool::<TaggedWide>(batch));
        #[cfg(feature = "mallocs")]
        {
            self.malloc("snmalloc", SnMalloc);
            self.malloc("jemalloc", Jemalloc);
        }
    }

    fn design<D: Design<{ Batch::SMALL.min }>>(&mut self, name: &'static str) {
        let (live, handles) = (self.workload.live_blocks(), self.workload.threads());
        let (title, layout) = (Title { name, batch: Some(Batch::SMALL) }, self.layout);
        self.add_with(title, Role::Prototype, || Prototype::<D, _>::new(layout, live, handles));
    }

    fn peers(&mut self, suite: Suite) {
        let layout = self.layout;
        // Twice what is live, so that a queue's two ends work on different lines.
        let blocks = 2 * self.workload.live_blocks();
        self.malloc(names::SYSTEM, System);
        self.add(names::ARRAY_QUEUE, Role::Pool, || QueueOfBlocks::new(blocks, layout));
        if suite != Suite::Strategies {
            self.mallocs();
        }
        if !suite.has_peers() {
            return;
        }
        self.add("std Mutex<Vec>", Role::Pool, || Listed::new(StdMutex::default(), layout));
        self.add("parking_lot Mutex<Vec>", Role::Pool, || {
            Listed::new(ParkingLot::default(), layout)
        });
        self.add("crossbeam SegQueue", Role::Pool, || Listed::new(SegQueue::new(), layout));
        self.add("crossbeam-deque", Role::Pool, || Deques::new(layout));
        sized!(layout, SIZE => self.add("sharded-slab", Role::Pool, Slab::<SIZE>::new));
        self.add("object-pool", Role::Pool, || {
            Listed::new(object_pool::Pool::from_vec(Vec::new()), layout)
        });
        self.add("lockfree-object-pool", Role::Pool, || LinearPool::new(layout));
        self.add("opool", Role::Pool, || OPool::new(blocks, layout));
    }

    /// Other people's general allocators, where they are built.
    fn mallocs(&mut self) {
        #[cfg(feature = "mallocs")]
        {
            self.malloc("mimalloc", MiMalloc);
            self.malloc("snmalloc", SnMalloc);
            self.malloc("jemalloc", Jemalloc);
            self.malloc("rpmalloc", RpMalloc);
        }
    }

    pub(crate) fn add<S: Measured + 'static>(
        &mut self,
        name: &'static str,
        role: Role,
        make: impl FnOnce() -> S,
    ) {
        self.add_with(Title { name, batch: None }, role, make);
    }

    fn add_with<S: Measured + 'static>(
        &mut self,
        title: Title,
        role: Role,
        make: impl FnOnce() -> S,
    ) {
        if (self.wanted)(&title) {
            let subject = Box::new(make());
            self.all.push(Contender::new(title, role, Run { subject, workload: self.workload }));
        }
    }

    pub(crate) fn malloc(
        &mut self,
        name: &'static str,
        heap: impl GlobalAlloc + Send + Sync + 'static,
    ) {
        sized!(self.layout, SIZE => self.add(name, Role::Malloc, || Malloc::<_, SIZE>(heap)));
    }

    pub(crate) fn pool<S: Strategy>(&mut self, batch: Batch) {
        self.named_pool::<S, Unchecked>(S::NAME, Role::Ours, batch);
    }

    fn adapted<S: Strategy>(&mut self, batch: Batch) {
        self.named_pool::<S, Unchecked>(S::NAME, Role::Adapted, batch);
    }

    fn named_pool<S: Strategy, C: Checking>(
        &mut self,
        name: &'static str,
        role: Role,
        batch: Batch,
    ) {
        let (title, layout) = (Title { name, batch: Some(batch) }, self.layout);
        self.add_with(title, role, || checking_pool::<S, C>(layout, batch));
    }

    fn per_thread<S: Strategy>(&mut self, name: &'static str, batches: &[Batch]) {
        for &batch in batches {
            let (title, layout) = (Title { name, batch: Some(batch) }, self.layout);
            self.add_with(title, Role::Ours, || per_thread::<S>(layout, batch));
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A subject of the test's own.
    pub(crate) fn contender(
        title: Title,
        role: Role,
        subject: impl Measured + 'static,
        workload: Workload,
    ) -> Contender {
        Contender::new(title, role, Run { subject: Box::new(subject), workload })
    }
}
