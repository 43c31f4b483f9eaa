//! Races between accesses that are not atomic.
//!
//! RC11 gives a program with a race no meaning, so the first race ends the exploration. Accesses of
//! a cell are no events. A cell remembers its last write, and the reads since then, each as the
//! place in its thread's program order; an access that does not come after all of them that it
//! conflicts with is a race. Of two accesses that race in a graph, the second one in the order of
//! the run finds the first.

use core::cell::Cell;

use super::{Place, Runtime, is_running, is_unwinding, with};
use crate::graph::{Id, MAX_THREADS};

/// An access: the event that its thread was to run next, and the line of the program.
type Access = Option<(Id, Place)>;

/// What a cell remembers.
#[derive(Debug)]
pub(crate) struct Accesses {
    write: Cell<Access>,
    reads: Cell<[Access; MAX_THREADS]>,
    /// How many pointers for reading are in use; one for writing is -1.
    pointers: Cell<i32>,
}

impl Accesses {
    /// The creation of the cell counts as a write.
    pub(crate) fn new(place: Place) -> Self {
        let accesses = Self {
            write: Cell::new(None),
            reads: Cell::new([None; MAX_THREADS]),
            pointers: Cell::new(0),
        };
        if is_running() && !is_unwinding() {
            accesses.write.set(Some(with(|rt| (rt.next_id(), place))));
        }
        accesses
    }

    /// A read begins.
    pub(crate) fn read(&self, place: Place) {
        if !is_running() || is_unwinding() {
            return;
        }
        if self.pointers.get() < 0 {
            panic!(
                "Causality violation: Concurrent read and write accesses: read at {place}, while a pointer for writing is in use"
            );
        }
        let now = with(|rt| {
            self.conflict(rt, self.write.get(), "read and write", "read", "written", place);
            rt.next_id()
        });
        let mut reads = self.reads.get();
        reads[usize::from(now.thread)] = Some((now, place));
        self.reads.set(reads);
    }

    /// A write begins.
    pub(crate) fn write(&self, place: Place) {
        if !is_running() || is_unwinding() {
            return;
        }
        if self.pointers.get() != 0 {
            panic!(
                "Causality violation: Concurrent write accesses: written at {place}, while another pointer is in use"
            );
        }
        let now = with(|rt| {
            rt.note_write_on_trial();
            self.conflict(rt, self.write.get(), "write", "written", "written", place);
            for read in self.reads.get() {
                self.conflict(rt, read, "read and write", "written", "read", place);
            }
            rt.next_id()
        });
        self.write.set(Some((now, place)));
        self.reads.set([None; MAX_THREADS]);
    }

    /// A pointer comes into use.
    pub(crate) fn hold(&self, for_writing: bool) {
        self.pointers.set(if for_writing { -1 } else { self.pointers.get() + 1 });
    }

    /// A pointer is no longer used: its access ends here.
    pub(crate) fn let_go(&self, for_writing: bool, place: Place) {
        self.pointers.set(if for_writing { 0 } else { self.pointers.get() - 1 });
        if for_writing {
            self.write(place);
        } else {
            self.read(place);
        }
    }

    fn conflict(
        &self,
        rt: &Runtime,
        before: Access,
        what: &str,
        now: &str,
        then: &str,
        place: Place,
    ) {
        let Some((id, first)) = before else { return };
        let current = rt.current;
        if usize::from(id.thread) != current && !rt.thread().hb.has(id) {
            panic!(
                "Causality violation: Concurrent {what} accesses to `UnsafeCell`: {now} by thread \
                 {current} at {place}, {then} by thread {} at {first}, and neither happens before \
                 the other",
                id.thread
            );
        }
    }
}

impl Runtime {
    /// A loop that writes a cell does not wait.
    fn note_write_on_trial(&mut self) {
        if self.is_respinning() {
            self.end_trial();
        }
    }
}
