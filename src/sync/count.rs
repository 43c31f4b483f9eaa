//! Counting: what a thread does to the facade's atomics, fences and locks, and at which sites.
//!
//! The steered backend notes each access here; a site's ordering, when it is asked for, says which
//! access comes next.
//!
//! # What is not seen
//!
//! What does not go through the facade's own types: std's `Arc`, `OnceLock` and process-wide lock,
//! crossbeam-epoch. A lock is noted when it is taken, and the atomics inside it are std's.

use core::cell::{Cell, RefCell};

/// What an access is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A load.
    Load,
    /// A store.
    Store,
    /// A compare-and-swap that exchanged.
    Cas,
    /// One that did not.
    FailedCas,
    /// A swap, or arithmetic.
    Fetch,
    /// A fence.
    Fence,
    /// A lock that is taken.
    Lock,
}

/// One access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// What it is.
    pub kind: Kind,
    /// The name of its [site](super::site), if it has one. That of a failed exchange is the
    /// failure's.
    pub site: Option<&'static str>,
}

/// The names of the sites that were asked for their orderings last.
#[derive(Clone, Copy)]
struct Names {
    first: Option<&'static str>,
    last: Option<&'static str>,
    /// An access has had them. So may the next one, if it asks for none: it has the same ordering.
    used: bool,
}

const NAMELESS: Names = Names { first: None, last: None, used: true };

thread_local! {
    /// Whether anybody wants the log. Cheaper to look at, and there until the thread's end.
    static WANTED: Cell<bool> = const { Cell::new(false) };
    static NAMES: Cell<Names> = const { Cell::new(NAMELESS) };
    static LOG: RefCell<Vec<Access>> = const { RefCell::new(Vec::new()) };
}

/// Runs `work`, which does not call this. Returns what the calling thread accessed in it, in order.
pub fn accesses(work: impl FnOnce()) -> Vec<Access> {
    LOG.take();
    NAMES.set(NAMELESS);
    WANTED.set(true);
    work();
    WANTED.set(false);
    LOG.take()
}

/// Says that the next access is at this site; or, if it is a CAS, that it is if it fails.
pub(super) fn name(site: &'static str) {
    let Names { first, used, .. } = NAMES.get();
    let first = if used { Some(site) } else { first };
    NAMES.set(Names { first, last: Some(site), used: false });
}

/// Notes an access.
pub(super) fn note(kind: Kind) {
    let names = NAMES.get();
    NAMES.set(Names { used: true, ..names });
    log(kind, if kind == Kind::FailedCas { names.last } else { names.first });
}

/// Notes an access that no site is about.
pub(super) fn note_aside(kind: Kind) {
    log(kind, None);
}

fn log(kind: Kind, site: Option<&'static str>) {
    if WANTED.get() {
        LOG.with_borrow_mut(|log| log.push(Access { kind, site }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{AtomicU64, Mutex, Number, Ordering, fence, lock, site};

    #[test]
    fn each_kind_is_seen_with_its_site() {
        let word = AtomicU64::new(0);
        let (mutex, number) = (Mutex::new(()), Number::new(0));
        let exchange = |from| {
            let (done, failed) = (site::PUSH_CAS, site::PUSH_CAS_FAILED);
            _ = word.compare_exchange(from, 1, done.ordering(), failed.ordering());
        };
        let seen = accesses(|| {
            word.load(site::PUSH_LOAD.ordering());
            word.store(0, site::PUSH_LINK.ordering());
            exchange(0);
            exchange(0);
            word.swap(2, site::SIDE_RAISE.ordering());
            word.fetch_add(1, site::SHARE_CLONE.ordering());
            fence(site::STAMP_BEGIN_FENCE.ordering());
            drop(lock(&mutex));
            number.set(number.get() + number.add(1));
        });
        let seen: Vec<_> = seen.iter().map(|access| (access.kind, access.site)).collect();
        let expected = [
            (Kind::Load, Some("FL-1")),
            (Kind::Store, Some("FL-2")),
            (Kind::Cas, Some("FL-3")),
            (Kind::FailedCas, Some("FL-4")),
            (Kind::Fetch, Some("DL-2")),
            (Kind::Fetch, Some("OB-1")),
            (Kind::Fence, Some("ST-5")),
            (Kind::Lock, None),
            (Kind::Load, None),
            (Kind::Fetch, None),
            (Kind::Store, None),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn an_ordering_that_is_used_twice_names_both() {
        let word = AtomicU64::new(0);
        let seen = accesses(|| {
            let order = site::BLOCK_GENERATION.ordering();
            word.store(word.load(order) + 1, order);
        });
        assert_eq!(seen.iter().map(|access| access.site).collect::<Vec<_>>(), [Some("LV-5"); 2]);
    }

    #[test]
    fn what_nobody_asked_for_is_not_kept() {
        let word = AtomicU64::new(0);
        word.load(site::PUSH_LOAD.ordering());
        let of_another =
            || std::thread::scope(|scope| _ = scope.spawn(|| word.load(Ordering::Relaxed)));
        assert_eq!(accesses(of_another), []);
        let seen = accesses(|| _ = word.load(Ordering::Relaxed));
        assert_eq!(seen, [Access { kind: Kind::Load, site: None }]);
    }
}
