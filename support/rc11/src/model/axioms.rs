//! The axioms of RC11.
//!
//! # Source
//! Lahav, Vafeiadis, Kang, Hur and Dreyer, *Repairing Sequential Consistency in C/C++11*, PLDI 2017,
//! sections 3 and 4. Names are the paper's. Deviation: a release sequence is what C++20 makes it, a
//! write and a chain of RMWs, without the later stores of the same thread.
//!
//! | derived | definition |
//! |---|---|
//! | rb | `rf⁻¹; mo` |
//! | eco | `(rf ∪ mo ∪ rb)+` |
//! | rs | `[W ⊒ rlx]; (rf; rmw)*` |
//! | sw | `[E ⊒ rel]; ([F]; sb)?; rs; rf; [R ⊒ rlx]; (sb; [F])?; [E ⊒ acq]` |
//! | hb | `(sb ∪ sw)+` |
//! | scb | `sb ∪ sb≠loc; hb; sb≠loc ∪ hb=loc ∪ mo ∪ rb` |
//! | psc base | `([E sc] ∪ [F sc]; hb?); scb; ([E sc] ∪ hb?; [F sc])` |
//! | psc fences | `[F sc]; (hb ∪ hb; eco; hb); [F sc]` |
//!
//! | axiom | |
//! |---|---|
//! | COHERENCE | `hb; eco?` is irreflexive |
//! | ATOMICITY | `rmw ∩ (rb; mo)` is empty |
//! | SC | psc base ∪ psc fences is acyclic |
//! | NO-THIN-AIR | `sb ∪ rf` is acyclic |

use super::change::Change;
use super::event::{Event, Kind};
use super::relation::{Relation, Set};
use crate::program::Order;

/// The relations of an execution whose reads have sources, as far as they do not depend on the
/// modification order.
pub(crate) struct Sourced<'a> {
    events: &'a [Event],
    change: Option<Change>,
    sb: Relation,
    rf: Relation,
    rmw: Relation,
    hb: Relation,
}

/// The events that `which` chooses.
fn set(events: &[Event], which: impl Fn(&Event) -> bool) -> Set {
    let chosen = events.iter().enumerate().filter(|(_, event)| which(event));
    chosen.fold(0, |set, (i, _)| set | 1 << i)
}

fn is_sc(event: &Event) -> bool {
    event.order == Some(Order::SeqCst)
}

fn is_fence(event: &Event) -> bool {
    event.kind == Kind::Fence
}

impl<'a> Sourced<'a> {
    /// Derives the relations.
    pub(crate) fn new(
        events: &'a [Event],
        sb: &Relation,
        rf: &Relation,
        change: Option<Change>,
    ) -> Self {
        let mut rmw = Relation::empty(events.len());
        for (i, event) in events.iter().enumerate() {
            if event.update {
                rmw.add(i - 1, i);
            }
        }
        let empty = Relation::empty(events.len());
        let (sb, rf) = (sb.clone(), rf.clone());
        let mut sourced = Self { events, change, sb, rf, rmw, hb: empty };
        sourced.hb = sourced.sb.or(&sourced.synchronizes_with()).plus();
        sourced
    }

    fn on(&self, which: impl Fn(&Event) -> bool) -> Relation {
        Relation::on(self.events.len(), set(self.events, which))
    }

    /// The pairs of `relation` that access the same location.
    fn same_location(&self, relation: &Relation) -> Relation {
        let mut same = Relation::empty(self.events.len());
        for (i, a) in self.events.iter().enumerate() {
            for (j, b) in self.events.iter().enumerate() {
                let located = !is_fence(a) && !is_fence(b) && a.location == b.location;
                if located && relation.has(i, j) {
                    same.add(i, j);
                }
            }
        }
        same
    }

    fn release_sequence(&self) -> Relation {
        let write = self.on(|e| e.kind == Kind::Write && e.order.is_some());
        let chain = self.rf.then(&self.rmw).star();
        match self.change {
            Some(Change::NoReleaseSequence) => write,
            Some(Change::OwnStoresContinue) => {
                let own = self.same_location(&self.sb).maybe();
                write.then(&own).then(&write).then(&chain)
            }
            _ => write.then(&chain),
        }
    }

