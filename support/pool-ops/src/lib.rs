//! Bytes to a program of pool operations, run against a plain reference.
//!
//! One thread, up to three handles of one pool at a time. What a fuzzer writes in bytes, a
//! [`Program`] says in operations, and [`follow`] holds every promise of the pool against each of
//! them: blocks are aligned and overlap nothing that is live, what their owner wrote into them
//! stays, nothing is lost, capacity and memory bound are kept, an allocation fails only for a
//! reason, and a free never does.
//!
//! The fuzzer itself is in `fuzz/`, outside of the workspace, since it needs a nightly toolchain:
//! `cargo xtask fuzz-ops`. The same programs run in `cargo test`, over the corpus and over random
//! bytes, where they shrink. A program that fails is run again by `cargo run -p pool-ops -- HEX`.
//!
//! | module | for |
//! |---|---|
//! | [`program`] | what a program is, and how bytes become one |
//! | [`mod@reference`] | what must be true after each operation |
//! | [`run`] | does the operations |

pub mod program;
pub mod reference;
pub mod run;
pub mod source;

pub use program::{Op, Program, Strategy};
pub use run::{Done, Violation, follow, follow_bytes, follow_bytes_tidily};
