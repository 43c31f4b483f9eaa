//! Objects that go from thread to thread, in exact pools of one object. So a thread that is not
//! refused gets the block that the other thread had.
//!
//! There is no specification: each body lists the outcomes, and its assertions judge the rest. A
//! `Value` is a cell that the checkers see, and its destructor writes it.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::one_at_a_time::operation;
use stampool::raw::sync::{UnsafeCell, thread};
use stampool::{
    AllocError, Counted, NoConstructor, ObjectPool, OwnedPooled, Pooled, SharedPooled, TaggedWide,
};

/// A named program and its outcomes.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Unique.
    pub name: &'static str,
    /// Runs it once.
    pub body: fn() -> String,
    outcomes: [&'static str; 2],
}

impl Scenario {
    /// All outcomes.
    #[must_use]
    pub fn allowed(&self) -> BTreeSet<String> {
        self.outcomes.map(String::from).into()
    }
}

/// The scenarios, in order.
pub const SCENARIOS: &[Scenario] = &[
    Scenario { name: "objects/detach_attach", body: detach_attach, outcomes: ["had", "refused"] },
    Scenario { name: "objects/keep_elsewhere", body: keep_elsewhere, outcomes: ["had", "refused"] },
    Scenario { name: "objects/last_drop", body: last_drop, outcomes: ["went here", "went there"] },
    Scenario { name: "objects/unshare", body: unshare, outcomes: ["alone", "shared"] },
];

/// Values made and dropped. std's: neither does it synchronise, nor is it a scheduling point.
#[derive(Default)]
struct Tally {
    made: AtomicUsize,
    dropped: AtomicUsize,
    /// How many of them by the thread that began.
    dropped_here: AtomicUsize,
}

struct Value {
    word: UnsafeCell<u32>,
    tally: Arc<Tally>,
    here: thread::ThreadId,
}

// SAFETY: whether two users are in the cell at a time is what the checkers look for.
unsafe impl Sync for Value {}

impl Value {
    fn new(tally: &Arc<Tally>) -> Self {
        tally.made.fetch_add(1, Relaxed);
        let here = thread::current().id();
        Self { word: UnsafeCell::new(0), tally: Arc::clone(tally), here }
    }

    fn read(&self) -> u32 {
        // SAFETY: the checker reports an overlapping write.
        self.word.with(|word| unsafe { *word })
    }

    fn write(&self, new: u32) {
        // SAFETY: the checker reports any overlapping access.
        self.word.with_mut(|word| unsafe { *word = new });
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.write(u32::MAX);
        self.tally.dropped.fetch_add(1, Relaxed);
        let here = thread::current().id() == self.here;
        self.tally.dropped_here.fetch_add(usize::from(here), Relaxed);
    }
}

/// A detached object on its way.
struct Sent(NonNull<Value>);

// SAFETY: a `Value` may be sent, and the pointer is the only one.
unsafe impl Send for Sent {}

fn end<M>(pool: Arc<ObjectPool<Value, TaggedWide, M>>, tally: &Tally) {
    let mut pool = Arc::into_inner(pool).expect("all threads are joined");
    assert_eq!(pool.census().free_blocks(), 1, "a block was lost");
    drop(pool);
    assert_eq!(tally.made.load(Relaxed), tally.dropped.load(Relaxed), "dropped once each");
}

fn refused(error: AllocError) -> String {
    assert_eq!(error, AllocError::Sealed);
    "refused".into()
}

/// One thread detaches an object, the other one attaches it and drops it; meanwhile the first wants
/// the block again.
fn detach_attach() -> String {
    let tally = Arc::new(Tally::default());
    let builder = ObjectPool::builder().exact().capacity(1).prefill(1).sealed();
    let pool = Arc::new(builder.build().expect("memory"));
    let object = pool.create(Value::new(&tally)).expect("the first");
    object.write(7);
    let sent = Sent(Pooled::detach(object));
    let shared = Arc::clone(&pool);
    let other = thread::spawn(move || {
        let sent = sent;
        operation(|| {
            // SAFETY: detached from this pool, and sent to this thread alone.
            let object = unsafe { shared.attach(sent.0) };
            assert_eq!(object.read(), 7);
        });
    });
    let outcome = operation(|| match pool.create_with(|| Value::new(&tally)) {
        Ok(object) => {
            assert_eq!(object.read(), 0, "the other one's value");
            object.write(8);
            "had".into()
        }
        Err(error) => refused(error),
    });
    other.join().expect("no panic unreported");
    end(pool, &tally);
    outcome
}

/// One thread gives an object back that is reset and kept; the other one wants it.
fn keep_elsewhere() -> String {
    let tally = Arc::new(Tally::default());
    let source = Arc::clone(&tally);
    let builder = ObjectPool::builder()
        .exact()
        .capacity(1)
        .keep(move || Value::new(&source), |value: &mut Value| value.write(0))
        .prefill(1)
        .sealed();
    let pool = Arc::new(builder.build().expect("memory"));
    let object = pool.get_owned().expect("the first");
    object.write(7);
    let other = thread::spawn(move || {
        operation(|| {
            object.write(8);
            drop(object);
        });
    });
    let outcome = operation(|| match pool.get() {
        Ok(object) => {
            assert_eq!(object.read(), 0, "not reset");
            object.write(9);
            "had".into()
        }
        Err(error) => refused(error),
    });
    other.join().expect("no panic unreported");
    assert_eq!(tally.made.load(Relaxed), 1, "made once");
    end(pool, &tally);
    outcome
}

/// A pool of objects that owners share. The scenarios make the objects themselves.
type OfShared = ObjectPool<Counted<Value>, TaggedWide, NoConstructor>;
/// A handle of such an object.
type Shared = SharedPooled<Value, TaggedWide, NoConstructor>;

fn of_shared() -> (Arc<Tally>, Arc<OfShared>, Shared) {
    let tally = Arc::new(Tally::default());
    let builder = ObjectPool::builder().exact().capacity(1).prefill(1).sealed();
    let pool = Arc::new(builder.build().expect("memory"));
    let object = pool.create_owned(Counted::new(Value::new(&tally))).expect("the first");
    (tally, pool, OwnedPooled::share(object))
}

fn end_shared(pool: Arc<OfShared>, tally: &Tally) {
    let mut pool = Arc::into_inner(pool).expect("all threads are joined");
    assert_eq!(pool.census().free_blocks(), 1, "a block was lost");
    assert_eq!(tally.dropped.load(Relaxed), 1, "dropped once");
}

/// Two owners of one object read it and let go. The last one drops it.
fn last_drop() -> String {
    let (tally, pool, object) = of_shared();
    let shared = object.clone();
    let read = |object: Shared| operation(|| assert_eq!(object.read(), 0));
    let other = thread::spawn(move || read(shared));
    read(object);
    other.join().expect("no panic unreported");
    end_shared(pool, &tally);
    if tally.dropped_here.load(Relaxed) == 1 { "went here" } else { "went there" }.into()
}

/// One owner writes the object and lets go; the other one wants it for itself.
fn unshare() -> String {
    let (tally, pool, object) = of_shared();
    let shared = object.clone();
    let other = thread::spawn(move || {
        operation(|| {
            shared.write(7);
            drop(shared);
        });
    });
    let outcome = operation(|| match SharedPooled::try_unshare(object) {
        Ok(object) => {
            assert_eq!(object.read(), 7);
            object.write(8);
            "alone"
        }
        Err(object) => {
            drop(object);
            "shared"
        }
    });
    other.join().expect("no panic unreported");
    end_shared(pool, &tally);
    outcome.into()
}
