//! Some threads allocate, others free: every block crosses over. Each producer has a ring to each
//! consumer and sends to them by turns, a run of eight at a time; 1,024 blocks are in flight at the
//! most. In pairs, each producer has one ring to a consumer of its own, and each pair has 1,024 in
//! flight. Untouched, what is measured is the allocator and the rings; touched, the block's own
//! lines cross over too.

use super::side::side;
use crate::Sample;
use crate::ring::{CAPACITY, RUN, Ring};
use crate::sample::{Gate, Span, on_threads};
use crate::subjects::AnySubject;

/// Blocks that each producer sends before the clock runs.
const WARM_UP: u64 = 8 * CAPACITY as u64;

/// Who sends what to whom.
#[derive(Clone, Copy)]
pub(super) struct Crossing {
    pub(super) producers: usize,
    pub(super) consumers: usize,
    /// Each producer sends to a consumer of its own, in place of all of them.
    pub(super) paired: bool,
    /// Bytes of each block, of which one word per line is written before it is sent and read after
    /// it was received; 0 leaves it alone.
    pub(super) touched_bytes: usize,
}

/// Times about `operations` blocks, from all producers together.
pub(super) fn sample(subject: &dyn AnySubject, crossing: Crossing, operations: u64) -> Sample {
    let Crossing { producers, consumers, paired, touched_bytes } = crossing;
    let threads = producers + consumers;
    let places = match producers * consumers {
        _ if paired => CAPACITY,
        1 => CAPACITY,
        2 => CAPACITY / 2,
        3 | 4 => CAPACITY / 4,
        _ => CAPACITY / 16,
    };
    // Rings of each producer.
    let fan_out = if paired { 1 } else { consumers };
    let pairs = (producers * fan_out) as u64;
    let runs = operations.div_ceil(pairs * RUN as u64);
    let warm_up = WARM_UP.div_ceil((fan_out * RUN) as u64);
    let mut rings: Vec<_> = (0..pairs).map(|_| Ring::new(places, threads)).collect();
    let mut senders: Vec<Vec<_>> = (0..producers).map(|_| Vec::new()).collect();
    let mut receivers: Vec<Vec<_>> = (0..consumers).map(|_| Vec::new()).collect();
    for (nth, ring) in rings.iter_mut().enumerate() {
        let (sender, receiver) = ring.split();
        senders[nth / fan_out].push(sender);
        receivers[nth % consumers].push(receiver);
    }
    let gate = &Gate::new(threads);
    let producers = senders.into_iter().map(|mut rings| {
        side(subject, gate, [warm_up, runs], move |handle, runs| {
            handle.produce(&mut rings, touched_bytes, runs);
        })
    });
    let consumers = receivers.into_iter().map(|mut rings| {
        side(subject, gate, [warm_up, runs], move |handle, runs| {
            handle.consume(&mut rings, touched_bytes, runs);
        })
    });
    Span::together(&on_threads(producers.chain(consumers).collect()), runs * pairs * RUN as u64)
}
