//! A system that has no more memory.

use core::alloc::GlobalAlloc;

use super::ALLOCATOR;
use super::blocks::layout;
use super::common::forks::in_a_fork;

/// The most bytes of addresses that a process may have.
fn limit(bytes: usize) {
    let limit = libc::rlimit { rlim_cur: bytes as u64, rlim_max: bytes as u64 };
    // SAFETY: a limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
}

/// Bytes of addresses that the process has.
fn addresses() -> usize {
    let numbers = std::fs::read_to_string("/proc/self/statm").expect("linux");
    let pages: usize =
        numbers.split(' ').next().and_then(|word| word.parse().ok()).expect("a number");
    pages * 4096
}

#[test]
fn most_of_a_limited_memory_is_used_and_the_program_goes_on() {
    for size in [64, 1000, 30_000, 200_000, 5 << 20] {
        in_a_fork(|| {
            let room = 200 << 20;
            limit(addresses() + room);
            let layout = layout(size, 8);
            let (mut first, mut blocks) = (core::ptr::null_mut::<*mut u8>(), 0);
            loop {
                // SAFETY: not without bytes.
                let block = unsafe { ALLOCATOR.alloc(layout) }.cast::<*mut u8>();
                if block.is_null() {
                    break;
                }
                // SAFETY: the block has room for a pointer.
                unsafe { block.write(first.cast()) };
                (first, blocks) = (block, blocks + 1);
            }
            assert!(blocks * size >= room / 5 * 4, "{} of {room} bytes for {size}", blocks * size);
            for _ in 0..blocks {
                // SAFETY: written above.
                let next = unsafe { first.read() };
                // SAFETY: live, and of this layout.
                unsafe { ALLOCATOR.dealloc(first.cast(), layout) };
                first = next.cast();
            }
            assert_eq!(vec![7_u8; size].len(), size, "there is memory again");
        });
    }
}
