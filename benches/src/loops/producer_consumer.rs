//! The two sides of a crossing: one allocates and sends, one receives and frees.

use core::hint::black_box;

use super::touch::{read, write};
use crate::ring::{Receiver, Sender};
use crate::{Handle, Take};

/// Sends so many runs over each of `rings`.
#[inline(never)]
pub(super) fn produce(
    handle: &mut impl Handle,
    rings: &mut [Sender<'_>],
    touched_bytes: usize,
    runs: u64,
) {
    for _ in 0..runs {
        for ring in &mut *rings {
            ring.send_run(|| {
                let block = black_box(handle.take());
                write(block, touched_bytes);
                block
            });
        }
    }
}

/// Takes so many runs from each of `rings`.
#[inline(never)]
pub(super) fn consume(
    handle: &mut impl Handle,
    rings: &mut [Receiver<'_>],
    touched_bytes: usize,
    runs: u64,
) {
    for _ in 0..runs {
        for ring in &mut *rings {
            ring.receive_run(|block| {
                let block = black_box(block);
                read(block, touched_bytes);
                // SAFETY: the producer allocated it from the same subject and sent it once.
                unsafe { handle.deallocate(block) };
            });
        }
    }
}
