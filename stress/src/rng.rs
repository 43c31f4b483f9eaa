//! Seeded random numbers, one independent stream per thread of a run.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng as _, SeedableRng as _};

use crate::num;

/// One thread's stream.
#[derive(Clone, Debug)]
pub struct Rng(Xoshiro256PlusPlus);

impl Rng {
    /// The stream of `thread` under `seed`.
    pub fn new(seed: u64, thread: u16) -> Self {
        let mut stream = Xoshiro256PlusPlus::seed_from_u64(seed);
        // A jump skips 2^128 numbers, so streams never meet.
        for _ in 0..thread {
            stream.jump();
        }
        Self(stream)
    }

    /// A number below `limit`; 0 if `limit` is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        num::scale(self.0.next_u32(), limit)
    }

    /// A number in `1..=limit`.
    pub fn up_to(&mut self, limit: usize) -> usize {
        1 + self.below(limit)
    }

    /// True once in two.
    pub fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// A seed that no run had before, from the keys that the standard library draws per process.
/// 53 bits, which every reader of JSON keeps exact.
pub fn fresh_seed() -> u64 {
    use core::hash::{BuildHasher as _, Hasher as _};
    std::hash::RandomState::new().build_hasher().finish() >> 11
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_by_seed_and_differ_by_thread() {
        let draw = |seed, thread| {
            let mut rng = Rng::new(seed, thread);
            core::array::from_fn::<_, 8, _>(|_| rng.below(1 << 30))
        };
        assert_eq!(draw(7, 1), draw(7, 1));
        assert_ne!(draw(7, 0), draw(7, 1));
        assert_ne!(draw(7, 0), draw(8, 0));
    }

    #[test]
    fn limits_are_kept() {
        let mut rng = Rng::new(1, 0);
        assert!((0..1000).all(|_| rng.below(3) < 3));
        assert!((0..1000).all(|_| (1..=3).contains(&rng.up_to(3))));
        assert_eq!(rng.below(0), 0);
    }
}
