//! Numbers of blocks, taken from a bitmap of 2^20 bits one by one or in runs.

use core::alloc::Layout;
use core::hint::black_box;
use core::ptr::NonNull;

use bitmap_allocator::{BitAlloc, BitAlloc1M};
use stampool::SystemSource;
use stampool::alloc::Bitmap;

use super::{OPERATIONS, counted};

/// The least size of a block, in bytes.
const BLOCK: usize = 8;

pub(super) const SUBJECTS: [&str; 2] = ["Bitmap", "bitmap-allocator"];

/// One block is taken, or freed and taken, or a run of up to 64 blocks is freed and one taken, where few runs
/// are live, or many.
pub(super) const CALLS: [&str; 4] =
    ["take a block", "free, take a block", "free, take a run", "free, take a run of many"];

/// A bitmap: a call takes `n` blocks, and answers what frees them.
trait Bits {
    fn take(&mut self, n: usize) -> usize;
    fn give(&mut self, first: usize, n: usize);
}

impl Bits for Bitmap {
    #[inline(always)]
    fn take(&mut self, n: usize) -> usize {
        let layout = Layout::from_size_align(n * BLOCK, BLOCK).expect("a layout");
        self.allocate(layout).expect("room").cast::<u8>().expose_provenance().get()
    }

    #[inline(always)]
    fn give(&mut self, first: usize, n: usize) {
        let layout = Layout::from_size_align(n * BLOCK, BLOCK).expect("a layout");
        let block = NonNull::with_exposed_provenance(first.try_into().expect("an address"));
        // SAFETY: the rounds below free what they have taken.
        unsafe { self.deallocate(block, layout) };
    }
}

impl Bits for BitAlloc1M {
    #[inline(always)]
    fn take(&mut self, n: usize) -> usize {
        if n == 1 { self.alloc() } else { self.alloc_contiguous(None, n, 0) }.expect("room")
    }

    #[inline(always)]
    fn give(&mut self, first: usize, n: usize) {
        if n == 1 {
            self.dealloc(first);
        } else {
            self.dealloc_contiguous(first, n);
        }
    }
}

/// Numbers that look random, the same for both.
fn numbers() -> impl Iterator<Item = usize> {
    core::iter::successors(Some(1_usize), |number| Some(number.wrapping_mul(25_214_903_917) + 11))
        .map(|number| number >> 17)
}

fn replace(bits: &mut impl Bits, live: usize, size: impl Fn(usize) -> usize) {
    let mut numbers = numbers();
    let mut next = || numbers.next().unwrap_or(0);
    let mut runs: Vec<(usize, usize)> = Vec::with_capacity(live);
    for _ in 0..live {
        let n = size(next());
        runs.push((bits.take(n), n));
    }
    let which: Vec<(usize, usize)> =
        (0..OPERATIONS).map(|_| (next() % live, size(next()))).collect();
    counted(|| {
        for (at, n) in &which {
            let (first, old) = runs[*at];
            bits.give(first, old);
            runs[*at] = (black_box(bits.take(*n)), *n);
        }
    });
}

fn call(bits: &mut impl Bits, call: &str) {
    match call {
        "take a block" => counted(|| {
            for _ in 0..OPERATIONS {
                black_box(bits.take(1));
            }
        }),
        "free, take a block" => replace(bits, 100_000, |_| 1),
        "free, take a run" => replace(bits, 100, |number| 1 + number % 64),
        "free, take a run of many" => replace(bits, 1000, |number| 1 + number % 64),
        other => panic!("no call {other}"),
    }
}

pub(super) fn run(subject: &str, which: &str) {
    match subject {
        "Bitmap" => {
            let mut bitmap = Bitmap::new(BLOCK, BitAlloc1M::CAP, SystemSource).expect("a region");
            call(&mut bitmap, which);
        }
        "bitmap-allocator" => {
            let mut bits = Box::<BitAlloc1M>::default();
            bits.insert(0..BitAlloc1M::CAP);
            call(&mut *bits, which);
        }
        other => panic!("no subject {other}"),
    }
}
