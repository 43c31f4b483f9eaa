//! bumpalo's property tests, and those of its `Allocator`.

use super::suite::Edit::Replace;
use super::suite::{File, LeftOut, Repository, Suite};

pub(super) const BUMPALO: Suite = Suite {
    name: "bumpalo",
    repository: Some(Repository {
        commit: "0db6ccbbc25f4159b53e091ea77bf827fe2e2cc7",
        skip: "bumpalo's suite",
    }),
    edition: "2021",
    dependencies: "mutatis = { version = \"0.5.3\", features = [\"check\", \"derive\"] }\n",
    files: &[
        File {
            from: "tests/all/check.rs",
            to: "src/check.rs",
            edits: &[Replace("const ITERS: usize = 12000;", "const ITERS: usize = {programs};")],
        },
        File {
            from: "tests/all/quickchecks.rs",
            to: "src/quickchecks.rs",
            edits: &[Replace("use bumpalo::Bump;", "use suites::bumpalo::Bump;")],
        },
        File {
            from: "tests/all/allocator_api.rs",
            to: "src/allocator_api.rs",
            edits: &[
                Replace("#![cfg(feature = \"allocator_api\")]", ""),
                Replace("use bumpalo::Bump;", "use suites::bumpalo::Bump;"),
                Replace("use std::alloc::{AllocError,", "use suites::api::alloc::{AllocError,"),
                Replace("Vec::with_capacity_in(", "suites::api::vec::Vec::with_capacity_in("),
            ],
        },
    ],
    own: &[(
        "src/lib.rs",
        "#[cfg(test)]\nmod allocator_api;\n#[cfg(test)]\nmod check;\n#[cfg(test)]\nmod quickchecks;\n",
    )],
    least: 18,
    left_out: &[
        LeftOut {
            test: "allocator_api::allocator_shrink_align_change",
            members: &[],
            why: "goes on with the old address and layout of a block that `shrink` has moved, unless \
                  the shrink failed, as bumpalo's does (member Checked<Linear> reports that)",
        },
        LeftOut {
            test: "quickchecks::alloc_strs",
            members: &["overlapping"],
            why: "prints a text that is none, which ends the process before the other tests",
        },
    ],
};
