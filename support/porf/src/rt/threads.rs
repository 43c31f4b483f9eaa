//! Threads: spawning, joining, ending.

use core::any::Any;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::panic::catch_unwind;

use super::failure::Failure;
use super::locals;
use super::step::step;
use super::{Place, Runtime, Wait, is_unwinding, suspend, with};
use crate::graph::{Clock, Event, Id, Kind};

/// Spawns a thread that runs `body`, and returns its number.
pub(crate) fn spawn(name: Option<String>, place: Place, body: Box<dyn FnOnce()>) -> usize {
    let id = step(Kind::Spawn, place, |rt| {
        let value = rt.child() as u128;
        rt.add(Event { value, ..Event::new(Kind::Spawn, Release, place) })
    });
    with(|rt| {
        let start = *rt.graph.event(id);
        let child = usize::try_from(start.value).expect("a number of a thread");
        let parent = rt.current;
        rt.threads[parent].spawned += 1;
        rt.threads[child].used = true;
        rt.threads[child].name = name;
        rt.newborn.push((child, run(start, place, body)));
        child
    })
}

impl Runtime {
    /// The number of the thread that the current one spawns. It depends on the thread and on how
    /// many it has spawned, not on the order in which threads spawn, so it is the same in all
    /// graphs.
    fn child(&mut self) -> usize {
        let key = (self.current, self.thread().spawned);
        let child = self.names.child(key) + 1;
        let most = self.options.max_threads;
        assert!(child < most, "the model has more than {most} threads, its first one included");
        child
    }
}

/// A thread from its beginning to its end.
pub(super) fn run(spawn: Event, place: Place, body: Box<dyn FnOnce()>) -> Box<dyn FnOnce()> {
    Box::new(move || {
        let all = AssertUnwindSafe(|| {
            mark(Kind::Start, place, spawn.hb, spawn.porf);
            body();
            locals::drop_all();
            mark(Kind::End, place, Clock::START, Clock::START);
        });
        if let Err(payload) = catch_unwind(all) {
            fail(payload);
        }
    })
}

fn fail(payload: Box<dyn Any + Send>) {
    with(|rt| {
        if rt.is_respinning() {
            // It left its loop: what it then did belongs to the unrolled loop.
            rt.end_trial();
            return;
        }
        let thread = Some(rt.current);
        rt.failure.get_or_insert(Failure { thread, payload });
    });
}

fn mark(kind: Kind, place: Place, hb: Clock, porf: Clock) {
    step(kind, place, |rt| rt.add(Event { hb, porf, ..Event::new(kind, AcqRel, place) }));
}

/// Waits for the end of a thread. `false`: the program unwinds, and the thread may not have ended.
pub(crate) fn join(child: usize, place: Place) -> bool {
    if is_unwinding() {
        // The destructor that joins may panic, and the process then aborts: this is the last
        // moment to show the execution.
        let text = with(|rt| rt.describe(&Failure::of_run("a destructor joins a thread".into())));
        eprintln!("while the program unwinds from a panic, {text}");
        return false;
    }
    while with(|rt| !rt.threads[child].done) {
        suspend(Wait::End(child));
    }
    step(Kind::Join, place, |rt| {
        let source = Id::new(child, rt.threads[child].reached - 1);
        let Event { hb, porf, .. } = *rt.graph.event(source);
        rt.add(Event { hb, porf, source, ..Event::new(Kind::Join, Acquire, place) })
    });
    true
}
