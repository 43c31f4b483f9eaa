//! The two sides of message passing: one asks and frees the answers, one answers and frees the
//! messages.

use core::hint::black_box;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::random::Random;
use super::touch::{read, write};
use crate::ring::{Receiver, Sender};
use crate::sample::Patience;
use crate::{Handle, Take};

/// Messages of a span, at the most. A consumer turns to its next producer after so many.
const SPAN: usize = 16;

/// A producer.
pub(crate) struct Client<'r> {
    pub(crate) messages: Vec<Sender<'r>>,
    pub(crate) answers: Vec<Receiver<'r>>,
    random: Random,
    /// The most messages without an answer.
    share: usize,
    patience: Patience,
}

impl Client<'_> {
    /// Producer `nth`, which may have a share of messages without an answer.
    pub(crate) fn new(nth: usize, share: usize, patience: Patience) -> Self {
        assert!(share >= SPAN, "a span may go");
        Self { messages: Vec::new(), answers: Vec::new(), random: Random::of(nth), share, patience }
    }
}

/// Sends `count` messages, and frees their answers; returns when all have come.
#[inline(never)]
pub(super) fn ask(
    handle: &mut impl Handle,
    client: &mut Client<'_>,
    count: u64,
    touched_bytes: usize,
    asking: &AtomicUsize,
) {
    let (mut unsent, mut in_flight) = (count, 0);
    let mut span = 1 + client.random.next() % SPAN;
    let mut patience = client.patience;
    while unsent > 0 || in_flight > 0 {
        let before = in_flight;
        for ring in &mut client.answers {
            while let Some(answer) = ring.try_receive() {
                read(answer, touched_bytes);
                // SAFETY: the consumer allocated it from the same subject and sent it once.
                unsafe { handle.deallocate(answer) };
                in_flight -= 1;
            }
        }
        if unsent > 0 && in_flight + span <= client.share {
            let consumer = client.random.next() % client.messages.len();
            for _ in 0..unsent.min(span as u64) {
                let message = black_box(handle.take());
                write(message, touched_bytes);
                client.messages[consumer].send(message);
                unsent -= 1;
                in_flight += 1;
            }
            span = 1 + client.random.next() % SPAN;
        } else if in_flight == before {
            patience.wait();
            continue;
        }
        patience = client.patience;
    }
    // Release: the last answers were taken before anybody may see that there are none.
    asking.fetch_sub(1, Ordering::Release);
}

/// A consumer: from each producer, and back.
pub(crate) struct Server<'r> {
    pub(crate) ways: Vec<(Receiver<'r>, Sender<'r>)>,
    patience: Patience,
}

impl Server<'_> {
    /// A consumer whom nobody asks yet.
    pub(crate) fn new(patience: Patience) -> Self {
        Self { ways: Vec::new(), patience }
    }
}

/// Answers until nobody is `asking`.
#[inline(never)]
pub(super) fn answer(
    handle: &mut impl Handle,
    server: &mut Server<'_>,
    touched_bytes: usize,
    asking: &AtomicUsize,
) {
    let mut patience = server.patience;
    loop {
        let mut idle = true;
        for (incoming, outgoing) in &mut server.ways {
            for _ in 0..SPAN {
                let Some(message) = incoming.try_receive() else { break };
                read(message, touched_bytes);
                let answer = black_box(handle.take());
                write(answer, touched_bytes);
                // SAFETY: the producer allocated it from the same subject and sent it once.
                unsafe { handle.deallocate(message) };
                outgoing.send(answer);
                idle = false;
            }
        }
        if !idle {
            patience = server.patience;
        // Acquire: a thread that has all answers has sent all messages, and they have arrived.
        } else if asking.load(Ordering::Acquire) == 0 {
            return;
        } else {
            patience.wait();
        }
    }
}
