//! Calls of the allocator family and of its peers, to be counted: `cargo xtask family`
//! runs this under callgrind and counts the instructions within `counted`.
//!
//! `family SUBJECT CALL`; without words it prints all pairs. Each call runs `OPERATIONS` times, in a
//! loop that is the same for all subjects, so the loop's own instructions are in every count.

mod bitmap;
mod heaps;

use core::alloc::Layout;
use core::hint::black_box;
use core::ptr::NonNull;

use allocator_api2_02::alloc::Allocator as Foreign02;
use allocator_api2_04::alloc::Allocator as Foreign04;
use stampool::SystemSource;
use stampool::alloc::wrap::Locked;
use stampool::alloc::{AsyncLinear, Blocks, Linear, Stack};

/// Operations of each call.
const OPERATIONS: usize = 1000;
/// Room for all of them in one chunk.
const ROOM: usize = 1 << 20;

const SMALL: Layout = Layout::new::<[u64; 2]>();
const LARGE: Layout = Layout::new::<[u64; 4]>();

/// What is counted: whatever `work` executes.
#[inline(never)]
fn counted(work: impl FnOnce()) {
    work();
}

/// An allocator, through the trait through which containers call it.
trait Subject {
    fn allocate(&self, layout: Layout) -> NonNull<u8>;
    fn deallocate(&self, block: NonNull<u8>, layout: Layout);
    fn grow(&self, block: NonNull<u8>, old: Layout, new: Layout) -> NonNull<u8>;
    fn shrink(&self, block: NonNull<u8>, old: Layout, new: Layout) -> NonNull<u8>;
}

macro_rules! through {
    ($Through:ident, $Foreign:ident) => {
        struct $Through<A>(A);

        impl<A: $Foreign> Subject for $Through<A> {
            #[inline(always)]
            fn allocate(&self, layout: Layout) -> NonNull<u8> {
                self.0.allocate(layout).expect("memory").cast()
            }

            #[inline(always)]
            fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
                // SAFETY: the callers below pass live blocks with their layouts.
                unsafe { self.0.deallocate(block, layout) }
            }

            #[inline(always)]
            fn grow(&self, block: NonNull<u8>, old: Layout, new: Layout) -> NonNull<u8> {
                // SAFETY: as above, and the new size is larger.
                unsafe { self.0.grow(block, old, new) }.expect("memory").cast()
            }

            #[inline(always)]
            fn shrink(&self, block: NonNull<u8>, old: Layout, new: Layout) -> NonNull<u8> {
                // SAFETY: as above, and the new size is smaller.
                unsafe { self.0.shrink(block, old, new) }.expect("memory").cast()
            }
        }
    };
}
through!(Api02, Foreign02);
through!(Api04, Foreign04);

/// The calls of a linear allocator.
const CALLS: [&str; 6] =
    ["allocate", "allocate any layout", "allocate, free", "grow last", "shrink last", "grow moves"];

fn call(subject: &impl Subject, call: &str) {
    // The first chunk is there before anything is counted.
    subject.deallocate(subject.allocate(SMALL), SMALL);
    match call {
        "allocate" => counted(|| {
            for _ in 0..OPERATIONS {
                black_box(subject.allocate(SMALL));
            }
        }),
        "allocate any layout" => counted(|| {
            for _ in 0..OPERATIONS {
                black_box(subject.allocate(black_box(SMALL)));
            }
        }),
        "allocate, free" => counted(|| {
            for _ in 0..OPERATIONS {
                let block = black_box(subject.allocate(SMALL));
                subject.deallocate(block, SMALL);
            }
        }),
        "grow last" => counted(|| {
            for _ in 0..OPERATIONS {
                let block = black_box(subject.allocate(SMALL));
                let block = black_box(subject.grow(block, SMALL, LARGE));
                subject.deallocate(block, LARGE);
            }
        }),
        "shrink last" => counted(|| {
            for _ in 0..OPERATIONS {
                let block = black_box(subject.allocate(LARGE));
                let block = black_box(subject.shrink(block, LARGE, SMALL));
                subject.deallocate(block, SMALL);
            }
        }),
        "grow moves" => counted(|| {
            for _ in 0..OPERATIONS {
                let block = black_box(subject.allocate(SMALL));
                black_box(subject.allocate(SMALL));
                black_box(subject.grow(block, SMALL, LARGE));
            }
        }),
        other => panic!("no call {other}"),
    }
}

const LINEAR: [&str; 8] = [
    "Linear",
    "Stack",
    "AsyncLinear",
    "AsyncLinear, run",
    "Locked<Linear>",
    "bump-scope",
    "bumpalo",
    "blink-alloc, sync",
];

