//! What a checker offers to a program.

use core::sync::atomic::Ordering;

use super::AtomicU128;

/// An atomic word that holds `V`.
pub trait Word<V>: Send + Sync + 'static {
    /// A word that holds `value`.
    fn new(value: V) -> Self;
    /// Reads.
    fn load(&self, order: Ordering) -> V;
    /// Writes.
    fn store(&self, value: V, order: Ordering);
    /// Writes and gives what was there.
    fn swap(&self, value: V, order: Ordering) -> V;
    /// Writes `new` where `old` was found. Gives what was there, as `Ok` if it was `old`.
    ///
    /// # Errors
    /// Where something else was found, which it gives.
    fn compare_exchange(
        &self,
        old: V,
        new: V,
        success: Ordering,
        failure: Ordering,
    ) -> Result<V, V>;
}

/// A checker's threads, fences and words.
pub trait Backend: 'static {
    /// A 64-bit word.
    type Narrow: Word<u64>;
    /// A 128-bit word.
    type Wide: Word<u128>;
    /// A started thread.
    type Thread;

    /// Adds and gives what was there. Narrow words only: a wide one has no such operation.
    fn fetch_add(word: &Self::Narrow, value: u64, order: Ordering) -> u64;
    /// A fence.
    fn fence(order: Ordering);
    /// Starts a thread that ends with `body`'s values.
    fn spawn(body: impl FnOnce() -> Vec<u64> + Send + 'static) -> Self::Thread;
    /// Waits for a thread and gives its values.
    fn join(thread: Self::Thread) -> Vec<u64>;
}

/// loom. Its wide word is the interned one.
pub enum Loom {}

impl Backend for Loom {
    type Narrow = loom::sync::atomic::AtomicU64;
    type Wide = AtomicU128;
    type Thread = loom::thread::JoinHandle<Vec<u64>>;

    fn fetch_add(word: &Self::Narrow, value: u64, order: Ordering) -> u64 {
        word.fetch_add(value, order)
    }

    fn fence(order: Ordering) {
        loom::sync::atomic::fence(order);
    }

    fn spawn(body: impl FnOnce() -> Vec<u64> + Send + 'static) -> Self::Thread {
        loom::thread::spawn(body)
    }

    fn join(thread: Self::Thread) -> Vec<u64> {
        thread.join().expect("no thread of a program panics")
    }
}

/// Implements [`Word`] by the methods of the same names of what `$inner` says, where `$word` is the
/// word itself; `$new` makes one.
#[macro_export]
macro_rules! word {
    ($type:ty, $value:ty, $new:expr, $word:ident => $inner:expr) => {
        impl $crate::program::Word<$value> for $type {
            fn new(value: $value) -> Self {
                $new(value)
            }
            fn load(&self, order: ::core::sync::atomic::Ordering) -> $value {
                let $word = self;
                $inner.load(order)
            }
            fn store(&self, value: $value, order: ::core::sync::atomic::Ordering) {
                let $word = self;
                $inner.store(value, order);
            }
            fn swap(&self, value: $value, order: ::core::sync::atomic::Ordering) -> $value {
                let $word = self;
                $inner.swap(value, order)
            }
            fn compare_exchange(
                &self,
                old: $value,
                new: $value,
                success: ::core::sync::atomic::Ordering,
                failure: ::core::sync::atomic::Ordering,
            ) -> Result<$value, $value> {
                let $word = self;
                $inner.compare_exchange(old, new, success, failure)
            }
        }
    };
}

word!(loom::sync::atomic::AtomicU64, u64, Self::new, word => word);
word!(AtomicU128, u128, Self::new, word => word);