    fn synchronizes_with(&self) -> Relation {
        let released = self.on(|e| e.order.is_some_and(Order::releases));
        let acquired = self.on(|e| e.order.is_some_and(Order::acquires));
        let fence = self.on(is_fence);
        let nothing = Relation::empty(self.events.len());
        let without = |change| self.change == Some(change);
        let after_fence =
            if without(Change::NoReleaseFence) { nothing.clone() } else { fence.then(&self.sb) };
        let before_fence =
            if without(Change::NoAcquireFence) { nothing } else { self.sb.then(&fence) };
        let read = self.on(|e| e.kind == Kind::Read);
        let from = released.then(&after_fence.maybe()).then(&self.release_sequence());
        from.then(&self.rf).then(&read).then(&before_fence.maybe()).then(&acquired)
    }

    /// NO-THIN-AIR.
    pub(crate) fn is_not_thin_air(&self) -> bool {
        self.change == Some(Change::NoThinAir) || self.sb.or(&self.rf).is_acyclic()
    }

    /// COHERENCE, ATOMICITY and SC, with this modification order, which is transitive.
    pub(crate) fn is_consistent(&self, mo: &Relation) -> bool {
        let rb = match self.change {
            Some(Change::NoReadsBefore) => Relation::empty(self.events.len()),
            _ => self.rf.inverse().then(mo),
        };
        let eco = self.rf.or(mo).or(&rb).plus();
        let without = |change| self.change == Some(change);
        (without(Change::NoCoherence) || self.hb.then(&eco.maybe()).is_irreflexive())
            && (without(Change::NoAtomicity) || self.rmw.and(&rb.then(mo)).is_empty())
            && self.base(mo, &rb).or(&self.fences(&eco)).is_acyclic()
            && (!without(Change::FailureReadsNewest) || self.failures_read_newest(mo))
    }

    /// scb.
    fn before(&self, mo: &Relation, rb: &Relation) -> Relation {
        let far = self.sb.minus(&self.same_location(&self.sb));
        let around = far.then(&self.hb).then(&far);
        let near = self.same_location(&self.hb);
        match self.change {
            Some(Change::ScOverAllHb) => self.hb.or(mo).or(rb),
            Some(Change::ScAroundAny) => {
                let around = self.sb.then(&self.hb).then(&self.sb);
                self.sb.or(&around).or(&near).or(mo).or(rb)
            }
            Some(Change::ScWithoutAround) => self.sb.or(&near).or(mo).or(rb),
            Some(Change::ScWithoutNear) => self.sb.or(&around).or(mo).or(rb),
            Some(Change::ScWithoutWrites) => self.sb.or(&around).or(&near).or(rb),
            Some(Change::ScWithoutReads) => self.sb.or(&around).or(&near).or(mo),
            _ => self.sb.or(&around).or(&near).or(mo).or(rb),
        }
    }

    /// psc base.
    fn base(&self, mo: &Relation, rb: &Relation) -> Relation {
        if self.change == Some(Change::NoScBase) {
            return Relation::empty(self.events.len());
        }
        let sc = self.on(is_sc);
        let fence = match self.change {
            Some(Change::ScFencesAlone) => Relation::empty(self.events.len()),
            _ => self.on(|e| is_sc(e) && is_fence(e)),
        };
        let near = self.hb.maybe();
        let from = sc.or(&fence.then(&near));
        let to = sc.or(&near.then(&fence));
        from.then(&self.before(mo, rb)).then(&to)
    }

    /// psc fences.
    fn fences(&self, eco: &Relation) -> Relation {
        let between = match self.change {
            Some(Change::NoScFences) => Relation::empty(self.events.len()),
            Some(Change::ScFencesWithoutEco) => self.hb.clone(),
            _ => self.hb.or(&self.hb.then(eco).then(&self.hb)),
        };
        let fence = self.on(|e| is_sc(e) && is_fence(e));
        fence.then(&between).then(&fence)
    }

    /// No failed `compare_exchange` reads a write that another one follows and that is before it in
    /// happens-before or not: only the last one.
    fn failures_read_newest(&self, mo: &Relation) -> bool {
        self.rf.then(&self.on(|e| e.failed)).inverse().then(mo).is_empty()
    }
}
