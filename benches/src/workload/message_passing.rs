//! Messages and answers, with back-pressure: producers ask, consumers answer, and either side frees
//! what the other one allocated.
//!
//! Source: snmalloc's msgpass. Taken from there: producers send spans of 1 to 16 messages to a
//! random consumer each, 4,096 messages at the most are on their way, and who has sent that many
//! waits; three producers and three consumers, beside one and two of each.
//!
//! What differs: all messages are of one size (there: 48 to 128 bytes). Consumers answer: they
//! allocate an answer, free the message, and send the answer to the producer, which frees it; a
//! message counts as on its way until then. So back-pressure needs no counter that all share: each
//! producer has its share of the 4,096. Between each two threads there is a bounded ring for either
//! direction, in place of one unbounded queue of each consumer that is linked through the messages,
//! and so no message need be written; one word of each line is, and read where it arrives. There
//! are no proxies, which pass messages on and neither allocate nor free.

use core::hint::black_box;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::random::Random;
use super::touch::{read, write};
use crate::ring::{Receiver, Ring, Sender};
use crate::sample::{Gate, Patience, Span, on_threads};
use crate::subjects::AnySubject;
use crate::{Handle, Sample, Take};

/// Messages without an answer, of all producers together.
pub(super) const IN_FLIGHT: usize = 4096;
/// Messages of a span, at the most. A consumer turns to its next producer after so many.
const SPAN: usize = 16;
/// Messages of each producer before the clock runs.
const WARM_UP: u64 = 2 * IN_FLIGHT as u64;

/// Who asks whom.
#[derive(Clone, Copy)]
pub(super) struct Passing {
    pub(super) producers: usize,
    pub(super) consumers: usize,
    /// Bytes of each message.
    pub(super) touched_bytes: usize,
}

/// The most blocks that are live: a message or its answer for each on its way, and both of them
/// while a consumer has them in its hands.
pub(super) const fn live_blocks(consumers: usize) -> usize {
    IN_FLIGHT + consumers
}

/// Times about `operations` messages, from all producers together.
pub(super) fn sample(subject: &dyn AnySubject, passing: Passing, operations: u64) -> Sample {
    let Passing { producers, consumers, touched_bytes } = passing;
    let threads = producers + consumers;
    // At least as many as one producer may have messages on their way: no ring is ever full.
    let places = match producers {
        1 => IN_FLIGHT,
        2 | 3 => IN_FLIGHT / 2,
        _ => IN_FLIGHT / 4,
    };
    let each = operations.div_ceil(producers as u64);
    let rings = || (0..producers * consumers).map(|_| Ring::new(places, threads));
    let (mut ways_out, mut ways_back): (Vec<_>, Vec<_>) = (rings().collect(), rings().collect());
    let mut clients: Vec<_> = (0..producers).map(|nth| Client::new(nth, passing, places)).collect();
    let mut servers: Vec<_> = (0..consumers).map(|_| Server::new(passing)).collect();
    for (nth, (out, back)) in ways_out.iter_mut().zip(&mut ways_back).enumerate() {
        let (client, server) = (&mut clients[nth / consumers], &mut servers[nth % consumers]);
        let ((messages, incoming), (outgoing, answers)) = (out.split(), back.split());
        client.messages.push(messages);
        client.answers.push(answers);
        server.ways.push((incoming, outgoing));
    }
    let gate = &Gate::new(threads);
    let [warming_up, working] = &[(); 2].map(|()| AtomicUsize::new(producers));
    let clients = clients.into_iter().map(|mut client| {
        Box::new(move || {
            subject.with_handle(|handle| {
                handle.ask(&mut client, WARM_UP, touched_bytes, warming_up);
                Span::of(gate, || handle.ask(&mut client, each, touched_bytes, working))
            })
        }) as Box<dyn FnOnce() -> Span + Send>
    });
    let servers = servers.into_iter().map(|mut server| {
        Box::new(move || {
            subject.with_handle(|handle| {
                handle.answer(&mut server, touched_bytes, warming_up);
                Span::of(gate, || handle.answer(&mut server, touched_bytes, working))
            })
        }) as Box<dyn FnOnce() -> Span + Send>
    });
    Span::together(&on_threads(clients.chain(servers).collect()), each * producers as u64)
}

/// A producer.
pub(crate) struct Client<'r> {
    messages: Vec<Sender<'r>>,
    answers: Vec<Receiver<'r>>,
    random: Random,
    /// The most messages without an answer.
    share: usize,
    patience: Patience,
}

impl Client<'_> {
    fn new(nth: usize, Passing { producers, consumers, .. }: Passing, places: usize) -> Self {
        let share = IN_FLIGHT / producers;
        assert!((SPAN..=places).contains(&share), "a span may go, and has room");
        let patience = Patience::among(producers + consumers);
        Self { messages: Vec::new(), answers: Vec::new(), random: Random::of(nth), share, patience }
    }

    /// Sends `count` messages, and frees their answers; returns when all have come.
    #[inline(never)]
    pub(super) fn ask(
        &mut self,
        handle: &mut impl Handle,
        count: u64,
        touched_bytes: usize,
        asking: &AtomicUsize,
    ) {
        let (mut unsent, mut in_flight) = (count, 0);
        let mut span = 1 + self.random.next() % SPAN;
        let mut patience = self.patience;
        while unsent > 0 || in_flight > 0 {
            let before = in_flight;
            for ring in &mut self.answers {
                while let Some(answer) = ring.try_receive() {
                    read(answer, touched_bytes);
                    // SAFETY: the consumer allocated it from the same subject and sent it once.
                    unsafe { handle.deallocate(answer) };
                    in_flight -= 1;
                }
            }
            if unsent > 0 && in_flight + span <= self.share {
                let consumer = self.random.next() % self.messages.len();
                for _ in 0..unsent.min(span as u64) {
                    let message = black_box(handle.take());
                    write(message, touched_bytes);
                    self.messages[consumer].send(message);
                    unsent -= 1;
                    in_flight += 1;
                }
                span = 1 + self.random.next() % SPAN;
            } else if in_flight == before {
                patience.wait();
                continue;
            }
            patience = self.patience;
        }
        // Release: the last answers were taken before anybody may see that there are none.
        asking.fetch_sub(1, Ordering::Release);
    }
}

/// A consumer: from each producer, and back.
pub(crate) struct Server<'r> {
    ways: Vec<(Receiver<'r>, Sender<'r>)>,
    patience: Patience,
}

impl Server<'_> {
    fn new(Passing { producers, consumers, .. }: Passing) -> Self {
        Self { ways: Vec::new(), patience: Patience::among(producers + consumers) }
    }

    /// Answers until nobody is `asking`.
    #[inline(never)]
    pub(super) fn answer(
        &mut self,
        handle: &mut impl Handle,
        touched_bytes: usize,
        asking: &AtomicUsize,
    ) {
        let mut patience = self.patience;
        loop {
            let mut idle = true;
            for (incoming, outgoing) in &mut self.ways {
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
                patience = self.patience;
            // Acquire: whoever has all answers has sent all messages, and they have arrived.
            } else if asking.load(Ordering::Acquire) == 0 {
                return;
            } else {
                patience.wait();
            }
        }
    }
}
