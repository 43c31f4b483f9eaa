//! Some threads allocate, others free: every block crosses over. Each producer has a ring to each
//! consumer and sends to them by turns; 1,024 blocks are in flight at the most. Untouched, what is
//! measured is the allocator and the rings; touched, the block's own lines cross over too.

use core::hint::black_box;

use super::touch::{read, write};
use crate::ring::{CAPACITY, Receiver, Ring, Sender};
use crate::sample::{Gate, Span, on_threads};
use crate::{Handle, Sample, Subject};

/// Blocks that each producer sends before the clock runs.
const WARM_UP: u64 = 8 * CAPACITY as u64;

/// Who sends what to whom.
#[derive(Clone, Copy)]
pub(super) struct Crossing {
    pub(super) producers: usize,
    pub(super) consumers: usize,
    /// Bytes of each block, of which one word per line is written before it is sent and read after
    /// it was received; 0 leaves it alone.
    pub(super) touched_bytes: usize,
}

/// Times about `operations` blocks, from all producers together.
pub(super) fn sample(subject: &impl Subject, crossing: Crossing, operations: u64) -> Sample {
    match crossing.producers * crossing.consumers {
        1 => sample_with::<CAPACITY>(subject, crossing, operations),
        2 => sample_with::<{ CAPACITY / 2 }>(subject, crossing, operations),
        3 | 4 => sample_with::<{ CAPACITY / 4 }>(subject, crossing, operations),
        _ => sample_with::<{ CAPACITY / 16 }>(subject, crossing, operations),
    }
}

fn sample_with<const PLACES: usize>(
    subject: &impl Subject,
    crossing: Crossing,
    operations: u64,
) -> Sample {
    let Crossing { producers, consumers, touched_bytes } = crossing;
    let threads = producers + consumers;
    let pairs = (producers * consumers) as u64;
    let (per_ring, warm_up) = (operations.div_ceil(pairs), WARM_UP.div_ceil(consumers as u64));
    let mut rings: Vec<_> = (0..pairs).map(|_| Ring::<PLACES>::new(threads)).collect();
    let mut senders: Vec<Vec<_>> = (0..producers).map(|_| Vec::new()).collect();
    let mut receivers: Vec<Vec<_>> = (0..consumers).map(|_| Vec::new()).collect();
    for (nth, ring) in rings.iter_mut().enumerate() {
        let (sender, receiver) = ring.split();
        senders[nth / consumers].push(sender);
        receivers[nth % consumers].push(receiver);
    }
    let gate = &Gate::new(threads);
    let producers = senders.into_iter().map(|mut rings| {
        Box::new(move || {
            let mut handle = subject.handle();
            produce(&mut handle, &mut rings, touched_bytes, warm_up);
            Span::of(gate, || produce(&mut handle, &mut rings, touched_bytes, per_ring))
        }) as Box<dyn FnOnce() -> Span + Send>
    });
    let consumers = receivers.into_iter().map(|mut rings| {
        Box::new(move || {
            let mut handle = subject.handle();
            consume(&mut handle, &mut rings, touched_bytes, warm_up);
            Span::of(gate, || consume(&mut handle, &mut rings, touched_bytes, per_ring))
        }) as Box<dyn FnOnce() -> Span + Send>
    });
    Span::together(&on_threads(producers.chain(consumers).collect()), per_ring * pairs)
}

/// Sends `blocks` over each of `rings`.
#[inline(never)]
fn produce<const PLACES: usize>(
    handle: &mut impl Handle,
    rings: &mut [Sender<'_, PLACES>],
    touched_bytes: usize,
    blocks: u64,
) {
    // One ring is the usual case, and gets a loop of its own.
    if let [ring] = rings {
        for _ in 0..blocks {
            let block = black_box(handle.allocate());
            write(block, touched_bytes);
            ring.send(block);
        }
        return;
    }
    for _ in 0..blocks {
        for ring in &mut *rings {
            let block = black_box(handle.allocate());
            write(block, touched_bytes);
            ring.send(block);
        }
    }
}

/// Takes `blocks` from each of `rings`.
#[inline(never)]
fn consume<const PLACES: usize>(
    handle: &mut impl Handle,
    rings: &mut [Receiver<'_, PLACES>],
    touched_bytes: usize,
    blocks: u64,
) {
    if let [ring] = rings {
        for _ in 0..blocks {
            let block = black_box(ring.receive());
            read(block, touched_bytes);
            // SAFETY: the producer allocated it from the same subject and sent it once.
            unsafe { handle.deallocate(block) };
        }
        return;
    }
    for _ in 0..blocks {
        for ring in &mut *rings {
            let block = black_box(ring.receive());
            read(block, touched_bytes);
            // SAFETY: as above.
            unsafe { handle.deallocate(block) };
        }
    }
}
