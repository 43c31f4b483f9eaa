//! What all atomic variables have in common.

use core::fmt;
use core::marker::PhantomData;
use core::panic::Location;
use core::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

use super::bits::Bits;
use crate::graph::{Id, Updates, Use};
use crate::rt::memory::{self, Access};
use crate::rt::with;

/// An atomic variable: the name of its location.
pub(super) struct Word<T> {
    location: Id,
    value: PhantomData<fn() -> T>,
}

/// The ordering of a failed compare-and-exchange, where the caller gives none.
pub(super) fn failed(order: Ordering) -> Ordering {
    match order {
        AcqRel => Acquire,
        Release => Relaxed,
        other => other,
    }
}

impl<T: Bits> Word<T> {
    #[track_caller]
    pub(super) fn new(value: T) -> Self {
        let location = memory::create(value.to_bits(), Use::Atomic, Location::caller());
        Self { location, value: PhantomData }
    }

    #[track_caller]
    pub(super) fn load(&self, order: Ordering) -> T {
        T::from_bits(memory::load(self.location, order, Location::caller()))
    }

    #[track_caller]
    pub(super) fn store(&self, value: T, order: Ordering) {
        memory::store(self.location, value.to_bits(), order, Location::caller());
    }

    #[track_caller]
    pub(super) fn update(&self, order: Ordering, new: impl Fn(T) -> T) -> T {
        let access = Access {
            location: self.location,
            updates: Updates::Always,
            order,
            order_failed: order,
            weak: false,
            place: Location::caller(),
        };
        let new = |bits| Some(new(T::from_bits(bits)).to_bits());
        T::from_bits(memory::update(&access, new).unwrap_or_else(|value| value))
    }

    #[track_caller]
    pub(super) fn compare_exchange(
        &self,
        (current, new): (T, T),
        order: Ordering,
        order_failed: Ordering,
        weak: bool,
    ) -> Result<T, T> {
        assert!(
            matches!(order_failed, Relaxed | Acquire | SeqCst),
            "a failed compare-and-exchange is a load: its ordering cannot release"
        );
        let expected = current.to_bits();
        let access = Access {
            location: self.location,
            updates: Updates::If(expected),
            order,
            order_failed,
            weak: weak && with(|rt| rt.options.spurious_failures),
            place: Location::caller(),
        };
        let new = |bits| (bits == expected).then(|| new.to_bits());
        memory::update(&access, new).map(T::from_bits).map_err(T::from_bits)
    }

    #[track_caller]
    pub(super) fn try_update(
        &self,
        set: Ordering,
        fetch: Ordering,
        mut new: impl FnMut(T) -> Option<T>,
    ) -> Result<T, T> {
        let mut value = self.load(fetch);
        while let Some(next) = new(value) {
            match self.compare_exchange((value, next), set, fetch, true) {
                Ok(before) => return Ok(before),
                Err(found) => value = found,
            }
        }
        Err(value)
    }

    /// Reads a variable that no other thread uses at the time.
    #[track_caller]
    pub(super) fn unsync_load(&self) -> T {
        with(|rt| rt.expect_no_concurrent_write(self.location, Location::caller()));
        self.load(Relaxed)
    }

    #[track_caller]
    pub(super) fn with_mut<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> R {
        let mut value = self.unsync_load();
        let result = change(&mut value);
        self.store(value, Relaxed);
        result
    }
}

impl<T: Bits + fmt::Debug> fmt::Debug for Word<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let newest = crate::rt::is_running().then(|| with(|rt| rt.newest(self.location)));
        match newest {
            Some(bits) => T::from_bits(bits).fmt(f),
            None => f.write_str("_"),
        }
    }
}
