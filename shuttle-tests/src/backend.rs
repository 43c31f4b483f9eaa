//! shuttle as a backend of small programs.

use core::sync::atomic::Ordering;

use loom_tests::program::Backend;
use shuttle::sync::atomic::{AtomicU64, AtomicU128};

/// shuttle. All of its words are sequentially consistent, and one of them has 128 bits.
pub enum Shuttle {}

/// shuttle's 64-bit word.
pub struct Narrow(AtomicU64);

/// shuttle's 128-bit word.
pub struct Wide(AtomicU128);

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

loom_tests::word!(Narrow, u64, |value| Self(AtomicU64::new(value)), word => word.0);
loom_tests::word!(Wide, u128, |value| Self(AtomicU128::new(value)), word => word.0);
