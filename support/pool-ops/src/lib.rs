//! Decodes bytes to a program of pool operations, and runs it against a plain reference.
//!
//! A program has one thread and up to three handles of one pool at a time. A fuzzer writes bytes,
//! and a [`Program`] is what they mean as operations. [`follow`] checks every promise of the pool
//! after each operation: blocks are aligned and overlap no live block, their content stays as their
//! owner wrote it, nothing is lost, capacity and memory bound are kept, an allocation fails only
//! for a reason, and a free never fails.
//!
//! The fuzzer itself is in `fuzz/`, outside of the workspace, because it needs a nightly toolchain:
//! `cargo xtask fuzz-pool`. `cargo test` runs programs too, from the corpus and from random bytes,
//! and reduces a failing one. `cargo run -p pool-ops -- HEX` runs a program again.
//!
//! | module | for |
//! |---|---|
//! | [`program`] | what a program is, and how bytes become one |
//! | [`mod@reference`] | what must be true after each operation |
//! | [`run`] | does the operations |

pub mod program;
pub mod reference;
pub mod run;

pub use program::{Op, Program, Strategy};
pub use run::{Done, Violation, follow, follow_bytes, follow_bytes_tidily};
