//! The exploration: workers that make one run after the other until no choice is left.

use core::cell::RefCell;
use core::panic::AssertUnwindSafe;
use std::collections::HashSet;
use std::panic::{catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::{Arc, mpsc};

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};

use super::choice::Choice;
use super::failure::Failure;
use super::object_table::Objects;
use super::objects::take_statics;
use super::state::{install, is_running, suspend, with};
use super::team::{Done, Package, Start, Team};
use super::threads::{join, run};
use super::trial::Spins;
use super::{Limit, Options, Place, Report, Runtime, Standstill, Wait, locals};
use crate::graph::{Clock, Event, Kind, MAX_THREADS};

type Thread = Coroutine<(), (), (), DefaultStack>;

/// The stack of a thread. Only what is touched takes memory.
const STACK_BYTES: usize = 512 * 1024;

/// Stacks that no thread uses.
type Stacks = Vec<DefaultStack>;

/// How a run ended.
enum Ended {
    /// Every thread came to its end.
    Complete,
    /// A thread spins on an old value, waits for a lock that it only tried, or assumes what is
    /// false.
    Blocked,
    /// A thread is stopped for ever, and every other one came to its end.
    Stopped,
    /// A thread is stopped for ever, and others wait for ever.
    Standstill(Standstill),
    /// The run is of no use: the exploration stops or begins anew.
    Abandoned,
    Failed(Failure),
}

/// What an exploration tells while it runs.
pub(crate) enum Heard<T> {
    /// An execution came to its end; this is what the program returned.
    Execution(T),
    /// A thread is stopped for ever, and others wait for ever.
    Standstill(Standstill),
    /// The exploration begins anew; what it told before is void.
    Anew,
}

/// Runs every execution of `program`, and tells `told` of each that counts.
///
/// # Panics
/// If an execution fails, with what it failed with.
pub(crate) fn explore<T: Send + 'static>(
    options: &Options,
    place: Place,
    program: impl Fn() -> T + Send + Sync + 'static,
    told: &mut dyn FnMut(Heard<T>),
) -> Report {
    assert!(!is_running(), "a model cannot run another model");
    let team = Team::new(options.workers);
    let program = Arc::new(program);
    if options.workers == 1 {
        Worker::new(0, &team, options, place, &program).work(&mut |_, heard| told(heard));
    } else {
        let (tell, hear) = mpsc::channel();
        std::thread::scope(|scope| {
            for number in 0..options.workers {
                let (tell, program, team) = (tell.clone(), Arc::clone(&program), &team);
                scope.spawn(move || {
                    // If nobody hears any more, the thread that calls panics already.
                    let mut tell = |generation, heard| drop(tell.send((generation, heard)));
                    let work = AssertUnwindSafe(|| {
                        Worker::new(number, team, options, place, &program).work(&mut tell);
                    });
                    if let Err(payload) = catch_unwind(work) {
                        team.fail(payload, "");
                    }
                });
            }
            drop(tell);
            hear_all(hear, told);
        });
    }
    team.report().unwrap_or_else(|payload| resume_unwind(payload))
}

/// Hands on what workers tell, but for what a later generation has made void.
fn hear_all<T>(hear: mpsc::Receiver<(u64, Heard<T>)>, told: &mut dyn FnMut(Heard<T>)) {
    let mut newest = 0;
    for (generation, heard) in hear {
        if generation > newest {
            newest = generation;
            told(Heard::Anew);
        }
        if generation == newest && !matches!(heard, Heard::Anew) {
            told(heard);
        }
    }
}

/// One of those that explore a model, on a thread of the system.
struct Worker<'t, T> {
    number: usize,
    team: &'t Team,
    options: &'t Options,
    place: Place,
    program: Rc<dyn Fn()>,
    /// What the program returned last.
    last: Rc<RefCell<Option<T>>>,
    stacks: Stacks,
}

