//! The state of a run, and the order in which threads take turns.

use core::cell::{Cell, RefCell};
use core::panic::Location;

use corosensei::Yielder;

use super::choice::{Choice, Frame};
use super::failure::Failure;
use super::object_table::Objects;
use super::report::{Limit, Options, Report};
use super::team::OwnNames;
use super::thread_values::Locals;
use super::trial::Spins;
use super::{Place, Wait};
use crate::graph::{
    Clock, Event, Graph, Id, Kind, LANES, MAX_THREADS, STATICS, acquires, releases,
};

/// A thread of the program.
pub(crate) struct Thread {
    pub(crate) used: bool,
    pub(crate) done: bool,
    /// How many threads it has spawned in this run.
    pub(crate) spawned: usize,
    /// How many of its events this run has reached.
    pub(crate) reached: usize,
    /// What happens before its next event, and that event's prefix.
    pub(crate) hb: Clock,
    pub(crate) porf: Clock,
    /// What an acquire fence acquires: what its relaxed reads have read.
    pub(crate) acquirable: Clock,
    /// What a relaxed write releases: what came before the last release fence.
    pub(crate) fenced: Clock,
    pub(crate) wait: Wait,
    pub(crate) yielder: *const Yielder<(), ()>,
    pub(crate) name: Option<String>,
    /// What it says that it does: [`operation`](crate::model::operation).
    pub(crate) operation: Option<&'static str>,
    pub(crate) locals: Locals,
}

impl Thread {
    pub(crate) fn new() -> Self {
        Self {
            used: false,
            done: false,
            spawned: 0,
            reached: 0,
            hb: Clock::START,
            porf: Clock::START,
            acquirable: Clock::START,
            fenced: Clock::START,
            wait: Wait::Nothing,
            yielder: core::ptr::null(),
            name: None,
            operation: None,
            locals: Locals::default(),
        }
    }
}

/// Everything that a run changes.
pub(crate) struct Runtime {
    pub(crate) graph: Graph,
    /// How many events of the graph the run has not reached yet.
    pub(crate) left: usize,
    pub(crate) threads: Vec<Thread>,
    pub(crate) current: usize,
    /// The thread whose RMW has its read part in the graph and not yet its write part.
    pub(crate) pending: Option<usize>,
    pub(crate) names: OwnNames,
    /// Threads that were spawned and have not begun.
    pub(crate) newborn: Vec<(usize, Box<dyn FnOnce()>)>,
    /// The run ends here; its execution does not exist, or the exploration stops.
    pub(crate) abandoned: bool,
    pub(crate) failure: Option<Failure>,
    pub(crate) stopped: Option<Limit>,
    pub(crate) options: Options,
    pub(crate) report: Report,
    pub(crate) choices: Vec<Choice>,
    pub(crate) saved: Vec<Frame>,
    pub(crate) spare: Vec<Graph>,
    pub(crate) objects: Objects,
    pub(crate) spins: Spins,
}

thread_local! {
    static RUNTIME: RefCell<Option<Box<Runtime>>> = const { RefCell::new(None) };
    static RUNNING: Cell<bool> = const { Cell::new(false) };
    /// Whether an operation of this run changed nothing because the program unwound.
    static UNWOUND: Cell<bool> = const { Cell::new(false) };
}

/// Whether a model runs on this thread of the system.
pub(crate) fn is_running() -> bool {
    RUNNING.get()
}

/// Whether the program unwinds: then its operations change nothing any more.
pub(crate) fn is_unwinding() -> bool {
    let unwinds = std::thread::panicking();
    if unwinds {
        UNWOUND.set(true);
    }
    unwinds
}

/// Refuses a program that catches a panic and goes on: while it unwound its locks let it in
/// regardless, and its stores were lost.
fn expect_no_caught_panic() {
    assert!(
        !UNWOUND.get() || std::thread::panicking(),
        "a panic was caught, and operations of porf that ran while the program unwound changed \
         nothing: a model cannot go on after a panic"
    );
}

