//! Random small programs. A program is a function of seed, shape and number, and of nothing else.

use loom_tests::program::{Location, Op, Order, Program};

use Order::{AcqRel, Acquire, Relaxed, Release, SeqCst};

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same in every version of everything.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let at = self.next() % from.len() as u64;
        from[usize::try_from(at).expect("less than the length")]
    }
}

const X: Location = Location::Narrow(0);
const Y: Location = Location::Narrow(1);
const W: Location = Location::Wide;

/// What a program may use. Few at a time: threads that never meet say nothing.
const LOCATIONS: &[&[Location]] = &[&[X], &[X], &[W], &[X, Y], &[X, W], &[X, Y, W]];

/// The program with this `number` among those with `threads` threads of `ops` operations each.
#[must_use]
pub fn generate(seed: u64, threads: usize, ops: usize, number: u64) -> Program {
    let mut start = Random(seed ^ ((threads as u64) << 56) ^ ((ops as u64) << 48));
    let mut random = Random(start.next() ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93));
    let locations = random.pick(LOCATIONS);
    let thread = |random: &mut Random| (0..ops).map(|_| op(random, locations)).collect();
    Program { threads: (0..threads).map(|_| thread(&mut random)).collect() }
}

fn op(random: &mut Random, locations: &[Location]) -> Op {
    let at = random.pick(locations);
    let value = random.pick(&[1, 2, 3]);
    let load = |random: &mut Random| random.pick(&[Relaxed, Relaxed, Acquire, SeqCst]);
    let store = |random: &mut Random| random.pick(&[Relaxed, Relaxed, Release, SeqCst]);
    let rmw = |random: &mut Random| random.pick(&[Relaxed, Acquire, Release, AcqRel, SeqCst]);
    // Many loads and exchanges: an RMW reads the newest store, so no stale read of a weak load
    // replaces an interleaving that was missed.
    match random.pick(b"llllssaarrccccF") {
        b'l' => Op::Load(at, load(random)),
        b's' => Op::Store(at, value, store(random)),
        b'a' if at != Location::Wide => Op::Add(at, value, rmw(random)),
        b'a' | b'r' => Op::Swap(at, value, rmw(random)),
        b'c' => {
            let expected = random.pick(&[0, 0, 1, 2]);
            Op::Exchange(at, expected, value, rmw(random), load(random))
        }
        _ => Op::Fence(random.pick(&[Acquire, Release, AcqRel, SeqCst])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_a_function_of_its_number() {
        assert_eq!(generate(1, 2, 3, 4), generate(1, 2, 3, 4));
        assert_ne!(generate(1, 2, 3, 4), generate(1, 2, 3, 5));
        assert_ne!(generate(1, 2, 3, 4), generate(2, 2, 3, 4));
        let Program { threads } = generate(1, 3, 2, 0);
        assert!(threads.len() == 3 && threads.iter().all(|ops| ops.len() == 2));
    }

    #[test]
    fn every_kind_of_operation_occurs() {
        let text: String = (0..100).map(|n| generate(1, 2, 3, n).to_string()).collect();
        for part in ["x.", "y=", "x+", "w<", "w?", "F.sc", ".rlx", ".acq", ".rel", ".ar"] {
            assert!(text.contains(part), "no {part}");
        }
    }
}
