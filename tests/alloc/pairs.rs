//! Members on every kind of source, under the kit. The kit's own source, which refuses some calls and
//! misaligns some regions, lies behind each that asks another one.

use core::alloc::Layout;
use core::ptr::NonNull;

use stampool::alloc::conformance::{Conformance, TestSource};
use stampool::alloc::wrap::Checked;
use stampool::alloc::{Allocator, Blocks, Reset, Stack};
use stampool::source::{CountingSource, FailingSource, FallbackSource, LimitedSource};
use stampool::{ArenaSource, BufferSource, BuildError, Source, SystemSource};

use super::members::on_a_region;

type Any = Box<dyn Source>;

const BUFFER_BYTES: usize = 32 << 10;

fn buffer(source: &TestSource) -> BufferSource {
    let start: NonNull<u8> = source.buffer(BUFFER_BYTES);
    // SAFETY: the kit keeps the buffer until the allocator is gone.
    unsafe { BufferSource::from_raw_parts(start, BUFFER_BYTES) }
}

/// Chunks begin at multiples of the largest alignment that the kit asks for, so that a program finds
/// the same when it runs a second time.
fn arena() -> ArenaSource {
    let chunk = Layout::from_size_align(64 << 10, 64 << 10).expect("a layout");
    ArenaSource::new(chunk, 20, SystemSource).expect("memory")
}

/// A source by its name, and whether it refuses calls that the kit does not know of. Then the kit cannot
/// tell whether the reason of a failure is true (A7), and looks at all other rules.
type Kind = (&'static str, bool, fn(TestSource) -> Any);

/// Its first region is misaligned, so no member of one region can be made.
const FAILS: &str = "a buffer that fails at times";

const SOURCES: [Kind; 8] = [
    ("the kit's", false, |source| Box::new(source)),
    ("the kit's, counted", false, |source| Box::new(CountingSource::new(source))),
    ("the kit's, with a limit that nobody reaches", false, |source| {
        Box::new(LimitedSource::new(source, isize::MAX.cast_unsigned()))
    }),
    ("the kit's, with a limit that some reach", true, |source| {
        Box::new(LimitedSource::new(source, 40_000))
    }),
    ("a buffer, and the kit's behind it", false, |source| {
        Box::new(FallbackSource::new(buffer(&source), source))
    }),
    (FAILS, true, |source| {
        Box::new(FailingSource::new(buffer(&source)).misalign_at(0).refuse_at(3))
    }),
    ("a buffer", true, |source| Box::new(buffer(&source))),
    ("an arena", true, |_| Box::new(arena())),
];

/// Holds each member to the contract on each source.
fn every_pair(programs: u64) {
    for (name, refuses, on) in SOURCES {
        let check = Pair { name, refuses, programs };
        each_general_member!(500, |member, make| check
            .general(member, move |source| make(on(source))));
        each_wrapper!(500, |member, make| check.general(member, move |source| make(on(source))));
        let layout = Layout::from_size_align(72, 8).expect("a layout");
        let blocks = move |source| Blocks::with_first_chunk(layout, on(source), 4).expect("blocks");
        check.one("Blocks", Conformance::new(blocks).reset().up_to(72, 8));
        check.general("Checked, a stack", move |source| {
            Checked::new(Stack::with_first_chunk(on(source), 500))
        });
        if name != FAILS {
            each_member_of_one_region!(64, 10_000, |member, make| {
                check.of_one_region(member, move |source| make(on(source)));
            });
        }
    }
}

/// The checks on one source.
struct Pair {
    name: &'static str,
    refuses: bool,
    programs: u64,
}

impl Pair {
    fn general<A: Reset>(&self, member: &str, make: impl Fn(TestSource) -> A) {
        self.one(member, Conformance::new(make).reset());
    }

    fn of_one_region<A: Reset>(
        &self,
        member: &str,
        make: impl Fn(TestSource) -> Result<A, BuildError>,
    ) {
        self.one(member, Conformance::new(on_a_region(make)).reset().up_to(2500, 64));
    }

    fn one<A: Allocator>(&self, member: &str, check: Conformance<'_, A>) {
        let check = check.programs(self.programs);
        let check = if self.refuses { check.without_reasons() } else { check };
        if let Err(failure) = check.find() {
            panic!("{member} on {}: {failure}", self.name);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "the kit runs each member in `members`, with small blocks")]
fn members_keep_the_contract_on_every_source() {
    every_pair(100);
}

#[test]
#[ignore = "the same at length, for the deep tier: some minutes, optimised"]
fn members_keep_the_contract_on_every_source_at_length() {
    every_pair(10_000);
}
