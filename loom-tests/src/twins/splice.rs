//! [`Quiescent`] with a splice at the wrong time.
//!
//! The glue between the two stacks is repeated here, with one place for each fault; the stacks are
//! the shipped ones.

use core::marker::PhantomData;

use stampool::raw::free_list::{
    BareHead, Chain, Head, HeadWord, Immediate, MagazineList, MagazineRef, MagazineStore,
    Mechanism, OwnedMagazine, Requirements, Sealed, Take, Treiber,
};
use stampool::raw::sync::{AtomicUsize, Mutex, Ordering, lock};
use stampool::{BuildError, Quiescent, Strategy, TagPolicy};

use super::stack::shipped;
use super::twin::{Twin, UNACQUIRED, on_list};
use crate::scenarios::list::{Op, Scenario, does};
use crate::scenarios::{Depth, Shape, Subject, subject};

pub(super) fn twins() -> Vec<Twin> {
    const FROM: &str = Quiescent::NAME;
    vec![
        on_list::<Spliced<Naive>>(FROM, "twin/naive_splice", UNACQUIRED, &SPLICED_BACK),
        on_list::<Spliced<TwoSplicers>>(FROM, "twin/two_splicers", UNACQUIRED, &TWO_DRY),
        // Under sequential consistency a load is as good as an RMW.
        Twin {
            under_shuttle: None,
            ..on_list::<Spliced<ByLoad>>(FROM, "twin/check_by_load", UNACQUIRED, &STALE_CHECK)
        },
        on_list::<Spliced<NotCounted>>(FROM, "twin/splicer_not_counted", UNACQUIRED, &SLEEPER),
    ]
}

/// Asks for a splice and takes nothing.
const SPLICE: Op = Op::PopUpTo(0);

/// A popper reads 1. Meanwhile everything is removed, and 1 is spliced in again, with nothing below
/// it.
static SPLICED_BACK: Scenario = Scenario {
    name: "splice/spliced_back",
    depth: Depth::Preemptions(2),
    stack: &[2, 1],
    threads: &[does(&[SPLICE, Op::Pop]), does(&[Op::PopUpTo(2), Op::Push, SPLICE])],
};

/// Two threads find the first list empty: one splices, the other takes from the second list.
static TWO_DRY: Scenario = Scenario {
    name: "splice/two_dry",
    depth: Depth::Preemptions(3),
    stack: &[3, 2, 1],
    threads: &[does(&[Op::Pop]), does(&[Op::Pop, Op::Pop, Op::Push])],
};

/// Thread 1 enters after thread 0 and reads 2. Thread 2 takes 2 and 3 and brings 2 back. Thread 0
/// finds the first list empty, and its load of the count returns the value from when it entered.
static STALE_CHECK: Scenario = Scenario {
    name: "splice/stale_check",
    depth: Depth::Preemptions(3),
    stack: &[3, 2, 1],
    threads: &[does(&[Op::Pop, Op::Pop]), does(&[Op::Pop]), does(&[Op::PopUpTo(2), Op::Push])],
};

/// Thread 0 checks and sleeps. Thread 1 splices and reads 1. Thread 2 takes all and brings 1 back.
/// Thread 0 wakes and splices.
static SLEEPER: Scenario = Scenario {
    name: "splice/sleeper",
    depth: Depth::Preemptions(2),
    stack: &[2, 1],
    threads: &[does(&[SPLICE]), does(&[SPLICE, Op::Pop]), does(&[Op::PopUpTo(2), Op::Push])],
};

/// When a splice happens.
trait Rule: Send + Sync + 'static {
    /// Whether the splicer checks for other poppers.
    const ASKS: bool = true;
    /// Whether that check is an RMW, which cannot be stale.
    const BY_RMW: bool = true;
    /// Whether the splicer holds the lock.
    const EXCLUDES: bool = true;
    /// Whether the splicer is counted as a popper meanwhile.
    const COUNTED: bool = true;
    /// Whether a thread that waits for the lock is still counted.
    const WAITS_COUNTED: bool = false;
}

/// As shipped. It shows that the other rules fail because of their fault and not because of the
/// glue.
struct Kept;

impl Rule for Kept {}

/// As [`ByLoad`], without its fault.
struct WaitsCounted;

impl Rule for WaitsCounted {
    const WAITS_COUNTED: bool = true;
}

/// The scenarios of the twins, on the glue without a fault.
pub fn kept() -> Vec<(&'static str, Subject, &'static Scenario)> {
    let kept = subject::<Spliced<Kept>>(Shape::TwoLists);
    let waits_counted = subject::<Spliced<WaitsCounted>>(Shape::TwoLists);
    vec![
        ("Quiescent<glue>", kept, &SPLICED_BACK),
        ("Quiescent<glue>", kept, &TWO_DRY),
        ("Quiescent<glue>", kept, &STALE_CHECK),
        ("Quiescent<glue>", kept, &SLEEPER),
        ("Quiescent<waits counted>", waits_counted, &STALE_CHECK),
    ]
}

/// As soon as the first list is empty.
struct Naive;

impl Rule for Naive {
    const ASKS: bool = false;
}

/// Without the lock, which only those take who remove from the second list.
struct TwoSplicers;

impl Rule for TwoSplicers {
    const EXCLUDES: bool = false;
}

