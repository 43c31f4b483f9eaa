//! Threads that end while their pool is dropped, or counted: the door alone, and pools behind one.

use core::alloc::Layout;
use core::sync::atomic::{AtomicIsize, Ordering};
use std::collections::BTreeSet;
use std::sync::Arc;

use core::ptr::NonNull;
use stampool::raw::pool::Tenant;
use stampool::raw::sync::{UnsafeCell, thread};
use stampool::raw::thread_cache::Door;
use stampool::{Pool, Strategy, ThreadLocalPool};

use super::{Depth, Metered};

/// A program, and what may come of it.
#[derive(Clone, Copy)]
pub struct Scenario<B = fn() -> String> {
    /// Its name in the ledger.
    pub name: &'static str,
    /// How far loom looks.
    pub depth: Depth,
    /// Runs it once, or says what to run.
    pub body: B,
    /// All outcomes.
    pub outcomes: &'static [&'static str],
}

impl<B> Scenario<B> {
    /// The outcomes, as a set.
    #[must_use]
    pub fn allowed(&self) -> BTreeSet<String> {
        self.outcomes.iter().map(ToString::to_string).collect()
    }

    /// One at least, and two where they differ in what comes of them.
    #[must_use]
    pub fn fewest(&self) -> u64 {
        self.outcomes.len().min(2) as u64
    }
}

impl Scenario<Fate> {
    /// Threads that run.
    #[must_use]
    pub fn threads(&self) -> usize {
        match self.body {
            Fate::Drop(tenants) => tenants + 1,
            Fate::Census => 2,
        }
    }
}

/// What the rows of the door alone are called.
pub const DOOR: &str = "Door";

/// The door alone.
pub const DOORS: &[Scenario] = &[
    Scenario {
        name: "door/enter_shut",
        depth: Depth::Exhaustive,
        body: || visits_and_shut::<1>(false),
        outcomes: &["in", "out"],
    },
    Scenario {
        name: "door/enter_shut_alone",
        depth: Depth::Exhaustive,
        body: || visits_and_shut::<1>(true),
        outcomes: &["in", "out"],
    },
    Scenario {
        name: "door/enter_enter_shut",
        depth: Depth::Exhaustive,
        body: || visits_and_shut::<2>(false),
        outcomes: &["in in", "in out", "out in", "out out"],
    },
    Scenario {
        name: "door/enter_hold",
        depth: Depth::Exhaustive,
        body: visit_and_hold,
        outcomes: &["visitor first", "owner first"],
    },
];

/// What happens to a pool while threads with blocks in their caches end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is dropped, while so many end.
    Drop(usize),
    /// Its blocks are counted, while one ends.
    Census,
}

/// Pools behind doors, for every strategy.
pub const TENANTS: &[Scenario<Fate>] = &[
    Scenario {
        name: "tenant/end_drop",
        depth: Depth::Exhaustive,
        body: Fate::Drop(1),
        outcomes: &["all memory went back"],
    },
    Scenario {
        name: "tenant/end_end_drop",
        depth: Depth::Preemptions(2),
        body: Fate::Drop(2),
        outcomes: &["all memory went back"],
    },
    Scenario {
        name: "tenant/end_census",
        depth: Depth::Exhaustive,
        body: Fate::Census,
        outcomes: &["all blocks were counted"],
    },
];

/// Runs a scenario of a pool once.
///
/// # Panics
/// At a violation.
#[must_use]
pub fn body<S: Strategy>(scenario: &'static Scenario<Fate>) -> String {
    match scenario.body {
        Fate::Drop(tenants) => end_and_drop::<S>(tenants),
        Fate::Census => end_and_census::<S>(),
    }
}

/// What is behind the door: a cell for each visitor, and one that only the owner writes. Ending it
/// writes them all.
struct Room {
    cells: [UnsafeCell<u32>; 3],
    ends: Arc<AtomicIsize>,
}

// SAFETY: visitors and owner use a cell each, which is what is checked.
unsafe impl Sync for Room {}

impl Drop for Room {
    fn drop(&mut self) {
        for cell in &self.cells {
            // SAFETY: whoever ends the room is alone with it, which is what is checked.
            cell.with_mut(|cell| unsafe { *cell += 1 });
        }
        self.ends.fetch_add(1, Ordering::Relaxed);
    }
}

/// A room, its door, and how often the room has ended.
fn room() -> (NonNull<Room>, Arc<Door<Room>>, Arc<AtomicIsize>) {
    let ends = Arc::new(AtomicIsize::new(0));
    let cells = core::array::from_fn(|_| UnsafeCell::new(0));
    let room = NonNull::from(Box::leak(Box::new(Room { cells, ends: Arc::clone(&ends) })));
    // SAFETY: from a box, and left to the door.
    (room, Arc::new(unsafe { Door::new(room) }), ends)
}

