//! Programs from the corpus and from random bytes, on the shipped pool.

use std::fs;

use pool_ops::{Program, follow, follow_bytes};
use proptest::prelude::{any, prop, proptest};

/// What the fuzzer has found worth keeping.
const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");

#[test]
fn the_corpus_keeps_every_promise() {
    let (mut programs, mut allocations, mut refusals) = (0, 0, 0);
    for entry in fs::read_dir(CORPUS).unwrap() {
        let done = follow_bytes(&fs::read(entry.unwrap().path()).unwrap());
        programs += 1;
        allocations += done.allocations;
        refusals += done.refusals;
    }
    assert!(programs >= 20, "{programs} programs");
    assert!(allocations > 200 && refusals > 0, "{allocations} allocations, {refusals} refusals");
}

#[test]
fn a_pool_at_its_capacity_refuses_and_goes_on() {
    let program = Program::from_bytes(&[]);
    let at_capacity = Program {
        capacity: Some(4),
        batch: 2,
        ops: vec![
            pool_ops::Op::AllocateMany { handle: 0, blocks: 5 },
            pool_ops::Op::FreeMany { handle: 1, blocks: 4 },
            // All of them may lie with the other handle.
            pool_ops::Op::Allocate { handle: 0 },
            pool_ops::Op::Drop { handle: 1 },
            pool_ops::Op::AllocateMany { handle: 0, blocks: 4 },
        ],
        ..program
    };
    let done = follow(&at_capacity).unwrap();
    assert_eq!(done, pool_ops::Done { allocations: 8, frees: 4, refusals: 2 });
}

proptest! {
    #[test]
    fn random_bytes_keep_every_promise(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        follow_bytes(&bytes);
    }
}
