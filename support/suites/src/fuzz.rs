//! Runs programs that a fuzzer would generate, from random bytes.

use arbitrary::{Arbitrary, Unstructured};

/// The most bytes from which a program is made.
const MOST_BYTES: u64 = 3000;

/// Runs `programs` programs. Returns how many there were: not all bytes make one.
pub fn run<F: for<'a> Arbitrary<'a>>(programs: u64, run: impl Fn(F)) -> u64 {
    let mut ran = 0;
    for seed in 0..programs {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
        let mut word = || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random
        };
        let len = 1 + word() % MOST_BYTES;
        let bytes: Vec<u8> = (0..len).map(|_| word().to_le_bytes()[3]).collect();
        if let Ok(program) = F::arbitrary_take_rest(Unstructured::new(&bytes)) {
            run(program);
            ran += 1;
        }
    }
    ran
}
