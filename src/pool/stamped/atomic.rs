//! Atomic words that hold names.

use core::fmt;

use super::{PackedStamped, Stamped};
use crate::sync::{AtomicU64, AtomicU128, Ordering, is_lock_free_u64, is_lock_free_u128};

macro_rules! atomic_name {
    ($(#[$doc:meta])* $atomic:ident($word:ident), $name:ident, $is_lock_free:ident) => {
        $(#[$doc])*
        pub struct $atomic<T> {
            word: $word,
            _named: core::marker::PhantomData<fn() -> T>,
        }

        impl<T> $atomic<T> {
            /// Makes a word that holds `name`.
            pub fn new(name: $name<T>) -> Self {
                Self { word: $word::new(name.to_bits()), _named: core::marker::PhantomData }
            }

            /// Whether operations take no lock on this machine. The answer comes from a test at run
            /// time where the target does not decide it.
            pub fn is_lock_free() -> bool {
                $is_lock_free()
            }

            /// Loads the name.
            ///
            /// # Panics
            ///
            /// If `order` is `Release` or `AcqRel`.
            #[inline]
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $name<T> {
                $name::from_bits(self.word.load(order))
            }

            /// Stores a name.
            ///
            /// # Panics
            ///
            /// If `order` is `Acquire` or `AcqRel`.
            #[inline]
            #[track_caller]
            pub fn store(&self, name: $name<T>, order: Ordering) {
                self.word.store(name.to_bits(), order);
            }

            /// Stores a name and returns the previous one.
            #[inline]
            pub fn swap(&self, name: $name<T>, order: Ordering) -> $name<T> {
                $name::from_bits(self.word.swap(name.to_bits(), order))
            }

            /// Stores `new` if the word holds `current`, all parts of the name compared. Returns
            /// the previous name.
            ///
            /// # Errors
            ///
            /// The name in the word, if it is not `current`.
            ///
            /// # Panics
            ///
            /// If `failure` is `Release` or `AcqRel`.
            #[inline]
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $name<T>,
                new: $name<T>,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$name<T>, $name<T>> {
                self.word
                    .compare_exchange(current.to_bits(), new.to_bits(), success, failure)
                    .map($name::from_bits)
                    .map_err($name::from_bits)
            }
        }

        impl<T> Default for $atomic<T> {
            /// Null.
            fn default() -> Self {
                Self::new($name::NULL)
            }
        }

        impl<T> fmt::Debug for $atomic<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.load(Ordering::Relaxed).fmt(f)
            }
        }
    };
}

atomic_name! {
    /// A [`Stamped`] in a shared word. All operations act on the whole name, so lock-free
    /// structures built on it withstand ABA.
    ///
    /// A block may be freed and allocated again while its name lies in the word, but it never gets
    /// the same name again. So if a compare-exchange succeeds, the word holds a name of the same
    /// generation of the block as when the caller loaded the name.
    ///
    /// # Progress
    ///
    /// Lock-free if the machine has a double-width CAS ([`is_lock_free`](Self::is_lock_free)).
    /// Otherwise operations take a lock; [`AtomicPackedStamped`] avoids that.
    ///
    /// # Orderings
    ///
    /// The caller chooses them. A thread that is going to use the block should load the name with
    /// acquire ordering.
    ///
    /// # Example
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering::{AcqRel, Acquire}};
    /// use stampool::{AtomicStamped, Stamped, StampedPool};
    ///
    /// let pool = StampedPool::new(|| AtomicU64::new(0))?;
    /// let local = pool.local().expect("memory");
    /// let word = AtomicStamped::new(local.allocate().expect("memory"));
    ///
    /// let seen = word.load(Acquire);
    /// // Meanwhile the block is taken out, freed, and comes back under another name.
    /// let taken = word.swap(Stamped::NULL, AcqRel);
    /// local.free(taken)?;
    /// word.store(local.allocate().expect("memory"), std::sync::atomic::Ordering::Release);
    /// assert!(word.compare_exchange(seen, Stamped::NULL, AcqRel, Acquire).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    AtomicStamped(AtomicU128), Stamped, is_lock_free_u128
}

atomic_name! {
    /// A [`PackedStamped`] in a shared word of 64 bits. As [`AtomicStamped`], until its stamps
    /// wrap.
    ///
    /// # Progress
    ///
    /// Lock-free if the machine has a 64-bit CAS ([`is_lock_free`](Self::is_lock_free)).
    ///
    /// # Wrap time
    ///
    /// 2^31 generations of the named block, see [`PackedStamped`].
    AtomicPackedStamped(AtomicU64), PackedStamped, is_lock_free_u64
}
