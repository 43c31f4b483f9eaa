//! The reference notices: subjects that do one thing wrong, and a control that does nothing wrong.

use core::cell::{Cell, RefCell};

use pool_ops::program::Op;
use pool_ops::run::{Violation, on_subject, pool};
use pool_ops::{Done, Program};
use stampool::source::SourceCounts;
use stampool::{AllocError, Block, Local, Pool, TaggedPacked};
use subject::{Audited, Handle, Idle, Subject};

/// What the subject does wrong, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// Remembers a block that is given back, and hands it out beside the pool.
    HandsOutTwice,
    /// Never gives a block back to the pool.
    Loses,
    /// Writes into a block that it has handed out.
    Scribbles,
    /// Hands out an address inside a block.
    Shifts,
    /// Refuses although there are blocks.
    Refuses,
    /// Says that it has carved more.
    CarvesTooMuch,
}

/// The operation at which it does so.
const CALL: usize = 9;

struct FaultySubject {
    pool: Pool<TaggedPacked>,
    fault: Fault,
    calls: Cell<usize>,
    kept: RefCell<Vec<Block>>,
    last: Cell<Option<Block>>,
}

struct FaultyHandle<'a> {
    subject: &'a FaultySubject,
    local: Local<'a, TaggedPacked>,
}

impl FaultySubject {
    /// Whether this call of `fault`'s kind is the one.
    fn now(&self, fault: Fault) -> bool {
        if self.fault != fault {
            return false;
        }
        self.calls.set(self.calls.get() + 1);
        self.calls.get() == CALL
    }
}

impl Subject for FaultySubject {
    type Refusal = AllocError;
    type Handle<'a> = FaultyHandle<'a>;

    fn attach(&self) -> Result<FaultyHandle<'_>, AllocError> {
        Ok(FaultyHandle { subject: self, local: self.pool.local()? })
    }
}

impl Audited for FaultySubject {
    fn carved_blocks(&self) -> usize {
        let extra = if self.fault == Fault::CarvesTooMuch { 1_000 } else { 0 };
        self.pool.stats().carved_blocks + extra
    }

    fn idle_blocks(&mut self) -> Idle {
        self.pool.idle_blocks()
    }
}

impl Handle for FaultyHandle<'_> {
    type Refusal = AllocError;

    fn allocate(&mut self) -> Result<Block, AllocError> {
        if let Some(block) = self.subject.kept.borrow_mut().pop() {
            return Ok(block);
        }
        if self.subject.now(Fault::Refuses) {
            return Err(AllocError::Capacity);
        }
        let block = self.local.allocate()?;
        self.subject.last.set(Some(block));
        if self.subject.now(Fault::Shifts) {
            // SAFETY: a program's blocks have eight bytes here.
            return Ok(Block(unsafe { block.0.add(8) }));
        }
        Ok(block)
    }

    unsafe fn deallocate(&mut self, block: Block) {
        if self.subject.now(Fault::Loses) {
            return;
        }
        if self.subject.now(Fault::HandsOutTwice) {
            self.subject.kept.borrow_mut().push(block);
        }
        // SAFETY: by the caller.
        unsafe { self.local.deallocate(block) };
        if self.subject.now(Fault::Scribbles) {
            let last = self.subject.last.get().expect("allocated before");
            // SAFETY: memory of the pool's, filled by its user.
            let byte = unsafe { last.0.read() };
            // SAFETY: memory of the pool's, if not ours: that is the fault.
            unsafe { last.0.write(!byte) };
        }
    }
}

/// Takes and gives in turns, with more and more live blocks.
fn run(fault: Fault) -> Result<Done, Violation> {
    let turn = [
        Op::AllocateMany { handle: 0, blocks: 6 },
        Op::FreeMany { handle: 1, blocks: 3 },
        Op::AllocateMany { handle: 1, blocks: 2 },
        Op::Free { handle: 2, nth: 1 },
    ];
    let program =
        Program { size: 24, align: 8, batch: 2, ops: turn.repeat(20), ..Program::from_bytes(&[]) };
    let pool = pool::<TaggedPacked>(&program, &SourceCounts::default());
    let (calls, kept, last) = (Cell::new(0), RefCell::default(), Cell::new(None));
    on_subject(FaultySubject { pool, fault, calls, kept, last }, &program)
}

#[test]
fn a_faultless_subject_passes() {
    assert_eq!(run(Fault::None).map(|done| (done.allocations, done.frees)), Ok((160, 80)));
}

/// A test for each fault: all of the words stand in what is found.
macro_rules! finds {
    ($($test:ident: $fault:ident, $words:expr;)*) => {$(
        #[test]
        fn $test() {
            let what = run(Fault::$fault).expect_err("a fault that nobody notices").to_string();
            assert!($words.iter().all(|word| what.contains(word)), "{what}");
        }
    )*};
}

finds! {
    a_block_handed_out_twice: HandsOutTwice, ["was handed out twice"];
    a_lost_block: Loses, ["at the end:", "were carved"];
    a_write_into_a_live_block: Scribbles, ["has changed"];
    a_block_that_begins_in_another: Shifts, ["overlaps another"];
    a_refusal_without_a_reason: Refuses, ["refused with"];
    too_much_carved: CarvesTooMuch, ["the memory bound is"];
}