fn linear(subject: &str, which: &str) {
    match subject {
        "Linear" => call(&Api02(&Linear::with_first_chunk(SystemSource, ROOM)), which),
        "Stack" => call(&Api02(&Stack::with_first_chunk(SystemSource, ROOM)), which),
        "AsyncLinear" => call(&Api02(&AsyncLinear::with_first_chunk(SystemSource, ROOM)), which),
        "AsyncLinear, run" => {
            let shared = AsyncLinear::with_first_chunk(SystemSource, ROOM);
            call(&Api02(&shared.run()), which);
        }
        "Locked<Linear>" => {
            call(&Api02(&Locked::new(Linear::with_first_chunk(SystemSource, ROOM))), which);
        }
        "bump-scope" => {
            let bump: bump_scope::Bump = bump_scope::Bump::with_size(ROOM);
            call(&Api02(&bump), which);
        }
        "bumpalo" => call(&Api02(&bumpalo::Bump::with_capacity(ROOM)), which),
        "blink-alloc, sync" => {
            call(
                &Api04(&blink_alloc::SyncBlinkAlloc::with_chunk_size_in(
                    ROOM,
                    allocator_api2_04::alloc::Global,
                )),
                which,
            );
        }
        other => panic!("no subject {other}"),
    }
}

/// A scope, with one block in it.
const SCOPES: [&str; 2] = ["Stack", "bump-scope"];

fn scope(subject: &str) {
    match subject {
        "Stack" => {
            let mut stack = Stack::with_first_chunk(SystemSource, ROOM);
            stack.allocate(SMALL).expect("memory");
            counted(|| {
                for _ in 0..OPERATIONS {
                    stack.scope(|scope| black_box(Api02(&*scope).allocate(SMALL)));
                }
            });
        }
        "bump-scope" => {
            let mut bump: bump_scope::Bump = bump_scope::Bump::with_size(ROOM);
            black_box(Api02(&bump).allocate(SMALL));
            counted(|| {
                for _ in 0..OPERATIONS {
                    bump.scoped(|scope| {
                        black_box(Api02(&*scope).allocate(SMALL));
                    });
                }
            });
        }
        other => panic!("no subject {other}"),
    }
}

/// Takes 100 blocks, frees them, ten times.
const BLOCKS: [&str; 3] = ["Blocks", "bare free list", "slab"];

/// A list of free blocks and nothing else: what one writes by hand, with no chunk behind it.
struct Bare(core::cell::Cell<Option<NonNull<Link>>>);

struct Link(Option<NonNull<Link>>);

impl Bare {
    fn take(&self) -> Option<NonNull<u8>> {
        let link = self.0.get()?;
        // SAFETY: a block in the list is free and holds a link.
        self.0.set(unsafe { link.read() }.0);
        Some(link.cast())
    }

    fn give(&self, block: NonNull<u8>) {
        let link = block.cast::<Link>();
        // SAFETY: the block has room for a link.
        unsafe { link.write(Link(self.0.get())) };
        self.0.set(Some(link));
    }
}

fn rounds<B: Copy>(take: impl Fn() -> B, give: impl Fn(B)) {
    let mut blocks = Vec::with_capacity(100);
    let mut round = || {
        for _ in 0..100 {
            blocks.push(black_box(take()));
        }
        while let Some(block) = blocks.pop() {
            give(block);
        }
    };
    round();
    counted(|| (0..OPERATIONS / 100).for_each(|_| round()));
}

fn blocks(subject: &str) {
    match subject {
        "Blocks" => {
            let blocks = Blocks::new(LARGE, SystemSource).expect("blocks");
            rounds(
                || blocks.allocate_block().expect("memory"),
                // SAFETY: the blocks that were taken.
                |block| unsafe { blocks.deallocate_block(block) },
            );
        }
        "bare free list" => {
            let bare = Bare(core::cell::Cell::new(None));
            for block in vec![[0_u64; 4]; 101].leak() {
                bare.give(NonNull::from(block).cast());
            }
            rounds(|| bare.take().expect("a block"), |block| bare.give(block));
        }
        "slab" => {
            let slab = core::cell::RefCell::new(slab::Slab::with_capacity(128));
            rounds(
                || slab.borrow_mut().insert([0_u64; 4]),
                |key| {
                    black_box(slab.borrow_mut().remove(key));
                },
            );
        }
        other => panic!("no subject {other}"),
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match &words[..] {
        [] => {
            for which in CALLS {
                LINEAR.iter().for_each(|subject| println!("{subject}\t{which}"));
            }
            SCOPES.iter().for_each(|subject| println!("{subject}\tscope, allocate"));
            BLOCKS.iter().for_each(|subject| println!("{subject}\ttake, give"));
            for which in bitmap::CALLS {
                bitmap::SUBJECTS.iter().for_each(|subject| println!("{subject}\t{which}"));
            }
            for which in heaps::CALLS {
                heaps::SUBJECTS.iter().for_each(|subject| println!("{subject}\t{which}"));
            }
        }
        [subject, which] if which == "scope, allocate" => scope(subject),
        [subject, which] if which == "take, give" => blocks(subject),
        [subject, which] if bitmap::CALLS.contains(&which.as_str()) => bitmap::run(subject, which),
        [subject, which] if heaps::CALLS.contains(&which.as_str()) => heaps::run(subject, which),
        [subject, which] => linear(subject, which),
        _ => panic!("family [SUBJECT CALL]"),
    }
}