/// Installs or removes the state.
pub(super) fn install(runtime: Option<Box<Runtime>>) -> Option<Box<Runtime>> {
    RUNNING.set(runtime.is_some());
    RUNTIME.with(|cell| core::mem::replace(&mut *cell.borrow_mut(), runtime))
}

/// Gives access to the state. `change` runs no code of the program.
///
/// # Panics
/// Outside of a model.
#[inline]
pub(crate) fn with<R>(change: impl FnOnce(&mut Runtime) -> R) -> R {
    RUNTIME.with(|cell| {
        let mut runtime = cell.borrow_mut();
        change(runtime.as_mut().expect("a type of porf is used outside of a model"))
    })
}

/// Lets other threads run until the current one can go on.
pub(crate) fn suspend(wait: Wait) {
    let yielder = with(|rt| {
        let thread = &mut rt.threads[rt.current];
        thread.wait = wait;
        thread.yielder
    });
    // SAFETY: the yielder lives as long as the coroutine, and this code runs on it.
    let yielder = unsafe { &*yielder };
    yielder.suspend(());
    with(|rt| rt.threads[rt.current].wait = Wait::Nothing);
}

/// Ends the run here.
pub(crate) fn abandon() -> ! {
    let wait = with(Runtime::end_run);
    loop {
        suspend(wait);
    }
}

/// What the current thread's operation does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Turn {
    /// It repeats this event of the graph.
    Repeat(Id),
    /// It adds an event.
    Add,
}

/// Waits until the current thread has an event to repeat, or may add one, which the program does at
/// `place`.
pub(crate) fn turn(place: Place) -> Turn {
    expect_no_caught_panic();
    loop {
        match with(|rt| rt.turn(place)) {
            Ok(Some(turn)) => return turn,
            Ok(None) => suspend(Wait::Turn),
            Err(wait) => suspend(wait),
        }
    }
}

impl Runtime {
    pub(crate) fn thread(&self) -> &Thread {
        &self.threads[self.current]
    }

    /// The name of the current thread's next event.
    pub(crate) fn next_id(&self) -> Id {
        Id::new(self.current, self.thread().reached)
    }

    /// Whether this run has reached the event.
    pub(crate) fn is_live(&self, id: Id) -> bool {
        let thread = usize::from(id.thread);
        thread == STATICS || self.threads[thread].reached > usize::from(id.index)
    }

    /// `Ok(None)`: not yet. `Err`: never again in this run, for this reason.
    fn turn(&mut self, place: Place) -> Result<Option<Turn>, Wait> {
        if let Some(looping) = self.spins.interrupted_by_an_event(self.current) {
            self.spins.unroll(looping);
            return Err(self.end_run());
        }
        let next = self.next_id();
        if self.graph.has(next) {
            if self.graph.event(next).kind == Kind::Stop {
                self.reach(next);
                return Err(Wait::Stopped);
            }
            return Ok(Some(Turn::Repeat(next)));
        }
        let waits = self.left > 0
            || self.pending.is_some_and(|thread| thread != self.current)
            || (self.pending.is_none() && (0..self.current).any(|thread| self.is_ready(thread)));
        if waits {
            return Ok(None);
        }
        if self.graph.len() >= self.options.max_events {
            self.stopped = Some(Limit::Events(self.options.max_events));
            return Err(self.end_run());
        }
        if self.pending.is_none() && self.stops_before(place) {
            return Err(Wait::Stopped);
        }
        Ok(Some(Turn::Add))
    }

    /// The run ends here; returns for what the current thread waits from now on.
    fn end_run(&mut self) -> Wait {
        self.abandoned = true;
        Wait::Abandoned
    }

