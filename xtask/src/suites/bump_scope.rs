//! bump-scope's fuzz programs, and its tests of `Allocator`.

use super::suite::Edit::{Cut, Replace};
use super::suite::{Edit, File, LeftOut, Repository, Suite};

/// Tests and programs name the member where they name bump-scope's type.
const NAMED: Edit = Replace("use bump_scope::", "use suites::bump_scope::");

const DOWN: &str = "expects the marks of an allocator that bumps downwards";
const STEPS: &str = "expects marks at every byte, and these count in steps of 16";
const IN_STEPS: &[&str] = &["Stack", "GoodFit", "BestFit", "SignPost"];

pub(super) const BUMP_SCOPE: Suite = Suite {
    name: "bump-scope",
    repository: Some(Repository {
        commit: "f90ff2695ba721dd34694f0443be404ac6892b16",
        skip: "bump-scope's suite",
    }),
    edition: "2024",
    dependencies: "arbitrary = { version = \"1.3.2\", features = [\"derive\"] }\nlog = \"0.4\"\n\
                   rangemap = \"1.7\"\nzerocopy = { version = \"0.8\", features = [\"derive\"] }\n",
    files: &[
        File {
            from: "crates/fuzzing-support/src/lib.rs",
            to: "src/lib.rs",
            edits: &[
                Replace("#![feature(pointer_is_aligned_to)]", ""),
                Replace("pub use bump_scope;", "pub use suites::bump_scope;"),
                Replace("    bump_scope::Bump<", "    suites::bump_scope::Bump<"),
                NAMED,
                // Copies of bump-scope's own sums of addresses, which no member has.
                Replace("pub mod bump_down;", ""),
                Replace("pub mod bump_up;", ""),
                Replace("pub mod bump_prepare_down;", ""),
                Replace("pub mod bump_prepare_up;", ""),
                Replace("pub mod chunk_size;", ""),
            ],
        },
        File {
            from: "crates/fuzzing-support/src/allocator_api.rs",
            to: "src/allocator_api.rs",
            edits: &[NAMED, Replace(".is_aligned_to(", ".addr().get().is_multiple_of(")],
        },
        File {
            from: "crates/fuzzing-support/src/alloc_static_layout.rs",
            to: "src/alloc_static_layout.rs",
            edits: &[NAMED],
        },
        File {
            from: "crates/fuzzing-support/src/bump_vec.rs",
            to: "src/bump_vec.rs",
            edits: &[NAMED],
        },
        // What `from_bump_scope` of the crate links to: the sums that its head names.
        File {
            from: "crates/fuzzing-support/src/from_bump_scope.rs",
            to: "src/from_bump_scope.rs",
            edits: &[],
        },
        File { from: "src/bumping.rs", to: "src/from_bump_scope/bumping.rs", edits: &[] },
        File {
            from: "src/chunk/size_config.rs",
            to: "src/from_bump_scope/chunk_size_config.rs",
            edits: &[],
        },
        File {
            from: "tests/allocator_api.rs",
            to: "tests/allocator_api.rs",
            edits: &[
                Replace("#![cfg(all(feature = \"std\", feature = \"panic-on-alloc\"))]", ""),
                NAMED,
                Replace("traits::{BumpAllocatorCore, BumpAllocatorTyped},", ""),
                Replace(
                    "common::{ChunkHeader, DisaligningAllocator}",
                    "common::DisaligningAllocator",
                ),
                // Which of bump-scope's many calls return a dangling pointer for no bytes.
                Cut("  allocate_zst_returns_dangling\n", "  grow\n"),
                Cut("fn allocate_zst_returns_dangling<", "fn grow<"),
                // How much bump-scope counts of a chunk that is full.
                Cut(
                    "        assert_eq!(\n            bump.stats().allocated(),\n            bump",
                    "        assert_eq!(new_ptr",
                ),
                // Where the last block lies in a chunk whose header is bump-scope's.
                Cut(
                    "        dbg!(&bump);\n",
                    "        assert_eq!(new_ptr.cast::<u8>().addr().get() % 1024",
                ),
            ],
        },
        File {
            from: "tests/common/disaligning_allocator.rs",
            to: "tests/common/disaligning_allocator.rs",
            edits: &[NAMED],
        },
    ],
    own: &[
        (
            "tests/common/mod.rs",
            "mod disaligning_allocator;\npub(crate) use disaligning_allocator::DisaligningAllocator;\n",
        ),
        (
            "tests/programs.rs",
            "use suite_bump_scope::{alloc_static_layout, allocator_api, bump_vec};

const PROGRAMS: u64 = {programs};

fn ran(programs: u64) {
    assert!(programs > PROGRAMS / 4, \"{programs} of {PROGRAMS} byte strings made a program\");
}

#[test]
fn allocator_api() {
    ran(suites::fuzz::run(PROGRAMS, |program: allocator_api::Fuzz| program.run()));
}

#[test]
fn alloc_static_layout() {
    ran(suites::fuzz::run(PROGRAMS, |program: alloc_static_layout::Fuzz| program.run()));
}

#[test]
fn bump_vec() {
    ran(suites::fuzz::run(PROGRAMS, |program: bump_vec::Fuzz| program.run()));
}
",
        ),
    ],
    least: 5,
    left_out: &[
        LeftOut { test: "grow::down", members: &[], why: DOWN },
        LeftOut { test: "shrink::down", members: &[], why: DOWN },
        LeftOut { test: "grow::up", members: IN_STEPS, why: STEPS },
        LeftOut { test: "shrink::up", members: IN_STEPS, why: STEPS },
    ],
};
