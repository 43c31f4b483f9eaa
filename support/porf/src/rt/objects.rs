//! Objects that must not outlive an execution: counted references, tracked allocations, and values
//! of statics.

use core::any::Any;
use std::rc::Rc;
use std::sync::Arc;

use super::object_table::Shared;
use super::state::abandon;
use super::{Place, is_unwinding, with};
use crate::graph::{Clock, Event, Id, Kind, STATICS, Use};

/// Notes an object; [`gone`] takes it back.
pub(crate) fn made(what: &'static str, place: Place) -> u64 {
    with(|rt| {
        let objects = &mut rt.objects;
        objects.next += 1;
        objects.alive.insert(objects.next, (what, place));
        objects.next
    })
}

/// The object was dropped.
pub(crate) fn gone(object: u64) {
    with(|rt| rt.objects.alive.remove(&object));
}

/// Notes what the references to the value at this address share.
pub(crate) fn share(address: usize, shared: Arc<Shared>) {
    with(|rt| rt.objects.shared.insert(address, shared));
}

/// What the references to the value at this address share.
pub(crate) fn shared(address: usize) -> Option<Arc<Shared>> {
    with(|rt| rt.objects.shared.get(&address).cloned())
}

/// Whether the model has the counts of the references made here, whatever their values are.
pub(crate) fn is_counted(place: Place) -> bool {
    with(|rt| {
        let guide = rt.options.guide.as_ref();
        rt.spins.known.counted.contains(&place) || guide.is_some_and(|guide| guide.counts(place))
    })
}

/// The program asks for a count that the model does not have: the exploration begins anew, with the
/// counts of all references made here.
pub(crate) fn count_from_now_on(place: Place) {
    if is_unwinding() {
        return;
    }
    with(|rt| {
        rt.spins.known.counted.push(place);
        rt.spins.restart = true;
    });
    abandon();
}

/// The last reference to the value at this address goes.
pub(crate) fn unshare(address: usize) {
    with(|rt| rt.objects.shared.remove(&address));
}

/// Notes an allocation.
pub(crate) fn allocated(address: usize, place: Place) {
    let object = made("Allocation", place);
    with(|rt| rt.objects.allocations.insert(address, object));
}

/// Takes the allocation back. `false`: there is none at this address.
pub(crate) fn freed(address: usize) -> bool {
    match with(|rt| rt.objects.allocations.remove(&address)) {
        Some(object) => {
            gone(object);
            true
        }
        None => false,
    }
}

/// A location that belongs to a static: its creation comes before everything, with the value 0.
pub(crate) fn static_location(address: usize, purpose: Use, place: Place) -> Id {
    with(|rt| {
        let number = rt.names.of_static(address);
        while rt.graph.threads[STATICS].len() <= number {
            let id = rt.graph.next_id(STATICS);
            let location = rt.graph.new_location(id, purpose);
            let event = Event::new(Kind::Init, core::sync::atomic::Ordering::Relaxed, place);
            let (hb, porf) = (Clock::START, Clock::START);
            let stamp = rt.graph.next_stamp;
            rt.graph.append(STATICS, Event { location, hb, porf, ..event });
            // It is older than everything, and takes no stamp.
            rt.graph.next_stamp = stamp;
            rt.graph.event_mut(id).stamp = 0;
        }
        Id::new(STATICS, number)
    })
}

/// The value of a static in this run.
pub(crate) fn static_value(address: usize) -> Option<Rc<dyn Any>> {
    with(|rt| {
        let mut statics = rt.objects.statics.iter();
        statics.find(|(other, _)| *other == address).map(|(_, value)| Rc::clone(value))
    })
}

/// Sets the value of a static.
pub(crate) fn set_static_value(address: usize, value: Rc<dyn Any>) {
    with(|rt| rt.objects.statics.push((address, value)));
}

/// Takes the values of statics out, which the caller drops.
pub(crate) fn take_statics() -> Vec<(usize, Rc<dyn Any>)> {
    with(|rt| core::mem::take(&mut rt.objects.statics))
}
