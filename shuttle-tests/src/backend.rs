//! shuttle as a backend of small programs.

use core::sync::atomic::Ordering;

use loom_tests::program::{Backend, Word};

/// shuttle. All of its words are sequentially consistent, and one of them has 128 bits.
pub enum Shuttle {}

/// shuttle's 64-bit word.
pub struct Narrow(shuttle::sync::atomic::AtomicU64);

/// shuttle's 128-bit word.
pub struct Wide(shuttle::sync::atomic::AtomicU128);

impl Backend for Shuttle {
    type Narrow = Narrow;
    type Wide = Wide;
    type Thread = shuttle::thread::JoinHandle<Vec<u64>>;

    fn fetch_add(word: &Narrow, value: u64, order: Ordering) -> u64 {
        word.0.fetch_add(value, order)
    }

    fn fence(_order: Ordering) {
        // Everything is sequentially consistent, so a fence adds nothing but states to search.
    }

    fn spawn(body: impl FnOnce() -> Vec<u64> + Send + 'static) -> Self::Thread {
        shuttle::thread::spawn(body)
    }

    fn join(thread: Self::Thread) -> Vec<u64> {
        thread.join().expect("no thread of a program panics")
    }
}

/// Implements [`Word`] for a wrapped atomic by the methods of the same names.
macro_rules! word {
    ($word:ident, $atomic:ident, $value:ty) => {
        impl Word<$value> for $word {
            fn new(value: $value) -> Self {
                Self(shuttle::sync::atomic::$atomic::new(value))
            }
            fn load(&self, order: Ordering) -> $value {
                self.0.load(order)
            }
            fn store(&self, value: $value, order: Ordering) {
                self.0.store(value, order);
            }
            fn swap(&self, value: $value, order: Ordering) -> $value {
                self.0.swap(value, order)
            }
            fn compare_exchange(
                &self,
                old: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.0.compare_exchange(old, new, success, failure)
            }
        }
    };
}

word!(Narrow, AtomicU64, u64);
word!(Wide, AtomicU128, u128);
