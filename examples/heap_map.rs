//! Draws a heap over time: which part of each stretch of a buffer is live while a program allocates and
//! frees.
//!
//! `cargo run --release --example heap_map` prints the map in letters, time downwards and addresses to
//! the right. `cargo run --release --example heap_map -- heap.svg` writes it as a picture too.

use core::alloc::Layout;
use core::fmt::Write as _;
use core::ptr::NonNull;

use stampool::BufferSource;
use stampool::alloc::{BestFit, Owner};

/// The heap, the moments that are drawn, and the program's steps between two of them.
const HEAP_BYTES: usize = 80 << 10;
const MOMENTS: usize = 40;
const STEPS: usize = 250;
/// The stretches of the heap that are drawn.
const STRETCHES: usize = 96;

/// How many percent of each stretch are live.
type Moment = [usize; STRETCHES];

struct Program<A> {
    heap: A,
    live: Vec<(NonNull<u8>, Layout)>,
    random: u64,
}

impl<A: Owner> Program<A> {
    fn below(&mut self, limit: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.random >> 33).expect("31 bits") % limit
    }

    /// Allocates a block, most of which are small; or frees one, more often the more there are.
    fn step(&mut self) {
        let many = self.live.len() / 8;
        if self.below(200) < many {
            let at = self.below(self.live.len());
            let (block, layout) = self.live.swap_remove(at);
            // SAFETY: the block is live, and this is its layout.
            unsafe { self.heap.deallocate(block, layout) };
        } else {
            let limit = 8 << self.below(7);
            let layout = Layout::from_size_align(1 + self.below(limit), 8).expect("a layout");
            if let Ok(block) = self.heap.allocate(layout) {
                self.live.push((block.cast(), layout));
            }
        }
    }

    fn moment(&self, start: usize) -> Moment {
        const BYTES: usize = HEAP_BYTES.div_ceil(STRETCHES);
        let mut live = [0; STRETCHES];
        for (block, layout) in &self.live {
            let (mut at, end) =
                (block.addr().get() - start, block.addr().get() - start + layout.size());
            while at < end {
                let part = ((at / BYTES + 1) * BYTES).min(end) - at;
                live[at / BYTES] += part;
                at += part;
            }
        }
        live.map(|live: usize| (100 * live).div_ceil(BYTES))
    }
}

fn text(moments: &[Moment]) -> String {
    const SHADES: [char; 6] = [' ', '.', ':', 'o', 'O', '#'];
    let letter = |percent: &usize| SHADES[percent.div_ceil(20).min(5)];
    moments
        .iter()
        .map(|moment| moment.iter().map(letter).chain(['\n']).collect::<String>())
        .collect()
}

fn svg(moments: &[Moment]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\">\n",
        8 * STRETCHES,
        8 * moments.len()
    );
    for (row, moment) in moments.iter().enumerate() {
        for (column, percent) in moment.iter().enumerate().filter(|(_, percent)| **percent > 0) {
            let (x, y) = (8 * column, 8 * row);
            _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{y}\" width=\"8\" height=\"8\" fill=\"#246\" opacity=\"{percent}%\"/>"
            );
        }
    }
    svg + "</svg>\n"
}

fn main() -> std::io::Result<()> {
    let buffer = Box::leak(Box::new_uninit_slice(HEAP_BYTES));
    let start = buffer.as_ptr().addr();
    let heap = BestFit::with_first_chunk(BufferSource::new(buffer), HEAP_BYTES);
    let mut program = Program { heap, live: Vec::new(), random: 1 };
    let mut moments = Vec::new();
    for _ in 0..MOMENTS {
        (0..STEPS).for_each(|_| program.step());
        moments.push(program.moment(start));
    }
    print!("{}", text(&moments));
    let used = program.heap.usage().used_bytes;
    println!("{} live blocks, {used} of {HEAP_BYTES} bytes used", program.live.len());
    if let Some(file) = std::env::args().nth(1) {
        std::fs::write(&file, svg(&moments))?;
        println!("{file}");
    }
    Ok(())
}
