//! One event of the current thread: the run repeats it, or adds it to the graph.

use super::{Place, Runtime, Turn, turn, with};
use crate::graph::{Id, Kind};

/// Waits for the thread's turn. Repeats the graph's next event, which must be of this kind and made
/// at this place, or adds one by `add`.
pub(super) fn step(kind: Kind, place: Place, add: impl FnOnce(&mut Runtime) -> Id) -> Id {
    let turn = turn(place);
    with(|rt| {
        let id = match turn {
            Turn::Repeat(id) => {
                rt.expect(id, kind, place);
                id
            }
            Turn::Add => add(rt),
        };
        rt.reach(id);
        id
    })
}

/// A [`step`] that writes `value`, or the write part of one. `expect` refuses an event of the graph
/// that is another one. A write that is added may be read by earlier reads.
pub(super) fn write(
    value: u128,
    place: Place,
    expect: impl FnOnce(&Runtime, Id),
    add: impl FnOnce(&mut Runtime) -> Id,
) {
    let turn = turn(place);
    with(|rt| {
        let id = match turn {
            Turn::Repeat(id) => {
                expect(rt, id);
                id
            }
            Turn::Add => add(rt),
        };
        rt.graph.event_mut(id).value = value;
        rt.reach(id);
        if turn == Turn::Add {
            rt.offer_revisits(id);
        }
    });
}
