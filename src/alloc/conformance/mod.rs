//! The conformance kit: random programs that hold any allocator to the contract A1 to A7.
//!
//! One line checks an allocator:
//!
//! ```
//! use stampool::alloc::conformance::Conformance;
//! use stampool::alloc::Linear;
//!
//! Conformance::new(Linear::new).owner().reset().programs(100).check();
//! ```
//!
//! The kit generates programs of calls, runs each against the allocator and against a shadow map of
//! the blocks that should be live, and holds every answer against the rules in the
//! [contract](super#the-contract). The allocator gets its memory from a [`TestSource`], which
//! refuses some calls and returns misaligned regions in some, as the program says. A program that
//! fails is reduced to few and simple steps that still break the same rule, and the panic shows these
//! steps, the rule, and the seed.
//!
//! The kit calls from one thread only, so it finds no data race of an allocator that several
//! threads share: a model checker finds those, or a stress test with a sanitizer. If the allocator
//! panics, the program's panic hook prints each panic of each attempt to reduce; the failure at the
//! end has the words of the last one.
//!
//! For A4 the kit runs a program twice, with other sizes passed back, and compares the answers. If one and
//! the same program gets other answers when it runs again, as it may where the memory lies elsewhere in
//! each run, the kit does not judge A4 by that program.
//!
//! An allocator with a source of its own ignores the test source; the kit then sees less, as
//! [`without_reasons`](Conformance::without_reasons) says. One that needs a buffer and no source takes
//! [`TestSource::buffer`], all of which counts as obtained. An allocator behind another trait
//! needs one of the adaptors of this crate, or an `impl Allocator` of a few lines.
//!
//! The kit has its own generator of programs, of a hundred lines, and depends on no other crate. So
//! it costs a program that does not use it nothing, and it fits beside every version of proptest or
//! none.

mod ground;
mod member;
mod program;
mod random;
mod rules;
mod run;
mod shadow;
mod shrink;
mod source;
mod subject;
mod violation;
mod words;

pub use member::Conformance;
pub use program::{Fit, Program, SourcePlan, Step};
pub use source::TestSource;
pub use violation::{Clause, Failure, Violation};
