//! What a thread of mstress does in an iteration, and what empties the shared places in between.

use core::hint::black_box;
use core::mem;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use stampool::Block;

use super::random::Random;
use super::touch::{read, write};
use crate::{Handle, Take};

/// Places that all threads share.
pub(crate) const TRANSFERS: usize = 1000;

/// Chances in a hundred.
const FREE: usize = 66;
const SWAP: usize = 25;

pub(crate) type Transfers = [AtomicPtr<u8>; TRANSFERS];

/// Empties places, each with this chance in a hundred.
#[inline(never)]
pub(super) fn clear(
    handle: &mut impl Handle,
    transfers: &Transfers,
    random: &mut Random,
    chance: usize,
    touched_bytes: usize,
) {
    for place in transfers {
        if random.chance(chance) {
            let block = place.swap(ptr::null_mut(), Ordering::Acquire);
            put_back(handle, block, touched_bytes);
        }
    }
}

/// A thread's own blocks.
pub(crate) struct Own {
    random: Random,
    to_allocate: usize,
    to_retain: usize,
    retained: Vec<Block>,
    /// With gaps, where blocks were freed or swapped for nothing.
    data: Vec<*mut u8>,
}

impl Own {
    /// Those of thread `nth`, which keeps `retained` to its end and allocates so many others.
    pub(crate) fn new(nth: usize, allocations: usize, retained: usize) -> Self {
        Self {
            random: Random::of(nth),
            to_allocate: allocations,
            to_retain: retained,
            retained: Vec::with_capacity(retained),
            data: Vec::with_capacity(allocations),
        }
    }
}

/// One iteration of a thread.
#[inline(never)]
pub(super) fn stress(
    handle: &mut impl Handle,
    own: &mut Own,
    transfers: &Transfers,
    touched_bytes: usize,
) {
    let Own { random, data, retained, .. } = own;
    let (mut to_allocate, mut to_retain) = (own.to_allocate, own.to_retain);
    while to_allocate + to_retain > 0 {
        let block = black_box(handle.take());
        write(block, touched_bytes);
        if to_retain == 0 || (to_allocate > 0 && random.chance(50)) {
            data.push(block.as_ptr());
            to_allocate -= 1;
        } else {
            retained.push(block);
            to_retain -= 1;
        }
        if random.chance(FREE) && !data.is_empty() {
            let place = random.next() % data.len();
            put_back(handle, mem::replace(&mut data[place], ptr::null_mut()), touched_bytes);
        }
        if random.chance(SWAP) && !data.is_empty() {
            let place = random.next() % data.len();
            let transfer = &transfers[random.next() % TRANSFERS];
            // AcqRel: hands one block over, with its bytes, and takes over another one.
            data[place] = transfer.swap(data[place], Ordering::AcqRel);
        }
    }
    for block in retained.drain(..) {
        put_back(handle, block.as_ptr(), touched_bytes);
    }
    for block in data.drain(..) {
        put_back(handle, block, touched_bytes);
    }
}
/// Reads a block and frees it, where there is one.
#[inline]
fn put_back(handle: &mut impl Handle, block: *mut u8, touched_bytes: usize) {
    if let Some(block) = NonNull::new(block).map(Block) {
        read(block, touched_bytes);
        // SAFETY: allocated from the same subject, and taken out of its one place.
        unsafe { handle.deallocate(block) };
    }
}
