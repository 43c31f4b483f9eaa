//! A Treiber stack of magazines, its head an address and a 64-bit tag, exchanged as one.
//!
//! # Invariants
//!
//! - S1. Every write of the head is an RMW, and every removal advances the tag: whoever finds the
//!   head that it saw knows that nothing has left meanwhile.
//! - S2. A magazine's link is written by its owner alone, while it is in no stack. A stale popper
//!   may read it at any time; its CAS then fails.
//! - S3. A magazine's names are touched by its owner alone.
//!
//! # Source
//!
//! Treiber 1986, Michael & Scott 1996 (papers/README.md), as in the shipped `free_list`, less what
//! only the shipped pool needs.

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;
use portable_atomic::AtomicU128;

/// What a head holds: an exposed address, or 0, in the lower half, and a tag in the upper one.
#[derive(Clone, Copy)]
struct WideWord {
    address: usize,
    tag: u64,
}

impl WideWord {
    const fn to_bits(self) -> u128 {
        (self.tag as u128) << 64 | self.address as u128
    }

    #[allow(clippy::cast_possible_truncation, reason = "takes the two halves apart")]
    const fn from_bits(bits: u128) -> Self {
        Self { address: bits as usize, tag: (bits >> 64) as u64 }
    }
}

/// The names of `B` free blocks, or room for them.
#[repr(C, align(64))]
pub(super) struct Magazine<N, const B: usize> {
    /// Exposed address of the next one in the stack, 0 for none.
    link: AtomicUsize,
    names: UnsafeCell<[N; B]>,
}

// SAFETY: links are atomic, and names are the owner's alone (S3), whoever that is: so they must be
// `Send`.
unsafe impl<N: Send, const B: usize> Sync for Magazine<N, B> {}

impl<N, const B: usize> Magazine<N, B> {
    /// One with these names.
    pub(super) fn new(names: [N; B]) -> Self {
        Self { link: AtomicUsize::new(0), names: UnsafeCell::new(names) }
    }
}

/// Exclusive ownership of a magazine that is in no stack.
pub(super) struct Owned<'s, N, const B: usize>(&'s Magazine<N, B>);

impl<'s, N, const B: usize> Owned<'s, N, B> {
    /// Ownership of a magazine that is in no stack yet.
    pub(super) fn new(magazine: &'s mut Magazine<N, B>) -> Self {
        Self(magazine)
    }

    /// Takes the ownership from a place that it cannot be moved out of.
    ///
    /// # Safety
    ///
    /// What stays in that place is not used again.
    pub(super) unsafe fn leave(place: &mut Self) -> Self {
        Self(place.0)
    }

    /// Its names.
    #[inline(always)]
    pub(super) fn names(&mut self) -> &mut [N; B] {
        // SAFETY: this owner alone touches them (S3), and the borrow of the owner says who.
        unsafe { &mut *self.0.names.get() }
    }
}

/// Magazines, the last one on top.
pub(super) struct Stack<N, const B: usize> {
    head: CachePadded<AtomicU128>,
    magazines: PhantomData<Magazine<N, B>>,
}

impl<N, const B: usize> Stack<N, B> {
    /// Without magazines.
    ///
    /// # Panics
    ///
    /// Where a CAS of two words takes a lock: its figures would be misleading.
    pub(super) fn new() -> Self {
        assert!(AtomicU128::is_lock_free(), "this machine has no double-width CAS");
        Self { head: CachePadded::new(AtomicU128::new(0)), magazines: PhantomData }
    }

