//! The steered backend: the shipped atomics, each access behind a point that may hold the thread up
//! and that counts the access. It sees interleavings; the orderings are the machine's.

pub(super) use steered::count::{CountedU64 as PlainU64, name};

pub use std::sync::OnceLock;
pub use std::thread_local;
pub use steered::cell::UnsafeCell;
pub use steered::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicU128, AtomicUsize};
pub use steered::sync::atomic::{fence, is_lock_free_u64, is_lock_free_u128};
pub use steered::sync::{Mutex, MutexGuard};
pub use steered::thread;

/// The backend's name.
pub const BACKEND: &str = "steered";

#[cfg(test)]
mod tests {
    use steered::count::{Kind, accesses};

    use super::AtomicU64;
    use crate::sync::{Number, site};

    #[test]
    fn accesses_are_counted_under_the_names_of_their_sites() {
        let (word, number) = (AtomicU64::new(0), Number::new(0));
        let seen = accesses(|| {
            word.load(site::PUSH_LOAD.ordering());
            for _ in 0..2 {
                let (done, failed) = (site::PUSH_CAS, site::PUSH_CAS_FAILED);
                _ = word.compare_exchange(0, 1, done.ordering(), failed.ordering());
            }
            number.set(number.get() + number.add(1));
        });
        let seen: Vec<_> = seen.iter().map(|access| (access.kind, access.name)).collect();
        let expected = [
            (Kind::Load, Some("FL-1")),
            (Kind::Cas, Some("FL-3")),
            (Kind::FailedCas, Some("FL-4")),
            (Kind::Load, None),
            (Kind::Fetch, None),
            (Kind::Store, None),
        ];
        assert_eq!(seen, expected);
    }
}