/// After a plain load of the count, which may be as old as the thread's last change of it: counted
/// while it waits for the lock, a thread may remember what was before it waited.
struct ByLoad;

impl Rule for ByLoad {
    const BY_RMW: bool = false;
    const WAITS_COUNTED: bool = true;
}

/// Some time after the check, by somebody whom nobody counts and nothing stops.
struct NotCounted;

impl Rule for NotCounted {
    const EXCLUDES: bool = false;
    const COUNTED: bool = false;
}

/// [`Quiescent`] with another rule.
struct Spliced<R>(R);

impl<R: Rule> Sealed for Spliced<R> {}

// SAFETY: not so, that is the fault.
unsafe impl<R: Rule> Strategy for Spliced<R> {
    const NAME: &'static str = Quiescent::NAME;
    type Reclaimer = Immediate;
    type List = SplicedList<R>;

    fn mechanism(requirements: Requirements) -> Result<Mechanism, BuildError> {
        Quiescent::mechanism(requirements)
    }

    fn list(_mechanism: &Mechanism) -> SplicedList<R> {
        SplicedList {
            poppers: AtomicUsize::new(0),
            main: Treiber::new(0, TagPolicy::Wrap),
            second: Treiber::new(0, TagPolicy::Wrap),
            removers: Mutex::new(()),
            rule: PhantomData,
        }
    }
}

struct SplicedList<R> {
    poppers: AtomicUsize,
    main: Treiber<BareHead>,
    second: Treiber<BareHead>,
    removers: Mutex<()>,
    rule: PhantomData<R>,
}

const EMPTY: Head = Head { top: MagazineRef::NONE, tag: 0 };

impl<R: Rule> SplicedList<R> {
    /// A look at the first list by a counted popper.
    fn look<'s>(&self, removal: &impl Fn(&Treiber<BareHead>) -> Chain<'s>) -> Chain<'s> {
        self.poppers.fetch_add(1, Ordering::Acquire);
        let taken = removal(&self.main);
        self.poppers.fetch_sub(1, Ordering::Release);
        taken
    }

    fn remove_from<'s>(
        &self,
        store: &'s MagazineStore,
        removal: impl Fn(&Treiber<BareHead>) -> Chain<'s>,
    ) -> Chain<'s> {
        self.poppers.fetch_add(1, Ordering::Acquire);
        let taken = removal(&self.main);
        let waits_counted = R::WAITS_COUNTED && taken.is_empty();
        if !waits_counted {
            self.poppers.fetch_sub(1, Ordering::Release);
        }
        if !taken.is_empty() {
            return taken;
        }
        let _lock = R::EXCLUDES.then(|| lock(&self.removers));
        if !R::COUNTED {
            return self.remove_dry(store, removal);
        }
        if !waits_counted {
            self.poppers.fetch_add(1, Ordering::Acquire);
        }
        let taken = self.remove_dry(store, removal);
        self.poppers.fetch_sub(1, Ordering::Release);
        taken
    }

    fn remove_dry<'s>(
        &self,
        store: &'s MagazineStore,
        removal: impl Fn(&Treiber<BareHead>) -> Chain<'s>,
    ) -> Chain<'s> {
        loop {
            let taken = if R::COUNTED { removal(&self.main) } else { self.look(&removal) };
            if !taken.is_empty() || !self.main.head().load(Ordering::Acquire).top.is_none() {
                return taken;
            }
            if !self.is_quiet() {
                let _lock = (!R::EXCLUDES).then(|| lock(&self.removers));
                return removal(&self.second);
            }
            let all = shipped(&self.second, Take::All, store);
            if all.is_empty() {
                return all;
            }
            self.splice(store, all);
        }
    }

    /// Whether nobody else is counted.
    fn is_quiet(&self) -> bool {
        let poppers = match R::BY_RMW {
            true => self.poppers.fetch_add(0, Ordering::Acquire),
            false => self.poppers.load(Ordering::Acquire),
        };
        !R::ASKS || poppers == usize::from(R::COUNTED)
    }

    fn splice(&self, store: &MagazineStore, all: Chain<'_>) {
        let full = Head { top: all.into_all(), tag: 0 };
        let main = self.main.head();
        if main.compare_exchange(EMPTY, full, Ordering::Release, Ordering::Relaxed).is_err() {
            // Somebody else was faster: the fault is not that this one insists.
            // SAFETY: taken above, all of a list, and not spliced in.
            let all = unsafe { Chain::assume(full.top, usize::MAX, store) };
            all.for_each(|magazine| self.second.push(magazine));
        }
    }
}

// SAFETY: not so, that is the fault.
unsafe impl<R: Rule> MagazineList for SplicedList<R> {
    type Guard<'g> = ();

    fn push(&self, magazine: OwnedMagazine<'_>) {
        self.second.push(magazine);
    }

    unsafe fn remove<'s>(&self, take: Take, store: &'s MagazineStore, _guard: &()) -> Chain<'s> {
        if take != Take::All {
            return self.remove_from(store, |stack| shipped(stack, take, store));
        }
        let lock = lock(&self.removers);
        self.poppers.fetch_add(1, Ordering::Acquire);
        let main = shipped(&self.main, take, store);
        let taken = main.then(shipped(&self.second, take, store));
        self.poppers.fetch_sub(1, Ordering::Release);
        drop(lock);
        taken
    }

    fn refuses(&self) -> bool {
        false
    }
}
