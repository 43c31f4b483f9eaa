//! Threads that end while their pool is dropped, or counted: the rundown alone, and pools that it
//! protects.

use core::alloc::Layout;
use core::sync::atomic::{AtomicIsize, Ordering};
use std::collections::BTreeSet;
use std::sync::Arc;

use core::ptr::NonNull;
use stampool::raw::pool::DetachedLocal;
use stampool::raw::sync::{UnsafeCell, thread};
use stampool::raw::threads::Rundown;
use stampool::{Pool, Strategy, ThreadLocalPool};

use super::{Depth, Metered};
use crate::one_at_a_time::operation;

/// A program, and what may come of it.
#[derive(Clone, Copy)]
pub struct Scenario<B = fn() -> String> {
    /// Its name in the ledger.
    pub name: &'static str,
    /// How far loom searches.
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
            Fate::Drop(locals) => locals + 1,
            Fate::Census => 2,
        }
    }
}

/// What the rows of the rundown alone are called.
pub const RUNDOWN: &str = "Rundown";

/// The rundown alone.
pub const RUNDOWNS: &[Scenario] = &[
    Scenario {
        name: "rundown/enter_close",
        depth: Depth::Exhaustive,
        body: || enter_and_close::<1>(false),
        outcomes: &["in", "out"],
    },
    Scenario {
        name: "rundown/enter_close_and_wait",
        depth: Depth::Exhaustive,
        body: || enter_and_close::<1>(true),
        outcomes: &["in", "out"],
    },
    Scenario {
        name: "rundown/enter_enter_close",
        depth: Depth::Exhaustive,
        body: || enter_and_close::<2>(false),
        outcomes: &["in in", "in out", "out in", "out out"],
    },
    Scenario {
        name: "rundown/enter_exclusive",
        depth: Depth::Exhaustive,
        body: enter_and_exclude,
        outcomes: &["guard first", "owner first"],
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

/// Pools whose threads hold detached handles, for every strategy.
pub const DETACHED: &[Scenario<Fate>] = &[
    Scenario {
        name: "detached/end_drop",
        depth: Depth::Exhaustive,
        body: Fate::Drop(1),
        outcomes: &["all memory went back"],
    },
    Scenario {
        name: "detached/end_end_drop",
        depth: Depth::Preemptions(2),
        body: Fate::Drop(2),
        outcomes: &["all memory went back"],
    },
    Scenario {
        name: "detached/end_census",
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
        Fate::Drop(locals) => end_and_drop::<S>(locals),
        Fate::Census => end_and_census::<S>(),
    }
}

/// The protected object: a cell for each guard, and one that only the owner writes. Its end writes
/// them all.
struct Object {
    cells: [UnsafeCell<u32>; 3],
    ends: Arc<AtomicIsize>,
}

// SAFETY: guards and owner use a cell each, which is what is checked.
unsafe impl Sync for Object {}

impl Drop for Object {
    fn drop(&mut self) {
        for cell in &self.cells {
            // SAFETY: the thread that ends the object is alone with it, which is what is checked.
            cell.with_mut(|cell| unsafe { *cell += 1 });
        }
        self.ends.fetch_add(1, Ordering::Relaxed);
    }
}

/// An object, its rundown, and how often the object has ended.
fn object() -> (NonNull<Object>, Arc<Rundown<Object>>, Arc<AtomicIsize>) {
    let ends = Arc::new(AtomicIsize::new(0));
    let cells = core::array::from_fn(|_| UnsafeCell::new(0));
    let object = NonNull::from(Box::leak(Box::new(Object { cells, ends: Arc::clone(&ends) })));
    // SAFETY: from a box, and left to the rundown.
    (object, Arc::new(unsafe { Rundown::new(object) }), ends)
}

fn enter_and_close<const GUARDS: usize>(waits: bool) -> String {
    let (object, rundown, ends) = object();
    let threads: Vec<_> = (0..GUARDS)
        .map(|number| {
            let rundown = Arc::clone(&rundown);
            thread::spawn(move || {
                operation(|| {
                    let Some(guard) = rundown.enter() else { return "out" };
                    // SAFETY: this guard's cell.
                    guard.cells[number].with_mut(|cell| unsafe { *cell += 1 });
                    "in"
                })
            })
        })
        .collect();
    // SAFETY: the owner uses the object until it closes the rundown.
    let owned = unsafe { object.as_ref() };
    // SAFETY: the owner's cell.
    owned.cells[2].with_mut(|cell| unsafe { *cell += 1 });
    if waits {
        // SAFETY: the owner, once.
        operation(|| unsafe { rundown.close_and_wait() });
        assert_eq!(ends.load(Ordering::Relaxed), 1, "the object was still there");
    } else {
        // SAFETY: the owner, once.
        operation(|| unsafe { rundown.close() });
    }
    let entered: Vec<&str> = threads
        .into_iter()
        .map(|thread_with_guard| thread_with_guard.join().expect("no panic unreported"))
        .collect();
    assert_eq!(ends.load(Ordering::Relaxed), 1, "the object did not end exactly once");
    entered.join(" ")
}

fn enter_and_exclude() -> String {
    let (object, rundown, ends) = object();
    let thread_with_guard = {
        let rundown = Arc::clone(&rundown);
        thread::spawn(move || {
            operation(|| {
                let guard = rundown.enter().expect("not closed yet");
                guard.cells[0].with_mut(|cell| {
                    // SAFETY: the owner is not alone with the object while a guard exists, which
                    // is what is checked.
                    let cell = unsafe { &mut *cell };
                    *cell += 1;
                    *cell
                })
            })
        })
    };
    operation(|| {
        let _exclusive = rundown.exclusive();
        // SAFETY: the owner uses the object until it closes the rundown.
        let owned = unsafe { object.as_ref() };
        // SAFETY: no guard exists, which is what is checked.
        owned.cells[0].with_mut(|cell| unsafe { *cell += 1 });
    });
    let seen = thread_with_guard.join().expect("no panic unreported");
    // SAFETY: the owner, once.
    unsafe { rundown.close() };
    assert_eq!(ends.load(Ordering::Relaxed), 1, "the object did not end exactly once");
    if seen == 1 { "guard first" } else { "owner first" }.into()
}

/// A detached handle that has a block in its cache, on its way to the thread that ends.
struct Moving<S: Strategy>(DetachedLocal<S>);

// SAFETY: a detached handle is bound to one thread only so that two don't use it at a time; here it
// moves between the setup and its thread, which the start orders.
unsafe impl<S: Strategy> Send for Moving<S> {}

fn pool_and_locals<S: Strategy>(
    regions: &Arc<AtomicIsize>,
    locals: usize,
) -> (ThreadLocalPool<S>, Vec<Moving<S>>) {
    let pool = Pool::builder(Layout::new::<u64>())
        .strategy::<S>()
        .batch(2)
        .chunk_blocks(2 * locals)
        .limbo_magazines(1)
        .source(Metered(Arc::clone(regions)))
        .build_thread_local()
        .expect("a pool");
    let attach = |_| {
        // SAFETY: used in these lines, and then dropped only.
        let local = unsafe { pool.detached_local() }.expect("memory");
        let block = local.allocate().expect("memory");
        // SAFETY: just allocated.
        unsafe { local.deallocate(block) };
        Moving(local)
    };
    let locals = (0..locals).map(attach).collect();
    (pool, locals)
}

fn end_and_drop<S: Strategy>(locals: usize) -> String {
    let regions = Arc::new(AtomicIsize::new(0));
    let (pool, locals) = pool_and_locals::<S>(&regions, locals);
    let end = |local| thread::spawn(move || operation(|| drop::<Moving<S>>(local)));
    let ending: Vec<_> = locals.into_iter().map(end).collect();
    operation(|| drop(pool));
    ending.into_iter().for_each(|thread| thread.join().expect("no panic unreported"));
    assert_eq!(regions.load(Ordering::Relaxed), 0, "a region did not go back exactly once");
    "all memory went back".into()
}

fn end_and_census<S: Strategy>() -> String {
    let regions = Arc::new(AtomicIsize::new(0));
    let (mut pool, locals) = pool_and_locals::<S>(&regions, 1);
    let ending = thread::spawn(move || operation(|| drop(locals)));
    let (census, carved) = operation(|| (pool.census(), pool.stats().carved_blocks));
    assert_eq!(census.free_blocks(), carved, "a block was not counted");
    ending.join().expect("no panic unreported");
    drop(pool);
    assert_eq!(regions.load(Ordering::Relaxed), 0, "a region did not go back exactly once");
    "all blocks were counted".into()
}
