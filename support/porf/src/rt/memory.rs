//! Atomic accesses and fences.
//!
//! A new read takes the last write of its location at once, and leaves a choice behind for each
//! other write that it may read. A new write stands last in the coherence order, and leaves a
//! choice for each other position, and for each read that it may revisit.
//!
//! A compare-and-exchange that fails is a load by its failure ordering, and may read any write that
//! a load may read.

use core::sync::atomic::Ordering;

use super::choice::Choice;
use super::step::{step, write};
use super::{Place, Runtime, Turn, Wait, is_unwinding, suspend, turn, with};
use crate::graph::{Clock, Event, Id, Kind, Updates, Use, acquires, releases};

/// What a read or an RMW is to do.
#[derive(Clone, Copy)]
pub(crate) struct Access {
    /// The creation of the location.
    pub(crate) location: Id,
    pub(crate) updates: Updates,
    pub(crate) order: Ordering,
    pub(crate) order_failed: Ordering,
    /// A weak compare-and-exchange.
    pub(crate) weak: bool,
    pub(crate) place: Place,
}

/// Creates a location, and returns its name: its creation.
pub(crate) fn create(value: u128, purpose: Use, place: Place) -> Id {
    if is_unwinding() {
        return Id::NONE;
    }
    let id = step(Kind::Init, place, |rt| {
        let location = rt.graph.new_location(rt.next_id(), purpose);
        let released = Clock::START;
        rt.add(Event { location, released, ..Event::new(Kind::Init, Ordering::Relaxed, place) })
    });
    with(|rt| rt.graph.event_mut(id).value = value);
    id
}

/// Loads.
pub(crate) fn load(location: Id, order: Ordering, place: Place) -> u128 {
    assert!(
        !matches!(order, Ordering::Release | Ordering::AcqRel),
        "there is no such thing as a release load"
    );
    let updates = Updates::Never;
    let access = Access { location, updates, order, order_failed: order, weak: false, place };
    update(&access, |_| None).unwrap_or_else(|value| value)
}

/// Stores.
pub(crate) fn store(location: Id, value: u128, order: Ordering, place: Place) {
    assert!(
        !matches!(order, Ordering::Acquire | Ordering::AcqRel),
        "there is no such thing as an acquire store"
    );
    if is_unwinding() {
        return;
    }
    let expect = |rt: &Runtime, id| rt.expect_access(id, Kind::Write, location, place);
    write(value, place, expect, |rt| rt.add_write(location, order, place));
}

/// Reads, and writes what `new` makes of the value. Returns the value that was read: `Err` if `new`
/// returned nothing, or if the access is weak and failed without a reason.
pub(crate) fn update(access: &Access, new: impl Fn(u128) -> Option<u128>) -> Result<u128, u128> {
    update_refusable(access, new, |_, _| true)
}

/// [`update`], where a weak access may fail only if `refusable` says so of the write that it reads.
pub(super) fn update_refusable(
    access: &Access,
    new: impl Fn(u128) -> Option<u128>,
    refusable: impl Fn(&Runtime, Id) -> bool,
) -> Result<u128, u128> {
    if let Some(value) = substitute(access.location) {
        return if new(value).is_some() { Ok(value) } else { Err(value) };
    }
    if let Some(value) = with(|rt| rt.respin(access.location, &new)) {
        return Err(value);
    }
    let turn = turn(access.place);
    let read = match turn {
        Turn::Repeat(id) => {
            let source = with(|rt| {
                rt.expect_access(id, Kind::Read, access.location, access.place);
                rt.graph.event(id).source
            });
            while !with(|rt| rt.is_live(source)) {
                suspend(Wait::Source(source));
            }
            id
        }
        Turn::Add => match with(|rt| rt.guided()) {
            Some((source, refused)) => {
                while !with(|rt| rt.is_live(source)) {
                    suspend(Wait::Source(source));
                }
                with(|rt| rt.add_read_of(access, source, refused))
            }
            None => with(|rt| rt.add_read(access, &new, &refusable)),
        },
    };
    let (value, written) = with(|rt| rt.finish_read(read, access.updates, &new));
    match written {
        Some(written) => {
            finish_update(written, access.order, access.place);
            Ok(value)
        }
        None => Err(value),
    }
}

/// The write part of an RMW.
fn finish_update(value: u128, order: Ordering, place: Place) {
    let expect = |rt: &Runtime, id| rt.expect(id, Kind::Write, place);
    write(value, place, expect, |rt| {
        rt.pending = None;
        rt.add_write_part(order, place)
    });
}

/// A fence.
pub(crate) fn fence(order: Ordering, place: Place) {
    assert!(order != Ordering::Relaxed, "there is no such thing as a relaxed fence");
    if is_unwinding() || with(|rt| rt.is_respinning()) {
        return;
    }
    step(Kind::Fence, place, |rt| {
        let hb = if acquires(order) { rt.thread().acquirable } else { Clock::START };
        rt.add(Event { hb, ..Event::new(Kind::Fence, order, place) })
    });
}

/// While the program unwinds: the newest value of the location.
fn substitute(location: Id) -> Option<u128> {
    is_unwinding().then(|| with(|rt| rt.newest(location)))
}

impl Runtime {
    /// The newest value that this run has given the location.
    pub(crate) fn newest(&self, location: Id) -> u128 {
        if !self.graph.has(location) {
            return 0;
        }
        let co = &self.graph.location(self.graph.event(location).location).co;
        let newest = co.iter().rev().find(|&&write| self.is_live(write));
        newest.map_or(0, |&write| self.graph.event(write).value)
    }

