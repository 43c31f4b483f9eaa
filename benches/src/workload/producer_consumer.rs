//! One thread allocates, the other one frees: every block crosses over. Blocks are not touched,
//! so what is measured is the allocator and the ring.

use core::hint::black_box;

use crate::ring::{CAPACITY, Receiver, Ring, Sender};
use crate::sample::{Gate, Span, on_threads};
use crate::{Handle, Sample, Subject};

const WARM_UP: u64 = 8 * CAPACITY as u64;

/// Times `operations` blocks.
pub(super) fn sample(subject: &impl Subject, operations: u64) -> Sample {
    let mut ring = Ring::new();
    let (mut sender, mut receiver) = ring.split();
    let gate = &Gate::new(2);
    let producer = move || {
        let mut handle = subject.handle();
        produce(&mut handle, &mut sender, WARM_UP);
        Span::of(gate, || produce(&mut handle, &mut sender, operations))
    };
    let consumer = move || {
        let mut handle = subject.handle();
        consume(&mut handle, &mut receiver, WARM_UP);
        Span::of(gate, || consume(&mut handle, &mut receiver, operations))
    };
    Span::together(&on_threads(vec![Box::new(producer), Box::new(consumer)]), operations)
}

#[inline(never)]
fn produce(handle: &mut impl Handle, sender: &mut Sender<'_>, blocks: u64) {
    for _ in 0..blocks {
        sender.send(black_box(handle.allocate()));
    }
}

#[inline(never)]
fn consume(handle: &mut impl Handle, receiver: &mut Receiver<'_>, blocks: u64) {
    for _ in 0..blocks {
        // SAFETY: the producer allocated it from the same subject and sent it once.
        unsafe { handle.deallocate(black_box(receiver.receive())) };
    }
}
