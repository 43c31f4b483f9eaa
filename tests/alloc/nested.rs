//! Random programs over nested scopes: each level allocates while it is the innermost, and frees and
//! resizes its blocks at any time.

use core::alloc::Layout;
use core::ops::Range;
use core::ptr::NonNull;

use stampool::SystemSource;
use stampool::alloc::{AllocError, Allocator, Scope, Stack};

const PROGRAMS: u64 = if cfg!(miri) { 10 } else { 20_000 };
const MOST_LEVELS: usize = 4;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((word ^ (word >> 31)) % limit as u64).expect("below a usize")
    }
}

/// A live block of a level, all of whose bytes are `fill`.
struct Block {
    start: NonNull<u8>,
    len: usize,
    layout: Layout,
    fill: u8,
    level: usize,
}

impl Block {
    fn addresses(&self) -> Range<usize> {
        self.start.addr().get()..self.start.addr().get() + self.len
    }

    fn holds(&self, len: usize) -> bool {
        // SAFETY: the block is live, and was filled.
        let bytes = unsafe { core::slice::from_raw_parts(self.start.as_ptr(), len) };
        *bytes == *vec![self.fill; len]
    }
}

struct Program {
    seed: u64,
    random: Random,
    steps: usize,
    blocks: Vec<Block>,
}

impl Program {
    /// Fills a block that an allocator returned, and keeps it.
    fn enter(&mut self, got: NonNull<[u8]>, layout: Layout, level: usize) {
        let fill = u8::try_from(self.steps % 255).expect("a byte");
        let block = Block { start: got.cast(), len: got.len(), layout, fill, level };
        let Range { start, end } = block.addresses();
        assert!(start.is_multiple_of(layout.align()), "seed {}: misaligned", self.seed);
        for other in &self.blocks {
            let other = other.addresses();
            assert!(other.end <= start || end <= other.start, "seed {}: overlap", self.seed);
        }
        // SAFETY: the block is live, and nobody else uses it.
        unsafe { block.start.write_bytes(fill, block.len) };
        self.blocks.push(block);
    }

    fn check(&self) {
        let intact = self.blocks.iter().all(|block| block.holds(block.len));
        assert!(intact, "seed {}, {} steps left: a block has changed", self.seed, self.steps);
    }

    /// The number of a random block.
    fn any(&mut self) -> Option<usize> {
        (!self.blocks.is_empty()).then(|| self.random.below(self.blocks.len()))
    }

    fn allocate(&mut self, level: usize, innermost: &dyn Allocator) {
        let most = [60, 400][self.random.below(2)];
        let (size, align) = (1 + self.random.below(most), 1 << self.random.below(8));
        let layout = Layout::from_size_align(size, align).expect("a layout");
        let got = innermost.allocate(layout).expect("memory");
        self.enter(got, layout, level);
    }

    fn free(&mut self, levels: &[&dyn Allocator]) {
        let Some(at) = self.any() else { return };
        let block = self.blocks.swap_remove(at);
        // SAFETY: the block is live, and this level's.
        unsafe { levels[block.level].deallocate(block.start, block.layout) };
    }

    fn resize(&mut self, levels: &[&dyn Allocator]) {
        let Some(at) = self.any() else { return };
        let block = &self.blocks[at];
        let (start, old, level) = (block.start, block.layout, block.level);
        let grows = self.random.below(2) == 0;
        let size = if grows {
            old.size() + self.random.below(100)
        } else {
            old.size() - self.random.below(old.size())
        };
        let new = Layout::from_size_align(size, old.align()).expect("a layout");
        let got = if grows {
            // SAFETY: the block is live, and this level's; the new size is not smaller.
            unsafe { levels[level].grow(start, old, new) }
        } else {
            // SAFETY: the same; it is not larger.
            unsafe { levels[level].shrink(start, old, new) }
        };
        // A level below the innermost one is refused a block that would have to move.
        let Ok(got) = got else { return };
        let mut block = self.blocks.swap_remove(at);
        block.start = got.cast();
        assert!(block.holds(size.min(old.size())), "seed {}: bytes were lost", self.seed);
        self.enter(got, new, level);
    }

    /// Runs one level above others, until it closes.
    fn run<L: Level>(&mut self, below: &[&dyn Allocator], this: &L) {
        let level = below.len();
        let mut levels = below.to_vec();
        levels.push(this);
        while self.steps > 0 {
            self.steps -= 1;
            match self.random.below(10) {
                0..4 => self.allocate(level, this),
                4..7 => self.free(&levels),
                7 => self.resize(&levels),
                8 if level < MOST_LEVELS => {
                    let scope = this.enter().expect("this level is the innermost one");
                    self.run(&levels, &scope);
                    self.blocks.retain(|block| block.level <= level);
                }
                9 if level > 0 => return,
                _ => {}
            }
            self.check();
        }
    }
}

/// What opens a scope.
trait Level: Allocator {
    fn enter(&self) -> Result<Scope<'_>, AllocError>;
}

impl Level for Stack {
    fn enter(&self) -> Result<Scope<'_>, AllocError> {
        self.enter()
    }
}

impl Level for Scope<'_> {
    fn enter(&self) -> Result<Scope<'_>, AllocError> {
        self.enter()
    }
}

/// No block overlaps another or changes, and once all scopes have closed and all blocks are freed
/// nothing is in use.
#[test]
fn nested_scopes_lose_nothing() {
    for seed in 0..PROGRAMS {
        let mut random = Random(seed);
        let steps = 4 + random.below(60);
        let mut program = Program { seed, random, steps, blocks: Vec::new() };
        let stack = Stack::with_first_chunk(SystemSource, 200);
        program.run(&[], &stack);
        program.check();
        for block in program.blocks.drain(..) {
            // SAFETY: the block is live: those of scopes are out of the list.
            unsafe { stack.deallocate(block.start, block.layout) };
        }
        assert_eq!(stack.usage().used_bytes, 0, "seed {seed}: memory was lost");
    }
}

/// A look at the usage from inside a scope settles no chunk in which an outer scope begins.
#[test]
fn a_look_from_a_scope_loses_no_memory() {
    let layout = |size| Layout::from_size_align(size, 1).expect("a layout");
    let stack = Stack::with_first_chunk(SystemSource, 64);
    let block = stack.allocate(layout(1000)).expect("memory");
    let outer = stack.enter().expect("no scope is open");
    outer.allocate(layout(5000)).expect("memory of another chunk");
    let inner = outer.enter().expect("no other scope is open");
    // SAFETY: the block is live.
    unsafe { stack.deallocate(block.cast(), layout(1000)) };
    assert!(stack.usage().used_bytes >= 5000);
    drop(inner);
    drop(outer);
    assert_eq!(stack.usage().used_bytes, 0);
}
