//! Other people's allocators under the conformance kit: `cargo run --release -p atomics --example
//! conformance`. Prints what the kit finds, reduced.

use stampool::adapt::{Api2V02, Api2V04};
use stampool::alloc::Allocator;
use stampool::alloc::conformance::Conformance;

/// Programs for each allocator.
const PROGRAMS: u64 = 10_000;

/// `make` may leak: each allocator is small, and the process ends soon.
fn check<A: Allocator>(name: &str, make: impl Fn() -> A) {
    let found = Conformance::new(|_| make()).foreign().programs(PROGRAMS).find();
    match found {
        Ok(()) => println!("{name}: {PROGRAMS} programs, nothing found"),
        Err(failure) => println!("{name}:\n{failure}\n"),
    }
}

fn main() {
    check("bumpalo", || Api2V02(&*Box::leak(Box::new(bumpalo::Bump::new()))));
    check("bump-scope", || {
        let bump: bump_scope::Bump = bump_scope::Bump::new();
        Api2V02(&*Box::leak(Box::new(bump)))
    });
    check("blink-alloc", || Api2V04(&*Box::leak(Box::new(blink_alloc::BlinkAlloc::new()))));
    check("blink-alloc, sync", || {
        Api2V04(&*Box::leak(Box::new(blink_alloc::SyncBlinkAlloc::new())))
    });
    check("allocator-api2, Global", || Api2V02(allocator_api2_02::alloc::Global));
}
