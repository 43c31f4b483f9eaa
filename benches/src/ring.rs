//! The channel of the producer -> consumer workload: one sender, one receiver, 1,024 places.
//!
//! Lamport's ring with what is usual: indices on lines of their own, and each side keeps a copy
//! of the other's index, which it renews only when the ring looks full or empty. The same ring
//! serves all subjects.

use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;

use crate::sample::Patience;

/// Places in the ring.
pub const CAPACITY: usize = 1024;

/// A bounded queue of pointers. Indices count up for ever and are reduced on use.
pub struct Ring {
    /// Received so far.
    head: CachePadded<AtomicUsize>,
    /// Sent so far.
    tail: CachePadded<AtomicUsize>,
    places: CachePadded<[AtomicPtr<u8>; CAPACITY]>,
}

/// The sending end.
pub struct Sender<'r> {
    ring: &'r Ring,
    tail: usize,
    head_seen: usize,
}

/// The receiving end.
pub struct Receiver<'r> {
    ring: &'r Ring,
    head: usize,
    tail_seen: usize,
}

impl Ring {
    /// An empty ring.
    pub fn new() -> Box<Self> {
        Box::new(Self {
            head: CachePadded::default(),
            tail: CachePadded::default(),
            places: CachePadded::new([const { AtomicPtr::new(ptr::null_mut()) }; CAPACITY]),
        })
    }

    /// Its two ends.
    pub fn split(&mut self) -> (Sender<'_>, Receiver<'_>) {
        let (head, tail) = (*self.head.get_mut(), *self.tail.get_mut());
        (
            Sender { ring: self, tail, head_seen: head },
            Receiver { ring: self, head, tail_seen: tail },
        )
    }
}

impl Sender<'_> {
    /// Sends a pointer; waits while the ring is full.
    #[inline]
    pub fn send(&mut self, block: NonNull<u8>) {
        let mut patience = Patience::new();
        while self.tail - self.head_seen == CAPACITY {
            // Acquire: the receiver has read what it counts as received.
            self.head_seen = self.ring.head.load(Ordering::Acquire);
            if self.tail - self.head_seen == CAPACITY {
                patience.wait();
            }
        }
        // Relaxed: published by the tail.
        self.ring.places[self.tail % CAPACITY].store(block.as_ptr(), Ordering::Relaxed);
        self.tail += 1;
        // Release: publishes the place, and the block's bytes.
        self.ring.tail.store(self.tail, Ordering::Release);
    }
}

impl Receiver<'_> {
    /// Receives a pointer; waits while the ring is empty.
    ///
    /// # Panics
    ///
    /// Never: only pointers to blocks are sent.
    #[inline]
    pub fn receive(&mut self) -> NonNull<u8> {
        let mut patience = Patience::new();
        while self.head == self.tail_seen {
            // Acquire: pairs with `send`.
            self.tail_seen = self.ring.tail.load(Ordering::Acquire);
            if self.head == self.tail_seen {
                patience.wait();
            }
        }
        // Relaxed: acquired with the tail.
        let block = self.ring.places[self.head % CAPACITY].load(Ordering::Relaxed);
        self.head += 1;
        // Release: the place has been read and may be written again.
        self.ring.head.store(self.head, Ordering::Release);
        NonNull::new(block).expect("only blocks are sent")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_arrive_in_order() {
        const SENT: usize = 10 * CAPACITY;
        let mut ring = Ring::new();
        let (mut sender, mut receiver) = ring.split();
        std::thread::scope(|threads| {
            threads.spawn(move || {
                for n in 1..=SENT {
                    sender.send(NonNull::new(ptr::without_provenance_mut(n)).unwrap());
                }
            });
            for n in 1..=SENT {
                assert_eq!(receiver.receive().addr().get(), n);
            }
        });
    }
}
