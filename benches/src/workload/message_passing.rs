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

use core::sync::atomic::AtomicUsize;

use super::side::side;
use crate::Sample;
use crate::loops::message_passing::{Client, Server};
use crate::ring::Ring;
use crate::sample::{Gate, Patience, Span, on_threads};
use crate::subjects::AnySubject;

/// Messages without an answer, of all producers together.
pub(super) const IN_FLIGHT: usize = 4096;
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
    let (share, patience) = (IN_FLIGHT / producers, Patience::among(threads));
    assert!(share <= places, "a share has room");
    let mut clients: Vec<_> = (0..producers).map(|nth| Client::new(nth, share, patience)).collect();
    let mut servers: Vec<_> = (0..consumers).map(|_| Server::new(patience)).collect();
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
        let phases = [(WARM_UP, warming_up), (each, working)];
        side(subject, gate, phases, move |handle, (count, asking)| {
            handle.ask(&mut client, count, touched_bytes, asking);
        })
    });
    let servers = servers.into_iter().map(|mut server| {
        side(subject, gate, [warming_up, working], move |handle, asking| {
            handle.answer(&mut server, touched_bytes, asking);
        })
    });
    Span::together(&on_threads(clients.chain(servers).collect()), each * producers as u64)
}
