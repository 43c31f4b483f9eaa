//! The channel of the producer -> consumer workload: one sender, one receiver. Where there are more
//! of either, each has a ring to each.
//!
//! Lamport's ring with what is usual: indices on lines of their own, and each side keeps a copy
//! of the other's index, which it renews only when the ring looks full or empty. Pointers may go in
//! runs that fill a line, and an index is published once for each run (Lee, Bu and Chandranmenon's
//! `MCRingBuffer`, 2010): what the ring costs would hide what the allocator does. The same ring
//! serves all subjects.

use core::ops::Range;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;

use stampool::Block;

use crate::sample::Patience;

/// Places in all rings of a workload together, at the most.
pub const CAPACITY: usize = 1024;

/// Pointers of a run: those of a cache line.
pub const RUN: usize = 8;

/// A bounded queue of pointers. Indices count up for ever and are reduced on use.
pub struct Ring {
    /// Received so far.
    head: CachePadded<AtomicUsize>,
    /// Sent so far.
    tail: CachePadded<AtomicUsize>,
    /// Twice a line more than there are places: they begin where a line does.
    room: Box<[AtomicPtr<u8>]>,
    places: Range<usize>,
    patience: Patience,
}

/// The sending end.
pub struct Sender<'r> {
    ring: &'r Ring,
    places: &'r [AtomicPtr<u8>],
    tail: usize,
    head_seen: usize,
}

/// The receiving end.
pub struct Receiver<'r> {
    ring: &'r Ring,
    places: &'r [AtomicPtr<u8>],
    head: usize,
    tail_seen: usize,
}

impl Ring {
    /// An empty ring of so many places, for one of so many threads.
    ///
    /// # Panics
    ///
    /// Where `places` is no power of two.
    pub fn new(places: usize, threads: usize) -> Self {
        assert!(places.is_power_of_two(), "indices are reduced by a mask");
        let room: Box<[_]> =
            (0..places + 2 * RUN).map(|_| AtomicPtr::new(ptr::null_mut())).collect();
        // Of two lines, as `CachePadded` has it.
        let first = room.as_ptr().align_offset(2 * RUN * size_of::<AtomicPtr<u8>>());
        Self {
            patience: Patience::among(threads),
            head: CachePadded::default(),
            tail: CachePadded::default(),
            places: first..first + places,
            room,
        }
    }

    /// Its two ends.
    pub fn split(&mut self) -> (Sender<'_>, Receiver<'_>) {
        let (head, tail) = (*self.head.get_mut(), *self.tail.get_mut());
        let places = &self.room[self.places.clone()];
        (
            Sender { ring: self, places, tail, head_seen: head },
            Receiver { ring: self, places, head, tail_seen: tail },
        )
    }
}

/// The place of an index.
#[inline]
fn place(places: &[AtomicPtr<u8>], index: usize) -> &AtomicPtr<u8> {
    // Their number is a power of two.
    &places[index & (places.len() - 1)]
}

/// The places of a run, which begins where one of these ends.
#[inline]
fn run(places: &[AtomicPtr<u8>], index: usize) -> &[AtomicPtr<u8>] {
    &places[index & (places.len() - 1)..][..RUN]
}

impl Sender<'_> {
    /// Sends a pointer; waits while the ring is full.
    #[inline]
    pub fn send(&mut self, block: Block) {
        let mut patience = self.ring.patience;
        while self.tail - self.head_seen == self.places.len() {
            // Acquire: the receiver has read what it counts as received.
            self.head_seen = self.ring.head.load(Ordering::Acquire);
            if self.tail - self.head_seen == self.places.len() {
                patience.wait();
            }
        }
        // Relaxed: published by the tail.
        place(self.places, self.tail).store(block.as_ptr(), Ordering::Relaxed);
        self.tail += 1;
        // Release: publishes the place, and the block's bytes.
        self.ring.tail.store(self.tail, Ordering::Release);
    }

    /// Sends a run of what `next` gives; waits while the ring has no room for it. A ring is for runs,
    /// or for single pointers.
    #[inline]
    pub fn send_run(&mut self, mut next: impl FnMut() -> Block) {
        let mut patience = self.ring.patience;
        while self.tail - self.head_seen > self.places.len() - RUN {
            // Acquire: the receiver has read what it counts as received.
            self.head_seen = self.ring.head.load(Ordering::Acquire);
            if self.tail - self.head_seen > self.places.len() - RUN {
                patience.wait();
            }
        }
        for place in run(self.places, self.tail) {
            // Relaxed: published by the tail.
            place.store(next().as_ptr(), Ordering::Relaxed);
        }
        self.tail += RUN;
        // Release: publishes the places, and the blocks' bytes.
        self.ring.tail.store(self.tail, Ordering::Release);
    }
}

