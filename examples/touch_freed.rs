//! Uses a block after its free, on purpose: `cargo xtask sanitize` expects a report.
//!
//! ```text
//! cargo run --example touch_freed --features sanitizers -- local
//! ```
//!
//! Without a tool the program only reads memory that its pool still holds, and prints what is
//! there. With `nothing` it does only what is allowed, so no tool may report anything.

use core::alloc::Layout;
use core::hint::black_box;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::process::ExitCode;

use stampool::{
    Block, BufferSource, ObjectPool, Pool, PoolBuilder, Pooled, StampedPool, TaggedWide,
};

type Outcome = Result<(), Box<dyn core::error::Error>>;

fn builder() -> PoolBuilder<TaggedWide> {
    Pool::builder(Layout::new::<[u64; 4]>()).batch(4)
}

/// Reads a word of a block.
fn look(block: Block) {
    // SAFETY: the memory is the pool's, which is still there, and was written. It is a fault all
    // the same where the block is free, and the tools are to say so.
    println!("{:x}", black_box(unsafe { block.cast::<u64>().read_volatile() }));
}

/// Writes a word of a block that is the caller's.
fn write(block: Block) {
    // SAFETY: by the caller.
    unsafe { block.cast::<u64>().write_volatile(7) };
}

/// Allocates a block from something, frees it, and looks at it.
macro_rules! touch {
    ($from:expr) => {{
        let from = &$from;
        let block = from.allocate()?;
        write(block);
        // SAFETY: allocated just now.
        unsafe { from.deallocate(block) };
        look(block);
        Ok(())
    }};
}

/// By an explicit handle.
fn local() -> Outcome {
    let pool = builder().build()?;
    touch!(pool.local()?)
}

/// By a pool that finds its threads' handles.
fn thread_local() -> Outcome {
    touch!(builder().build_thread_local()?)
}

/// Without caches.
fn exact() -> Outcome {
    touch!(builder().build_exact()?)
}

/// In a pool that fills what is freed, and would see a write to it.
fn hardened() -> Outcome {
    let pool = builder().hardened().build()?;
    touch!(pool.local()?)
}

/// An object that its pool keeps.
fn object() -> Outcome {
    let pool = ObjectPool::builder().keep(|| [7_u64; 4], |_| ()).build()?;
    let object = pool.get()?;
    let block = Block::from(NonNull::from(&*object).cast());
    drop(object);
    look(block);
    Ok(())
}

/// Everything that reaches free blocks and may do so.
fn nothing() -> Outcome {
    let mut buffer = vec![0_u64; 1 << 12];
    {
        // SAFETY: the buffer outlives the pool, and nobody else uses it meanwhile.
        let source = unsafe {
            let bytes = buffer.len() * size_of::<u64>();
            BufferSource::from_raw_parts(NonNull::from(&mut buffer[..]).cast(), bytes)
        };
        let pool = builder().source(source).build()?;
        let local = pool.local()?;
        let blocks = (0..40).map(|_| local.allocate()).collect::<Result<Vec<_>, _>>()?;
        for block in blocks {
            write(block);
            // SAFETY: allocated above, once each.
            unsafe { local.deallocate(block) };
        }
    }
    buffer.fill(1);

    let pool = builder().hardened().build()?;
    let local = pool.local()?;
    for _ in 0..100 {
        let block = local.allocate()?;
        write(block);
        look(block);
        // SAFETY: allocated just now.
        unsafe { local.deallocate(block) };
    }

    let kept = ObjectPool::builder().keep(|| vec![7_u64], |kept| kept.push(1)).build()?;
    let detached = Pooled::detach(kept.get()?);
    // SAFETY: detached just now.
    drop(unsafe { kept.attach(detached) });
    drop(kept.get_many(3)?);
    drop(kept);

    let stamped = StampedPool::new(|| AtomicU64::new(0))?;
    let local = stamped.local()?;
    let name = local.allocate()?;
    let value = stamped.get(name).ok_or("current")?;
    local.free(name)?;
    assert!(stamped.get(name).is_none());
    println!("{}", value.load(Relaxed));
    Ok(())
}

fn main() -> ExitCode {
    let outcome = match std::env::args().nth(1).as_deref() {
        Some("local") => local(),
        Some("thread-local") => thread_local(),
        Some("exact") => exact(),
        Some("hardened") => hardened(),
        Some("object") => object(),
        Some("nothing") => nothing(),
        _ => Err("one of: local, thread-local, exact, hardened, object, nothing".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