impl<'t, T: 'static> Worker<'t, T> {
    fn new(
        number: usize,
        team: &'t Team,
        options: &'t Options,
        place: Place,
        program: &Arc<impl Fn() -> T + 'static>,
    ) -> Self {
        let last = Rc::new(RefCell::new(None));
        let (kept, program) = (Rc::clone(&last), Arc::clone(program));
        let program = Rc::new(move || {
            kept.take();
            let outcome = program();
            kept.replace(Some(outcome));
        });
        Self { number, team, options, place, program, last, stacks: Stacks::new() }
    }

    /// Explores packages until nothing is left. `told` also hears the generation.
    fn work(&mut self, told: &mut dyn FnMut(u64, Heard<T>)) {
        while let Some(start) = self.team.take() {
            let generation = start.generation;
            let done = self.explore(start, told);
            self.team.finish(generation, done);
        }
    }

    fn explore(&mut self, start: Start, told: &mut dyn FnMut(u64, Heard<T>)) -> Done {
        let Start { package: Package { graph, choices }, known, names, generation } = start;
        let is_begun = !choices.is_empty();
        install(Some(Box::new(Runtime {
            graph,
            left: 0,
            threads: Vec::new(),
            current: 0,
            pending: None,
            names,
            newborn: Vec::new(),
            abandoned: false,
            failure: None,
            stopped: None,
            options: self.options.clone(),
            report: Report::START,
            choices,
            saved: Vec::new(),
            spare: Vec::new(),
            objects: Objects::default(),
            spins: Spins { known, ..Spins::default() },
        })));
        let _installed = Installed;
        let mut news = self.team.news();
        let mut done = Done::default();
        if is_begun && !with(Runtime::next_graph) {
            return done;
        }
        loop {
            let ended = run_once(self.place, &self.program, &mut self.stacks);
            if with(|rt| rt.spins.restart) {
                let known = with(|rt| core::mem::take(&mut rt.spins.known));
                told(self.team.begin_anew(generation, known), Heard::Anew);
                return Done::default();
            }
            if let Ended::Failed(failure) = ended {
                let text = with(|rt| rt.describe(&failure));
                self.team.fail(failure.payload, &text);
                return done;
            }
            let limit = with(|rt| {
                rt.count(&ended, &mut done.seen);
                done.report = Some(rt.report);
                let limit = || self.team.limit(self.number, self.options, rt.bytes_that_wait());
                rt.stopped.or_else(limit)
            });
            match ended {
                Ended::Complete => {
                    let outcome = self.last.take().expect("a complete run has an outcome");
                    told(generation, Heard::Execution(outcome));
                }
                Ended::Standstill(standstill) => told(generation, Heard::Standstill(standstill)),
                _ => {}
            }
            if let Some(limit) = limit.or(self.options.guide.as_ref().map(|_| Limit::Replayed)) {
                self.team.stop(limit);
                return done;
            }
            if news != self.team.news() {
                news = self.team.news();
                if !self.team.goes_on(generation) {
                    return done;
                }
            }
            if self.team.wants()
                && let Some(package) = with(Runtime::split)
            {
                self.team.give(generation, package);
            }
            if !with(Runtime::next_graph) {
                return done;
            }
        }
    }
}

/// Removes the state when the exploration ends, however it does.
struct Installed;

impl Drop for Installed {
    fn drop(&mut self) {
        if let Some(mut runtime) = install(None) {
            // Forgets what program values are left.
            runtime.begin_run();
        }
    }
}

fn run_once(place: Place, program: &Rc<dyn Fn()>, stacks: &mut Stacks) -> Ended {
    let mut threads: [Option<Thread>; MAX_THREADS] = [const { None }; MAX_THREADS];
    let main = Rc::clone(program);
    let start = Event {
        hb: Clock::START,
        porf: Clock::START,
        ..Event::new(Kind::Spawn, core::sync::atomic::Ordering::Relaxed, place)
    };
    let body = Box::new(move || {
        main();
        // The destructors of thread-local values may use statics.
        locals::drop_all();
        // As loom: the values of statics are dropped by the first thread. It waits until no other
        // thread can use them.
        drop_statics(place);
    });
    with(|rt| {
        rt.begin_run();
        rt.newborn.push((0, run(start, place, body)));
    });
    let ended = loop {
        go_on(&mut threads, stacks);
        if with(|rt| rt.abandoned || rt.failure.is_some()) {
            break with(|rt| rt.failure.take()).map_or(Ended::Abandoned, Ended::Failed);
        }
        if let Some(ended) = with(Runtime::stuck) {
            break ended;
        }
    };
    if matches!(ended, Ended::Stopped | Ended::Standstill(_)) {
        let released = with(Runtime::release);
        go_on(&mut threads, stacks);
        with(|rt| rt.end_release(released));
    }
    for mut thread in threads.into_iter().flatten() {
        if !thread.done() {
            // SAFETY: nothing on the stack is used again. What its frames own is leaked, and also
            // what a thread captures that never ran: the destructors would run program code
            // outside of any thread, in a state that no execution has.
            unsafe { thread.force_reset() };
        }
        if thread.done() {
            stacks.push(thread.into_stack());
        }
    }
    ended
}