impl Receiver<'_> {
    /// Receives a pointer; waits while the ring is empty.
    #[inline]
    pub fn receive(&mut self) -> Block {
        let mut patience = self.ring.patience;
        while self.head == self.tail_seen {
            // Acquire: pairs with `send`.
            self.tail_seen = self.ring.tail.load(Ordering::Acquire);
            if self.head == self.tail_seen {
                patience.wait();
            }
        }
        self.take()
    }

    /// Receives a pointer, if there is one.
    #[inline]
    pub fn try_receive(&mut self) -> Option<Block> {
        if self.head == self.tail_seen {
            // Acquire: pairs with `send`.
            self.tail_seen = self.ring.tail.load(Ordering::Acquire);
        }
        (self.head != self.tail_seen).then(|| self.take())
    }

    /// The next pointer of those that were seen.
    #[inline]
    fn take(&mut self) -> Block {
        // Relaxed: acquired with the tail.
        let block = place(self.places, self.head).load(Ordering::Relaxed);
        self.head += 1;
        // Release: the place has been read and may be written again.
        self.ring.head.store(self.head, Ordering::Release);
        Block(NonNull::new(block).expect("only blocks are sent"))
    }

    /// Receives a run and gives each of it to `take`; waits while the ring is empty.
    ///
    /// # Panics
    ///
    /// Never: only pointers to blocks are sent.
    #[inline]
    pub fn receive_run(&mut self, mut take: impl FnMut(Block)) {
        let mut patience = self.ring.patience;
        while self.head == self.tail_seen {
            // Acquire: pairs with `send`.
            self.tail_seen = self.ring.tail.load(Ordering::Acquire);
            if self.head == self.tail_seen {
                patience.wait();
            }
        }
        for place in run(self.places, self.head) {
            // Relaxed: acquired with the tail.
            let block = place.load(Ordering::Relaxed);
            take(Block(NonNull::new(block).expect("only blocks are sent")));
        }
        self.head += RUN;
        // Release: the places have been read and may be written again.
        self.ring.head.store(self.head, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_arrive_in_order() {
        const SENT: usize = 10 * CAPACITY;
        let mut ring = Ring::new(CAPACITY, 2);
        let (mut sender, mut receiver) = ring.split();
        std::thread::scope(|threads| {
            threads.spawn(move || {
                for n in 1..=SENT {
                    sender.send(Block(NonNull::new(ptr::without_provenance_mut(n)).unwrap()));
                }
            });
            for n in 1..=SENT {
                assert_eq!(receiver.receive().0.addr().get(), n);
            }
        });
    }

    #[test]
    fn an_empty_ring_gives_nothing() {
        let mut ring = Ring::new(2, 1);
        let (mut sender, mut receiver) = ring.split();
        assert_eq!(receiver.try_receive(), None);
        for n in 1..=5 {
            let sent = Block(NonNull::new(ptr::without_provenance_mut(n)).unwrap());
            sender.send(sent);
            assert_eq!((receiver.try_receive(), receiver.try_receive()), (Some(sent), None));
        }
    }

    #[test]
    fn runs_arrive_in_order() {
        const SENT: usize = 10 * CAPACITY;
        let mut ring = Ring::new(CAPACITY, 2);
        let (mut sender, mut receiver) = ring.split();
        let pointer = |nth| Block(NonNull::new(ptr::without_provenance_mut(nth)).unwrap());
        std::thread::scope(|threads| {
            threads.spawn(move || {
                let mut sent = 0..SENT;
                while !sent.is_empty() {
                    sender.send_run(|| pointer(sent.next().unwrap() + 1));
                }
            });
            let mut received = 0;
            while received < SENT {
                receiver.receive_run(|block| {
                    received += 1;
                    assert_eq!(block.0.addr().get(), received);
                });
            }
        });
    }
}