    /// Puts one on top.
    ///
    /// # Safety
    ///
    /// The magazine lives for as long as the stack is used.
    #[inline]
    pub(super) unsafe fn push(&self, magazine: Owned<'_, N, B>) {
        let Owned(magazine) = magazine;
        let address = ptr::from_ref(magazine).expose_provenance();
        // Relaxed: the address of the top is passed on, not followed.
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            let WideWord { address: top, tag } = WideWord::from_bits(head);
            // Relaxed: published by the CAS.
            magazine.link.store(top, Ordering::Relaxed);
            let next = WideWord { address, tag }.to_bits();
            // Release: publishes link and names. Relaxed on failure, as the load.
            match self.head.compare_exchange(head, next, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(found) => head = found,
            }
        }
    }

    /// Takes the top, or nothing where the stack is empty; seen by an RMW.
    ///
    /// # Safety
    ///
    /// Magazines that were pushed live for `'s`.
    #[inline]
    pub(super) unsafe fn pop<'s>(&self) -> Option<Owned<'s, N, B>> {
        // Acquire: observes what pushes published, that of the top and those below (all writes of
        // the head are RMWs, S1).
        let mut head = self.head.load(Ordering::Acquire);
        loop {
            let WideWord { address, tag } = WideWord::from_bits(head);
            let top = ptr::with_exposed_provenance::<Magazine<N, B>>(address);
            // SAFETY: null, or a magazine that was pushed, and lives by the caller.
            let top = unsafe { top.as_ref() };
            let next = match top {
                // Relaxed: where it is stale, the CAS fails (S2).
                Some(top) => {
                    WideWord { address: top.link.load(Ordering::Relaxed), tag: tag.wrapping_add(1) }
                }
                None => WideWord { address, tag },
            };
            // Relaxed on success: what it replaces was acquired. Acquire on failure, as the load.
            match self.head.compare_exchange(
                head,
                next.to_bits(),
                Ordering::Relaxed,
                Ordering::Acquire,
            ) {
                // The CAS took it out, and nobody else can have (S1).
                Ok(_) => return top.map(Owned),
                Err(found) => head = found,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    /// ABA: a popper that slept while its top left and came back must not find the head that it
    /// saw.
    #[test]
    fn a_head_does_not_come_back() {
        let (mut below, mut top) = (Magazine::new([0_u64; 1]), Magazine::new([1_u64; 1]));
        let stack = Stack::new();
        for magazine in [&mut below, &mut top] {
            // SAFETY: the magazines are dropped after the stack's last use.
            unsafe { stack.push(Owned::new(magazine)) };
        }
        let seen = stack.head.load(Ordering::Relaxed);
        // SAFETY: as above.
        let top = unsafe { stack.pop() }.expect("the upper one");
        // SAFETY: as above.
        let mut below: Owned<'_, u64, 1> = unsafe { stack.pop() }.expect("the lower one");
        assert_eq!(below.names(), &[0]);
        // SAFETY: as above.
        unsafe { stack.push(top) };
        let now = stack.head.load(Ordering::Relaxed);
        assert_eq!(WideWord::from_bits(now).address, WideWord::from_bits(seen).address);
        assert_ne!(now, seen);
    }

    /// Each thread takes up to three magazines, finds in them what one thread wrote, writes its
    /// own, and puts them back.
    #[test]
    fn magazines_have_one_owner_and_none_is_lost() {
        const MAGAZINES: usize = 5;
        const ROUNDS: u64 = 50_000;
        let mut magazines: Vec<_> = (0..MAGAZINES).map(|_| Magazine::new([0_u64; 16])).collect();
        let stack = Stack::new();
        for magazine in &mut magazines {
            // SAFETY: the magazines are dropped after the stack's last use.
            unsafe { stack.push(Owned::new(magazine)) };
        }
        thread::scope(|threads| {
            for thread in 1..=2 {
                let stack = &stack;
                threads.spawn(move || {
                    for round in 0..ROUNDS {
                        let mut taken: Vec<Owned<'_, u64, 16>> = Vec::new();
                        for _ in 0..=round % 3 {
                            // SAFETY: as above.
                            taken.extend(unsafe { stack.pop() });
                        }
                        for mut magazine in taken {
                            let names = magazine.names();
                            assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
                            *names = [2 * round + thread; 16];
                            // SAFETY: as above.
                            unsafe { stack.push(magazine) };
                        }
                    }
                });
            }
        });
        // SAFETY: as above.
        let left = core::iter::from_fn(|| unsafe { stack.pop() });
        let mut left: Vec<_> = left.map(|Owned(magazine)| ptr::from_ref(magazine)).collect();
        left.sort_unstable();
        left.dedup();
        assert_eq!(left.len(), MAGAZINES);
    }
}
