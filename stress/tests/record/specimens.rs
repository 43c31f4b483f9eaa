//! Programs of which it is known what they allocate: sizes that nothing else asks for, straight
//! from malloc.

use core::ffi::c_void;
use core::ptr;
use std::env;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::Barrier;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// The variable that says which.
pub(crate) const SPECIMEN: &str = "STAMPOOL_SPECIMEN";

/// Which program.
#[derive(Clone, Copy)]
pub(crate) enum Specimen {
    /// Each function once.
    Calls,
    /// Threads that free each other's blocks.
    Threads,
    /// Threads that take and free as fast as they can.
    Reuse,
    /// Allocates and is killed.
    Kill,
    /// Allocates and aborts.
    Abort,
    /// Forks, and starts another program.
    Fork,
    /// Allocates, and becomes `calls`.
    Wrap,
}

impl Specimen {
    const ALL: [Self; 7] =
        [Self::Calls, Self::Threads, Self::Reuse, Self::Kill, Self::Abort, Self::Fork, Self::Wrap];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Threads => "threads",
            Self::Reuse => "reuse",
            Self::Kill => "kill",
            Self::Abort => "abort",
            Self::Fork => "fork",
            Self::Wrap => "wrap",
        }
    }
}

/// Bytes of a block in `threads`, `kill`, `abort` and `fork`: a pool's.
pub(crate) const SIZE: usize = 1237;
/// Bytes of a block in the child of `fork`.
pub(crate) const OF_CHILD: usize = 1239;
/// Bytes of a block in `reuse`: each is a mapping, whose address the kernel has for the next.
const LARGE: usize = 300_000;
/// Blocks that each thread of `reuse` allocates.
pub(crate) const OFTEN: usize = 10_000;
/// Threads of `threads` and `reuse`.
pub(crate) const THREADS: usize = 3;
/// Blocks that each allocates, and `kill` and `abort` in all.
pub(crate) const EACH: usize = 3000;
/// What `calls` allocates, in bytes: no two the same.
pub(crate) const SIZES: [usize; 8] = [70_001, 70_002, MOVED, 70_004, 73_728, 70_006, 70_008, KEPT];
/// What another thread frees.
pub(crate) const MOVED: usize = 70_003;
/// What is live at the end: its last reallocation fails.
pub(crate) const KEPT: usize = 70_007;

/// The alignment that `calls` asks for, or malloc's own.
pub(crate) fn align_of(size: usize) -> usize {
    match size {
        70_004 => 8192,
        73_728 => 4096,
        70_006 => 64,
        70_008 => 4096,
        _ => 16,
    }
}

/// Not a test by itself: the specimen, if the variable names one.
#[test]
fn specimen() {
    let Ok(name) = env::var(SPECIMEN) else {
        return;
    };
    let which = Specimen::ALL.into_iter().find(|which| which.name() == name);
    match which.expect("one of ours") {
        Specimen::Calls => calls(),
        Specimen::Threads => threads(),
        Specimen::Reuse => reuse(),
        Specimen::Kill => end_by(libc::SIGKILL),
        Specimen::Abort => end_by(libc::SIGABRT),
        Specimen::Fork => fork(),
        Specimen::Wrap => wrap(),
    }
}

/// A block on its way to another thread.
struct Block(*mut c_void);

// SAFETY: whoever has it owns it.
unsafe impl Send for Block {}

impl Block {
    fn new(size: usize) -> Self {
        // SAFETY: any size will do.
        let block = unsafe { libc::malloc(size) };
        Self::written(block)
    }

    /// Writes to it, so that the compiler does not leave it out.
    fn written(block: *mut c_void) -> Self {
        assert!(!block.is_null());
        // SAFETY: all of ours have a byte.
        unsafe { block.cast::<u8>().write_volatile(1) };
        Self(block)
    }

    fn free(self) {
        // SAFETY: owned, and gone after this.
        unsafe { libc::free(self.0) };
    }
}

fn calls() {
    let a = Block::new(70_001);
    // SAFETY: any size will do.
    let b = Block::written(unsafe { libc::calloc(3, 23_334) });
    // SAFETY: owned, and not used any more.
    let c = Block::written(unsafe { libc::realloc(a.0, MOVED) });
    let mut d = ptr::null_mut();
    // SAFETY: room for a pointer.
    assert_eq!(unsafe { libc::posix_memalign(&mut d, 8192, 70_004) }, 0);
    // SAFETY: a multiple of the alignment.
    let e = Block::written(unsafe { libc::aligned_alloc(4096, 73_728) });
    // SAFETY: a power of two.
    let f = Block::written(unsafe { libc::memalign(64, 70_006) });
    // SAFETY: as above.
    let g = Block::written(unsafe { libc::memalign(4096, 70_008) });
    // SAFETY: owned, and not used any more.
    let kept = Block::written(unsafe { libc::reallocarray(b.0, 7, 10_001) });
    // SAFETY: owned; the call fails.
    assert!(unsafe { libc::realloc(kept.0, usize::MAX / 2) }.is_null());
    thread::spawn(move || c.free()).join().expect("no panic");
    for block in [Block::written(d), e, f, g] {
        block.free();
    }
}

fn threads() {
    let (givers, takers): (Vec<Sender<Block>>, Vec<Receiver<Block>>) =
        (0..THREADS).map(|_| channel()).unzip();
    let all_there = Barrier::new(THREADS);
    thread::scope(|scope| {
        for (index, taker) in takers.into_iter().enumerate() {
            let next = givers[(index + 1) % THREADS].clone();
            let all_there = &all_there;
            scope.spawn(move || {
                all_there.wait();
                for number in 0..EACH {
                    let block = Block::new(SIZE);
                    if number % 2 == 0 {
                        next.send(block).expect("somebody takes it");
                    } else {
                        block.free();
                    }
                    taker.try_iter().for_each(Block::free);
                }
                drop(next);
                all_there.wait();
                taker.try_iter().for_each(Block::free);
            });
        }
    });
}

fn reuse() {
    let all_there = Barrier::new(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                all_there.wait();
                for _ in 0..OFTEN {
                    Block::new(LARGE).free();
                }
            });
        }
    });
}

fn end_by(signal: i32) {
    for _ in 0..EACH {
        let _ = Block::new(SIZE);
    }
    // SAFETY: nothing here minds.
    unsafe { libc::raise(signal) };
}

/// This program again, to do `calls`.
fn to_call() -> Command {
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.args(["specimens::specimen", "--exact"]).env(SPECIMEN, Specimen::Calls.name());
    command
}

fn wrap() {
    for _ in 0..EACH {
        let _ = Block::new(SIZE);
    }
    panic!("{}", to_call().exec());
}

fn fork() {
    let before = Block::new(SIZE);
    // SAFETY: the child calls malloc, which the C library allows after a fork, and leaves.
    let child = unsafe { libc::fork() };
    if child == 0 {
        for _ in 0..EACH {
            Block::new(OF_CHILD).free();
        }
        before.free();
        // SAFETY: no obligations.
        unsafe { libc::_exit(0) };
    }
    assert!(child > 0);
    let mut status = 0;
    // SAFETY: our child, and room for a number.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert_eq!(status, 0, "the child was fine");
    let other = to_call().output().expect("this program");
    assert!(other.status.success(), "{other:?}");
    before.free();
    let _ = Block::new(SIZE);
}
