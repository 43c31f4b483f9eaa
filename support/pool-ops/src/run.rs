//! Does a program's operations.

use core::alloc::Layout;
use core::fmt;
use core::mem;

use stampool::raw::with_strategies;
use stampool::source::{CountingSource, FailingSource, SourceCounts};
use stampool::{AllocError, Pool};
use subject::{Audited, Handle as _, Idle};

use crate::program::{FORGOTTEN, HANDLES, Op, Program, Strategy};
use crate::reference::Reference;

/// What a program came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Blocks handed out.
    pub allocations: usize,
    /// Blocks given back.
    pub frees: usize,
    /// Allocations and handles that were refused, each for a reason.
    pub refusals: usize,
}

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// After which operation; `None`: at the end.
    pub op: Option<usize>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.op {
            Some(op) => write!(f, "operation {op}: {}", self.what),
            None => write!(f, "at the end: {}", self.what),
        }
    }
}

impl core::error::Error for Violation {}

/// Runs the program that `bytes` stand for.
///
/// # Panics
/// At a violation, with the command that runs it again.
pub fn follow_bytes(bytes: &[u8]) -> Done {
    follow_or_panic(&Program::from_bytes(bytes), bytes)
}

/// As [`follow_bytes`], for a caller that looks for leaks.
///
/// # Panics
/// As there.
pub fn follow_bytes_tidily(bytes: &[u8]) -> Done {
    follow_or_panic(&Program::from_bytes(bytes).tidy(), bytes)
}

fn follow_or_panic(program: &Program, bytes: &[u8]) -> Done {
    follow(program).unwrap_or_else(|violation| {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        panic!("{violation}\n  of {program:?}\n  again: cargo run -p pool-ops -- {hex}")
    })
}

macro_rules! on_its_pool {
    ($program:ident; $($strategy:ident)*) => {
        match $program.strategy {
            $(Strategy::$strategy => on_pool::<stampool::$strategy>($program),)*
        }
    };
}

/// Runs a program on the shipped pool.
///
/// # Errors
/// A promise is not kept.
pub fn follow(program: &Program) -> Result<Done, Violation> {
    with_strategies!(on_its_pool { program; })
}

fn on_pool<S: stampool::Strategy>(program: &Program) -> Result<Done, Violation> {
    let counts = SourceCounts::default();
    let done = on_subject(pool::<S>(program, &counts), program)?;
    let (obtained, released) = (counts.obtained(), counts.released());
    let what = format!("{obtained} regions were obtained, {released} released");
    if obtained == released { Ok(done) } else { Err(Violation { op: None, what }) }
}

/// The layout of a program's blocks: the size rounded up, as the pool does.
///
/// # Panics
/// On a size or an alignment that no program has.
#[must_use]
pub fn layout(program: &Program) -> Layout {
    let layout = Layout::from_size_align(program.size, program.align);
    layout.expect("a program's layout is small").pad_to_align()
}

/// The pool of a program.
///
/// # Panics
/// Where it cannot be built: a program's settings can be had.
#[must_use]
pub fn pool<S: stampool::Strategy>(program: &Program, counts: &SourceCounts) -> Pool<S> {
    let regions = program.regions.unwrap_or(usize::MAX);
    let source = FailingSource::default().refuse_from(regions);
    let mut builder = Pool::builder(layout(program))
        .strategy::<S>()
        .batch(program.batch)
        .limbo_magazines(program.limbo)
        .source(CountingSource::with_counts(source, counts.clone()));
    if let Some(capacity) = program.capacity {
        builder = builder.max_carved_blocks(capacity);
    }
    if let Some(chunk) = program.chunk {
        builder = builder.chunk_blocks(chunk);
    }
    builder.build().expect("a program's pool can be built")
}

/// Runs a program on any subject.
///
/// # Errors
/// A promise is not kept.
pub fn on_subject<U: Audited<Refusal = AllocError>>(
    mut subject: U,
    program: &Program,
) -> Result<Done, Violation> {
    let mut reference = Reference::new(program, layout(program));
    let mut done = Done::default();
    operations(&subject, program, &mut reference, &mut done)?;
    end(&mut subject, &mut reference).map_err(|what| Violation { op: None, what })?;
    Ok(done)
}