/// Runs threads as long as one can go on, unless the run ends before.
fn go_on(threads: &mut [Option<Thread>; MAX_THREADS], stacks: &mut Stacks) {
    loop {
        for (index, body) in with(|rt| core::mem::take(&mut rt.newborn)) {
            threads[index] = Some(begin(body, stacks));
        }
        if with(|rt| rt.abandoned || rt.failure.is_some()) {
            return;
        }
        let Some(next) = with(|rt| rt.pick()) else { return };
        with(|rt| rt.current = next);
        let thread = threads[next].as_mut().expect("a thread that is ready has begun");
        if let CoroutineResult::Return(()) = thread.resume(()) {
            with(|rt| rt.threads[next].done = rt.failure.is_none());
        }
    }
}

/// Drops the values of statics when all other threads have ended.
fn drop_statics(place: Place) {
    let others =
        || with(|rt| (1..MAX_THREADS).filter(|&at| rt.threads[at].used).collect::<Vec<_>>());
    while let Some(child) = others().into_iter().find(|&at| with(|rt| !rt.threads[at].done)) {
        suspend(Wait::End(child));
    }
    let values = take_statics();
    if !values.is_empty() {
        // What the threads did with the values happens before their end.
        for child in others() {
            join(child, place);
        }
    }
    drop(values);
}

fn begin(body: Box<dyn FnOnce()>, stacks: &mut Stacks) -> Thread {
    let stack = stacks.pop().unwrap_or_else(|| {
        DefaultStack::new(STACK_BYTES).expect("the system gives memory for a stack")
    });
    Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
        with(|rt| {
            let current = rt.current;
            rt.threads[current].yielder = yielder;
        });
        body();
    })
}

impl Runtime {
    /// What it means that no thread can go on; `None`: one can, after all.
    fn stuck(&mut self) -> Option<Ended> {
        let waiting = self.waiting();
        if waiting.is_empty() && self.graph.stop().is_none() {
            if let Some(leak) = self.objects.leaked() {
                return Some(Ended::Failed(Failure::of_run(leak)));
            }
            return Some(Ended::Complete);
        }
        if self.left > 0 {
            let text =
                "the model does not repeat itself: its threads wait for events that do not come";
            return Some(Ended::Failed(Failure::of_run(text.into())));
        }
        if self.spins.restart {
            return Some(Ended::Abandoned);
        }
        if waiting.is_empty() {
            return Some(Ended::Stopped);
        }
        if self.begin_trial() {
            return None;
        }
        let wait = |at: &usize| self.threads[*at].wait;
        let spins: Vec<usize> =
            waiting.iter().copied().filter(|at| wait(at) == Wait::Spin).collect();
        let tries = waiting.iter().any(|at| matches!(wait(at), Wait::Try(_) | Wait::Assume));
        if tries || spins.iter().any(|&at| self.could_go_on(at)) {
            return Some(Ended::Blocked);
        }
        if let Some(standstill) = self.standstill(&waiting) {
            return Some(if self.options.tells_standstills {
                Ended::Standstill(standstill)
            } else {
                Ended::Failed(Failure::of_run(standstill.to_string()))
            });
        }
        let text = match spins.first() {
            Some(thread) => format!("thread {thread} spins for ever: no other value comes"),
            None => format!("deadlock; threads that wait: {waiting:?}"),
        };
        Some(Ended::Failed(Failure::of_run(text)))
    }

    fn count(&mut self, ended: &Ended, seen: &mut HashSet<u64>) {
        self.report.events = self.report.events.max(self.graph.len());
        match ended {
            Ended::Complete => self.report.executions += 1,
            Ended::Blocked => self.report.blocked += 1,
            Ended::Stopped => self.report.stopped += 1,
            Ended::Standstill(_) => self.report.standstills += 1,
            _ => return,
        }
        if self.options.check_duplicates {
            let new = seen.insert(self.graph.fingerprint());
            assert!(new, "porf: a graph was explored twice\n{}", self.text());
        }
    }

    /// The size of what is left to explore besides the next choice.
    fn bytes_that_wait(&self) -> usize {
        let events: usize = self.saved.iter().map(|frame| frame.graph.len()).sum();
        let choices: usize =
            self.saved.iter().map(|frame| frame.choices.len()).sum::<usize>() + self.choices.len();
        events * size_of::<Event>() + choices * size_of::<Choice>()
    }
}