fn visits_and_shut<const VISITORS: usize>(waits: bool) -> String {
    let (room, door, ends) = room();
    let visitors: Vec<_> = (0..VISITORS)
        .map(|number| {
            let door = Arc::clone(&door);
            thread::spawn(move || {
                let Some(inside) = door.enter() else { return "out" };
                // SAFETY: this visitor's cell, while inside.
                inside.cells[number].with_mut(|cell| unsafe { *cell += 1 });
                "in"
            })
        })
        .collect();
    // SAFETY: the owner uses the room until it shuts the door.
    let owned = unsafe { room.as_ref() };
    // SAFETY: the owner's cell.
    owned.cells[2].with_mut(|cell| unsafe { *cell += 1 });
    if waits {
        // SAFETY: the owner, once.
        unsafe { door.shut_alone() };
        assert_eq!(ends.load(Ordering::Relaxed), 1, "the room was still there");
    } else {
        // SAFETY: the owner, once.
        unsafe { door.shut() };
    }
    let visits: Vec<&str> =
        visitors.into_iter().map(|visitor| visitor.join().expect("no panic unreported")).collect();
    assert_eq!(ends.load(Ordering::Relaxed), 1, "the room did not end exactly once");
    visits.join(" ")
}

fn visit_and_hold() -> String {
    let (room, door, ends) = room();
    let visitor = {
        let door = Arc::clone(&door);
        thread::spawn(move || {
            let inside = door.enter().expect("not shut yet");
            inside.cells[0].with_mut(|cell| {
                // SAFETY: nobody holds the room while somebody is inside, which is what is checked.
                let cell = unsafe { &mut *cell };
                *cell += 1;
                *cell
            })
        })
    };
    let held = door.hold();
    // SAFETY: the owner uses the room until it shuts the door.
    let owned = unsafe { room.as_ref() };
    // SAFETY: nobody is inside, which is what is checked.
    owned.cells[0].with_mut(|cell| unsafe { *cell += 1 });
    drop(held);
    let seen = visitor.join().expect("no panic unreported");
    // SAFETY: the owner, once.
    unsafe { door.shut() };
    assert_eq!(ends.load(Ordering::Relaxed), 1, "the room did not end exactly once");
    if seen == 1 { "visitor first" } else { "owner first" }.into()
}

/// A tenant that has a block in its cache, on its way to the thread that ends.
struct Moving<S: Strategy>(Tenant<S>);

// SAFETY: a tenant is bound to one thread only so that two don't use it at a time; here it moves
// between the setup and its thread, which the start orders.
unsafe impl<S: Strategy> Send for Moving<S> {}

fn pool_and_tenants<S: Strategy>(
    regions: &Arc<AtomicIsize>,
    tenants: usize,
) -> (ThreadLocalPool<S>, Vec<Moving<S>>) {
    let pool = Pool::builder(Layout::new::<u64>())
        .strategy::<S>()
        .batch(2)
        .chunk_blocks(2 * tenants)
        .limbo_magazines(1)
        .source(Metered(Arc::clone(regions)))
        .build_thread_local()
        .expect("a pool");
    let seat = |_| {
        // SAFETY: used in these lines, and then dropped only.
        let tenant = unsafe { pool.tenant() }.expect("memory");
        let block = tenant.allocate().expect("memory");
        // SAFETY: just allocated.
        unsafe { tenant.deallocate(block) };
        Moving(tenant)
    };
    let tenants = (0..tenants).map(seat).collect();
    (pool, tenants)
}

fn end_and_drop<S: Strategy>(tenants: usize) -> String {
    let regions = Arc::new(AtomicIsize::new(0));
    let (pool, tenants) = pool_and_tenants::<S>(&regions, tenants);
    let end = |tenant| thread::spawn(move || drop::<Moving<S>>(tenant));
    let ending: Vec<_> = tenants.into_iter().map(end).collect();
    drop(pool);
    ending.into_iter().for_each(|thread| thread.join().expect("no panic unreported"));
    assert_eq!(regions.load(Ordering::Relaxed), 0, "a region did not go back exactly once");
    "all memory went back".into()
}

fn end_and_census<S: Strategy>() -> String {
    let regions = Arc::new(AtomicIsize::new(0));
    let (mut pool, tenants) = pool_and_tenants::<S>(&regions, 1);
    let ending = thread::spawn(move || drop(tenants));
    let (census, carved) = (pool.census(), pool.stats().carved_blocks);
    assert_eq!(census.free_blocks(), carved, "a block was not counted");
    ending.join().expect("no panic unreported");
    drop(pool);
    assert_eq!(regions.load(Ordering::Relaxed), 0, "a region did not go back exactly once");
    "all blocks were counted".into()
}