    pub(crate) fn is_ready(&self, index: usize) -> bool {
        let thread = &self.threads[index];
        if !thread.used || thread.done {
            return false;
        }
        match thread.wait {
            Wait::Nothing => true,
            Wait::Source(id) => self.is_live(id),
            Wait::Turn => self.left == 0 && self.pending.is_none_or(|pending| pending == index),
            Wait::End(child) => self.threads[child].done,
            Wait::Queue(entry) | Wait::Try(entry) => self.admission(entry).is_some(),
            Wait::Spin | Wait::Assume | Wait::Abandoned | Wait::Stopped => false,
        }
    }

    /// The thread that runs next. While a graph is repeated any order will do, and the current
    /// thread goes on if it can.
    pub(crate) fn pick(&self) -> Option<usize> {
        if self.left > 0 && self.is_ready(self.current) {
            return Some(self.current);
        }
        (0..MAX_THREADS).find(|&thread| self.is_ready(thread))
    }

    /// Begins a run along the graph.
    pub(crate) fn begin_run(&mut self) {
        self.left = self.graph.len();
        for thread in self.threads.drain(..) {
            // A run that did not end left them; their destructors would run outside of any thread.
            core::mem::forget(thread.locals);
        }
        self.threads.resize_with(LANES, Thread::new);
        self.threads[0].used = true;
        self.current = 0;
        self.pending = None;
        core::mem::forget(core::mem::take(&mut self.newborn));
        self.abandoned = false;
        UNWOUND.set(false);
        self.objects.begin_run();
        self.spins.begin_run();
    }

    /// Adds an event of the current thread, whose clocks `event` does not have yet, apart from what
    /// they are to contain beyond the thread's own.
    pub(crate) fn add(&mut self, mut event: Event) -> Id {
        let id = self.next_id();
        event.hb.join(&self.thread().hb);
        event.porf.join(&self.thread().porf);
        event.hb.add(id);
        event.porf.add(id);
        self.left += 1;
        self.graph.append(self.current, event)
    }

    /// Notes that the run has reached the current thread's next event.
    pub(crate) fn reach(&mut self, id: Id) {
        let event = self.graph.event(id);
        let (hb, porf) = (event.hb, event.porf);
        let thread = &mut self.threads[self.current];
        (thread.hb, thread.porf) = (hb, porf);
        thread.reached += 1;
        match event.kind {
            Kind::Read if !acquires(event.order) => {
                thread.acquirable.join(&self.graph.event(event.source).released);
            }
            Kind::Fence if releases(event.order) => thread.fenced = hb,
            _ => {}
        }
        self.left -= 1;
    }

    /// Refuses a run in which the program does something else than in the run that it repeats.
    pub(crate) fn expect(&self, id: Id, kind: Kind, place: Place) {
        let event = self.graph.event(id);
        if event.kind != kind || !same_place(event.place, place) {
            self.diverged(id, &format!("{kind:?} at {place}"));
        }
    }

    /// [`expect`](Self::expect), for an access of a location.
    pub(crate) fn expect_access(&self, id: Id, kind: Kind, location: Id, place: Place) {
        self.expect(id, kind, place);
        let is_same = self.is_live(location)
            && self.graph.event(location).location == self.graph.event(id).location;
        if !is_same {
            self.diverged(id, &format!("{kind:?} of another location at {place}"));
        }
    }

    /// Panics: the program is not deterministic.
    pub(crate) fn diverged(&self, id: Id, now: &str) -> ! {
        let event = self.graph.event(id);
        let before: Vec<String> = self.graph.threads[usize::from(id.thread)]
            .iter()
            .take(usize::from(id.index))
            .map(|event| format!("{:?} at {}", event.kind, event.place))
            .collect();
        panic!(
            "the model does not repeat itself: after the same values, thread {} did another thing \
             than before. Time, random numbers, addresses and atomics of std differ from run to \
             run.\n  before: {}\n  then:   {:?} at {}\n  now:    {now}",
            id.thread,
            if before.is_empty() { "nothing".into() } else { before.join(", ") },
            event.kind,
            event.place,
        );
    }
}

pub(crate) fn same_place(a: &Location<'_>, b: &Location<'_>) -> bool {
    core::ptr::eq(a, b) || a == b
}