    /// Refuses an access that is not atomic while another thread may write.
    pub(crate) fn expect_no_concurrent_write(&self, location: Id, place: Place) {
        if is_unwinding() {
            return;
        }
        let number = self.locate(location, place);
        let mut co = self.graph.location(number).co.iter();
        if let Some(&write) = co.find(|&&id| self.is_live(id) && !self.thread().hb.has(id)) {
            panic!(
                "Causality violation: an access at {place} that is not atomic, and a store at {} \
                 that does not happen before it",
                self.graph.event(write).place
            );
        }
    }

    /// The location's place in the graph.
    ///
    /// # Panics
    /// If its creation does not happen before the access.
    fn locate(&self, location: Id, place: Place) -> u32 {
        assert!(
            self.is_live(location) && self.thread().hb.has(location),
            "Causality violation: an atomic is used (at {place}) by a thread that has not acquired \
             its creation{}",
            if self.is_live(location) {
                format!(" (at {})", self.graph.event(location).place)
            } else {
                String::new()
            }
        );
        self.graph.event(location).location
    }

    /// Adds a read that reads the last write it may read, and leaves the others as choices.
    /// `refusable` says of which writes the access may fail though it could update.
    fn add_read(
        &mut self,
        access: &Access,
        new: impl Fn(u128) -> Option<u128>,
        refusable: impl Fn(&Self, Id) -> bool,
    ) -> Id {
        let location = self.locate(access.location, access.place);
        let floor = self.graph.floor(location, &self.thread().hb, Id::NONE);
        let co = self.graph.location(location).co.clone();
        let id = self.next_id();
        let stamp = self.graph.next_stamp;
        let read = |source: Id| Event {
            location,
            source,
            updates: access.updates,
            order_updated: access.order,
            order_failed: access.order_failed,
            ..Event::new(Kind::Read, access.order, access.place)
        };
        for (position, &source) in co.iter().enumerate().skip(floor) {
            let updates = new(self.graph.event(source).value);
            let may_refuse = access.weak && updates.is_some() && refusable(self, source);
            if may_refuse {
                self.choices.push(Choice::Read { stamp, id, source, refused: true });
            }
            let is_last = position + 1 == co.len();
            match (updates, self.graph.taker(location, position)) {
                (Some(value), Some(taker)) => self.displace(read(source), value, taker),
                _ if is_last => {}
                _ => self.choices.push(Choice::Read { stamp, id, source, refused: false }),
            }
        }
        let source = *co.last().expect("a location has its creation");
        let id = self.add(Event { refusable: access.weak, ..read(source) });
        self.graph.decide(id);
        id
    }

    /// What the next event, a read, is to read, where one execution is run again.
    fn guided(&self) -> Option<(Id, bool)> {
        self.options.guide.as_ref()?.source(self.next_id())
    }

    fn add_read_of(&mut self, access: &Access, source: Id, refused: bool) -> Id {
        let id = self.add(Event {
            location: self.locate(access.location, access.place),
            source,
            refused,
            updates: access.updates,
            order_updated: access.order,
            order_failed: access.order_failed,
            ..Event::new(Kind::Read, access.order, access.place)
        });
        self.graph.decide(id);
        id
    }

    /// The value of a read, and what its write part is to write.
    fn finish_read(
        &mut self,
        id: Id,
        updates: Updates,
        new: impl Fn(u128) -> Option<u128>,
    ) -> (u128, Option<u128>) {
        let source = self.graph.event(id).source;
        let value = self.graph.event(source).value;
        let event = self.graph.event_mut(id);
        event.value = value;
        event.updates = updates;
        let written = new(value).filter(|_| !event.refused);
        let was_exclusive = event.exclusive;
        let has_write_part = self.graph.has(id.next());
        if written.is_some() != was_exclusive {
            if has_write_part {
                self.diverged(id, "a compare-and-exchange with another result");
            }
            self.graph.decide(id);
        }
        self.reach(id);
        if written.is_some() && !has_write_part {
            assert!(self.pending.is_none(), "porf: two RMWs wait for their write parts");
            self.pending = Some(self.current);
        }
        (value, written)
    }

    fn add_write(&mut self, location: Id, order: Ordering, place: Place) -> Id {
        let location = self.locate(location, place);
        let floor = self.graph.floor(location, &self.thread().hb, Id::NONE);
        let stamp = self.graph.next_stamp;
        let last = self.graph.location(location).co.len();
        let id = self.next_id();
        for at in floor + 1..last {
            if self.graph.taker(location, at - 1).is_none() {
                self.choices.push(Choice::Write { stamp, id, at });
            }
        }
        let id = self.add(Event { location, ..Event::new(Kind::Write, order, place) });
        let guide = self.options.guide.as_ref();
        let at = guide.map_or(last, |guide| guide.position(id, &self.graph.location(location).co));
        self.graph.insert(id, at);
        let hb = self.graph.event(id).hb;
        self.graph.event_mut(id).released = if releases(order) { hb } else { self.thread().fenced };
        id
    }

    /// Adds the write part to the current thread's last event, a read part.
    fn add_write_part(&mut self, order: Ordering, place: Place) -> Id {
        let read = self.next_id().previous();
        let (location, source) = (self.graph.event(read).location, self.graph.event(read).source);
        let id =
            self.add(Event { location, exclusive: true, ..Event::new(Kind::Write, order, place) });
        let at = self.graph.position(source) + 1;
        self.graph.insert(id, at);
        let fenced = self.thread().fenced;
        self.release_write_part(id, source, fenced);
        id
    }
}
