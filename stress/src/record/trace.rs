//! From a log, which has addresses, to a trace, which has objects.

use std::collections::HashMap;

use super::log::{Asked, Event};
use crate::replay::{Draft, Full, MAX_THREADS};

/// A trace and what it does not show.
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// The trace.
    pub draft: Draft,
    /// Objects that are live at the end.
    pub live: usize,
    /// Frees of blocks whose allocation was not seen, which are left out: blocks from before the
    /// recording, most of them.
    pub strange_frees: u64,
    /// Allocations of an address that was thought to be live; its object is freed just before, by
    /// the same thread. Some end went by unseen.
    pub unseen_ends: u64,
    /// Events left out at the end, since the trace has no room for more of them, or of threads.
    pub cut: u64,
}

/// Makes a trace of `events`.
///
/// Their order is the log's: for each address that of what happened, see the recorder's own head.
///
/// # Errors
/// That of the first event that cannot be read.
pub fn of_events<E>(events: impl Iterator<Item = Result<Event, E>>) -> Result<Made, E> {
    let mut maker = Maker::default();
    let mut made = Made::default();
    for event in events {
        let event = event?;
        if made.cut > 0 || maker.add(&mut made, event).is_err() {
            made.cut += 1;
        }
    }
    made.live = maker.objects.len();
    Ok(made)
}

#[derive(Default)]
struct Maker {
    /// The live objects by address.
    objects: HashMap<u64, u32>,
    threads: HashMap<u64, u16>,
    /// Time of the record before.
    before: Option<u64>,
}

impl Maker {
    fn add(&mut self, made: &mut Made, event: Event) -> Result<(), Full> {
        let known = self.objects.get(&event.address).copied();
        if known.is_none() && event.allocates.is_none() {
            made.strange_frees += 1;
            return Ok(());
        }
        let thread = self.thread(event.thread)?;
        // Places are claimed in one order and times taken a moment later, so time may step back.
        let since = event.nanos.saturating_sub(self.before.unwrap_or(event.nanos));
        let nanos = u32::try_from(since).unwrap_or(u32::MAX);
        if let Some(object) = known {
            made.draft.free(thread, object, nanos)?;
            self.objects.remove(&event.address);
        }
        if let Some(Asked { size, align_log2 }) = event.allocates {
            made.unseen_ends += u64::from(known.is_some());
            let nanos = if known.is_some() { 0 } else { nanos };
            let object = made.draft.allocate(thread, size, align_log2, nanos)?;
            self.objects.insert(event.address, object);
        }
        self.before = Some(event.nanos);
        Ok(())
    }

    /// The thread's number: in order of appearance.
    fn thread(&mut self, thread: u64) -> Result<u16, Full> {
        let next = u16::try_from(self.threads.len()).map_err(|_| Full)?;
        match self.threads.get(&thread) {
            Some(number) => Ok(*number),
            None if next >= MAX_THREADS => Err(Full),
            None => Ok(*self.threads.entry(thread).or_insert(next)),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::convert::Infallible;

    use proptest::prelude::*;

    use super::*;
    use crate::replay::Trace;

    fn allocate(thread: u64, address: u64) -> Event {
        let asked = Asked { size: 24, align_log2: 4 };
        Event { address, thread, nanos: 0, allocates: Some(asked) }
    }

    fn free(thread: u64, address: u64) -> Event {
        Event { allocates: None, ..allocate(thread, address) }
    }

    fn made(events: &[Event]) -> Made {
        of_events(events.iter().copied().map(Ok::<_, Infallible>)).unwrap_or_else(|e| match e {})
    }

    fn read(made: &Made) -> Trace {
        Trace::read(made.draft.to_file().as_slice()).expect("a trace")
    }

    #[test]
    fn an_address_that_is_used_again_is_another_object() {
        let made = made(&[allocate(70, 1), free(80, 1), allocate(80, 1)]);
        assert_eq!((made.live, made.strange_frees, made.unseen_ends, made.cut), (1, 0, 0, 0));
        let trace = read(&made);
        assert_eq!((trace.records, trace.objects, trace.threads.len()), (3, 2, 2));
        assert_eq!(trace.threads[1][0].object, 0, "freed by the second thread");
        assert_eq!(trace.threads[1][1].object, 1);
    }

    #[test]
    fn what_was_there_before_is_left_out() {
        let made = made(&[free(7, 9), allocate(7, 1), free(7, 9)]);
        assert_eq!((made.live, made.strange_frees), (1, 2));
        assert_eq!(read(&made).records, 1);
    }

    #[test]
    fn an_end_that_was_not_seen_is_put_in() {
        let made = made(&[allocate(7, 1), allocate(8, 1)]);
        assert_eq!((made.live, made.unseen_ends), (1, 1));
        let trace = read(&made);
        assert_eq!(trace.records, 3);
        assert!(!trace.threads[1][0].allocates, "freed by who allocated it again");
    }

    #[test]
    fn more_threads_than_a_trace_has_cut_it() {
        let many = u64::from(MAX_THREADS);
        let mut events: Vec<_> = (0..=many).map(|thread| allocate(thread, thread + 1)).collect();
        events.push(free(0, 1));
        let made = made(&events);
        assert_eq!(made.cut, 2, "the first thread too many, and all after it");
        assert_eq!(made.draft.threads(), MAX_THREADS);
        assert_eq!(made.live, usize::from(MAX_THREADS));
    }

    proptest! {
        #[test]
        fn any_log_makes_a_trace(
            events in prop::collection::vec((any::<bool>(), 0_u64..6, 0_u64..4, any::<u64>(), any::<u32>(), any::<u8>()), 0..60),
        ) {
            let events: Vec<_> = events
                .into_iter()
                .map(|(allocates, address, thread, nanos, size, align_log2)| {
                    let asked = allocates.then_some(Asked { size, align_log2 });
                    Event { address, thread, nanos, allocates: asked }
                })
                .collect();
            let made = made(&events);
            let trace = read(&made);
            let live: usize = trace.classes.iter().map(|class| class.live).sum();
            prop_assert_eq!(live, made.live);
            let expected = u64::try_from(events.len()).expect("few") + made.unseen_ends;
            prop_assert_eq!(trace.records + made.strange_frees, expected);
        }
    }
}