/// The handles of one run, and what it is compared with.
struct Table<'a, U: Audited + 'a> {
    subject: &'a U,
    handles: [Option<U::Handle<'a>>; HANDLES],
    forgotten: usize,
    reference: &'a mut Reference,
    done: &'a mut Done,
}

fn operations<U: Audited<Refusal = AllocError>>(
    subject: &U,
    program: &Program,
    reference: &mut Reference,
    done: &mut Done,
) -> Result<(), Violation> {
    let handles = [const { None }; HANDLES];
    let mut table = Table { subject, handles, forgotten: 0, reference, done };
    for (at, op) in program.ops.iter().enumerate() {
        let followed = table.step(*op);
        let followed = followed.and_then(|()| table.reference.carved(subject.carved_blocks()));
        followed.map_err(|what| Violation { op: Some(at), what })?;
    }
    // The others stay for good.
    let Table { handles, reference, .. } = table;
    handles.into_iter().flatten().for_each(|handle| {
        drop(handle);
        reference.left();
    });
    Ok(())
}

impl<U: Audited<Refusal = AllocError>> Table<'_, U> {
    /// The handle of that number, opened if need be; `None` where it is refused for a reason.
    fn open(&mut self, handle: u8) -> Result<Option<usize>, String> {
        let at = usize::from(handle) % HANDLES;
        if self.handles[at].is_none() {
            match self.subject.attach() {
                Ok(handle) => {
                    self.reference.attached(None)?;
                    self.handles[at] = Some(handle);
                }
                Err(error) => {
                    self.reference.attached(Some(error))?;
                    self.done.refusals += 1;
                    return Ok(None);
                }
            }
        }
        Ok(Some(at))
    }

    fn step(&mut self, op: Op) -> Result<(), String> {
        match op {
            Op::Allocate { handle } => self.allocate(handle, 1),
            Op::AllocateMany { handle, blocks } => self.allocate(handle, blocks % 17),
            Op::Free { handle, nth } => self.free(handle, 1, nth.into()),
            Op::FreeMany { handle, blocks } => self.free(handle, blocks % 17, 0),
            Op::Drop { handle } => {
                if self.handles[usize::from(handle) % HANDLES].take().is_some() {
                    self.reference.left();
                }
                Ok(())
            }
            Op::Forget { handle } => {
                let slot = &mut self.handles[usize::from(handle) % HANDLES];
                if self.forgotten < FORGOTTEN && slot.is_some() {
                    mem::forget(slot.take());
                    self.forgotten += 1;
                }
                Ok(())
            }
        }
    }

    fn allocate(&mut self, handle: u8, blocks: u8) -> Result<(), String> {
        let Some(at) = self.open(handle)? else { return Ok(()) };
        let handle = self.handles[at].as_mut().expect("open");
        for _ in 0..blocks {
            match handle.allocate() {
                Ok(block) => {
                    // SAFETY: handed out with the program's layout; the reference looks whether
                    // somebody has it.
                    unsafe { self.reference.taken(block) }?;
                    self.done.allocations += 1;
                }
                Err(error) => {
                    self.reference.refused(error)?;
                    self.done.refusals += 1;
                }
            }
        }
        Ok(())
    }

    fn free(&mut self, handle: u8, blocks: u8, nth: usize) -> Result<(), String> {
        let Some(at) = self.open(handle)? else { return Ok(()) };
        let handle = self.handles[at].as_mut().expect("open");
        for _ in 0..blocks {
            let Some(block) = self.reference.given(nth)? else { return Ok(()) };
            // SAFETY: it was live, and the reference has let go of it.
            unsafe { handle.deallocate(block) };
            self.done.frees += 1;
        }
        Ok(())
    }
}

/// All handles are gone: counts, takes every idle block out again, and gives all back.
fn end<U: Audited>(subject: &mut U, reference: &mut Reference) -> Result<(), String> {
    let carved = subject.carved_blocks();
    let Idle { cached, listed: idle } = subject.idle_blocks();
    reference.census(carved, cached, idle)?;
    if let Ok(mut handle) = subject.attach() {
        reference.attached(None)?;
        for _ in 0..idle {
            let block = handle.allocate();
            let block = block.map_err(|error| format!("an idle block cannot be had: {error}"))?;
            // SAFETY: handed out with the program's layout.
            unsafe { reference.taken(block) }?;
        }
        if subject.carved_blocks() != carved {
            return Err("an idle block was not found, and a new one carved".into());
        }
        while let Some(block) = reference.given(0)? {
            // SAFETY: it was live, and the reference has let go of it.
            unsafe { handle.deallocate(block) };
        }
        drop(handle);
        reference.left();
    }
    let Idle { cached, listed: idle } = subject.idle_blocks();
    reference.census(carved, cached, idle)
}
