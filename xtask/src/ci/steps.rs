//! The steps of `cargo xtask ci`.

use super::step::{Program, Step};
use super::stress::stress;

/// All steps, the quick ones first.
pub(super) fn steps(deep: bool) -> Vec<Step> {
    use Program::{Cargo, Xtask};
    let mut steps = vec![
        Step::new("format", "rustfmt, all crates", Cargo, "fmt --all --check"),
        Step::new(
            "layers",
            "layers, backends, circles, file lengths, ordering tags",
            Xtask,
            "layers",
        ),
        Step::new(
            "clippy",
            "all targets, warnings are errors",
            Cargo,
            "clippy --workspace --all-targets --features stampool/general --quiet -- -D warnings",
        ),
        Step::new(
            "clippy, sanitizers",
            "the program that only the sanitizers run",
            Cargo,
            "clippy --quiet --features sanitizers --example touch_freed -- -D warnings",
        ),
        Step::new("tests", "unit, integration and doc tests", Cargo, "test --workspace --quiet"),
        Step::new(
            "tests, pools alone",
            "the pools without the allocator family",
            Cargo,
            "test --quiet --no-default-features --features std --lib --test pool",
        ),
        Step::new(
            "tests, adaptors",
            "containers of other crates on the members",
            Cargo,
            "test --quiet --features allocator-api2-02,allocator-api2-04 --test adapt",
        ),
        Step::new(
            "clippy, examples",
            "the examples with containers of other crates",
            Cargo,
            "clippy --quiet --features allocator-api2-02 --examples -- -D warnings",
        ),
        Step::new(
            "examples",
            "a game loop, a parser and a server on the members: each checks its own claims",
            Cargo,
            "test --quiet --features allocator-api2-02,allocator-api2-04 --example frames --example parse_in_scopes --example requests --example mvcc_store",
        ),
        Step::new(
            "tests, mapped memory",
            "sources on the system's mappings, and the general allocator under a whole program",
            Cargo,
            "test --quiet --features general --lib --test os --test general --test general_called",
        ),
        Step::new(
            "tests, release",
            "the tests of known bugs without overflow checks, as shipped",
            Cargo,
            "test --quiet --release --test known_bugs",
        ),
        Step::new(
            "downstream",
            "stampool alone has at most 6 packages; it works beside loom 0.7.3, and without std; projects that check their own stacks pass, and find their kept faults; all can be packaged",
            Xtask,
            "downstream",
        ),
        Step {
            settings: &[("RUSTDOCFLAGS", "-D warnings")],
            ..Step::new(
                "docs",
                "rustdoc, private items too, warnings are errors",
                Cargo,
                "doc --workspace --features stampool/general --no-deps --document-private-items --quiet",
            )
        },
    ];
    steps.push(if deep {
        Step::new(
            "miri",
            "all tests under Miri; the quick ones with four seeds; a part for i686, aarch64, s390x",
            Xtask,
            "miri --deep",
        )
    } else {
        Step::new(
            "miri",
            "the library's tests under Miri, four seeds, one without threads",
            Xtask,
            "miri",
        )
    });
    steps.push(if deep {
        Step::new(
            "checks",
            "model checks, every tier, deep ones for 5 minutes each",
            Xtask,
            "checks --deep --deep-limit 300",
        )
    } else {
        Step::new("checks", "model checks, all but the deep ones", Xtask, "checks")
    });
    steps.push(if deep {
        Step::new(
            "checks, one at a time",
            "a mutex around every operation: each exhaustive row of porf notices",
            Xtask,
            "checks --one-at-a-time --filter /porf/",
        )
    } else {
        Step::new(
            "checks, one at a time",
            "a mutex around every operation: some exhaustive rows of porf notice",
            Xtask,
            "checks --one-at-a-time --filter /list/pop_push/porf/",
        )
    });
    steps.extend([
        Step::new("litmus", "loom against known C11 outcomes", Xtask, "litmus"),
        if deep {
            Step::new(
                "porf, GenMC's counts",
                "the large programs too, 7,000 random ones, and the slow counts of the enumerator",
                Cargo,
                "test --quiet --release -p porf-tests -p rc11-reference --features porf-tests/many-threads -- --include-ignored",
            )
        } else {
            Step::new(
                "porf, GenMC's counts",
                "programs of more than six threads explore as many executions as GenMC keeps",
                Cargo,
                "test --quiet --release -p porf-tests --features many-threads --test genmc",
            )
        },
        if deep {
            Step::new(
                "porf, random programs",
                "every execution of 100,000 programs of 2 and 3 threads, against brute force",
                Cargo,
                "run --quiet --release -p porf-tests -- --programs 50000 --seed 7 --threads 2,3",
            )
        } else {
            Step::new(
                "porf, random programs",
                "every execution of 1,000 programs of 2 and 3 threads, against brute force",
                Cargo,
                "run --quiet --release -p porf-tests -- --programs 500 --seed 7 --threads 2,3",
            )
        },
        Step::new(
            "fuzz-loom",
            "loom against shuttle: 300 programs of 2x2, 300 of 2x3, 100 of 3x2",
            Xtask,
            "fuzz-loom --programs 300 300 100",
        ),
    ]);
    steps.push(if deep {
        Step::new(
            "steered",
            "six mutants found, reduced and run again, 10 runs each; nothing in the pool",
            Xtask,
            "steered --check --runs 10",
        )
    } else {
        Step::new(
            "steered",
            "six mutants found, reduced and run again; nothing in the pool",
            Xtask,
            "steered --check",
        )
    });
    steps.extend(stress(deep));
    steps.extend([
        Step::new("hit-path", "no atomic and no call, as compiled", Xtask, "hit-path"),
        Step::new(
            "instructions",
            "hits, exchange and carve take no more than was kept, where valgrind is there",
            Xtask,
            "instructions",
        ),
        Step::new(
            "family",
            "instructions of the allocator family beside its peers', where valgrind is there",
            Xtask,
            "family",
        ),
        Step::new("atomics", "none in a hit, and as many as kept elsewhere", Xtask, "atomics"),
        Step::new("compare", "the main job, quick", Xtask, "compare --quick"),
        // Its copy of the sources takes the place of the shipped ones in the model builds, so
        // nothing that needs those comes behind it.
        Step::new(
            "mutants",
            "each kept fault of the core, each ordering one step weaker, the twins: all must be killed",
            Xtask,
            if deep { "mutants" } else { "mutants --skip-argued" },
        ),
        Step::new(
            "mutants, porf",
            "the faults and orderings that a row sees, by porf's rows alone",
            Xtask,
            "mutants --porf --skip-argued",
        ),
        if deep {
            Step::new(
                "sanitize",
                "tsan and its mutant, asan, memcheck, as far as they are there, 60 s each",
                Xtask,
                "sanitize --seconds 60",
            )
        } else {
            Step::new(
                "sanitize",
                "every strategy x scenario under tsan, 2 and 4 threads, 12 s; its mutant is reported",
                Xtask,
                "sanitize --quick",
            )
        },
    ]);
    if deep {
        steps.extend([
            Step::new(
                "cross",
                "tests and stress for i686, aarch64 and riscv64, emulated",
                Xtask,
                "cross",
            ),
            Step::new(
                "fuzz-pool",
                "random programs of pool operations, libFuzzer, 120 s",
                Xtask,
                "fuzz-pool --seconds 120",
            ),
            Step::new(
                "conformance",
                "the conformance kit on other people's allocators: what is known of them, and no more",
                Cargo,
                "run --quiet --release -p conformance -- --programs 10000",
            ),
            Step {
                settings: &[("STAMPOOL_PROGRAMS", "1000000")],
                ..Step::new(
                    "conformance of the family",
                    "a million programs of the kit for each member",
                    Cargo,
                    "test --quiet --release -p stampool --test alloc members::",
                )
            },
            Step::new(
                "pairs",
                "every member of the family on every source, 10,000 programs each",
                Cargo,
                "test --quiet --release --test alloc -- pairs slab --include-ignored",
            ),
            Step::new(
                "fragment",
                "two heap traces on each general member and on peers, contents checked, bars held",
                Cargo,
                "run --quiet --release -p fragment -- --no-instructions stress/traces/sqlite.stpt.zst stress/traces/python-pipeline.stpt.zst",
            ),
            Step::new(
                "suites",
                "other allocators' own tests on the members, where their sources are there; hashbrown's and bytes' on a heap",
                Xtask,
                "suites",
            ),
            Step {
                settings: &[("STAMPOOL_CAPACITY_ROUNDS", "10000000")],
                ..Step::new(
                    "capacity",
                    "8 threads and 8 blocks: nobody is refused in 10 million rounds, and the ninth always",
                    Cargo,
                    "test --quiet --release --test capacity as_many_threads",
                )
            },
        ]);
    }
    steps
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_deep_leaves_nothing_out() {
        let names = |deep| steps(deep).iter().map(|step| step.name).collect::<Vec<_>>();
        let deep: BTreeSet<&str> = names(true).into_iter().collect();
        assert_eq!(deep.len(), names(true).len());
        assert!(names(false).iter().all(|name| deep.contains(name)));
    }

    #[test]
    fn a_command_can_be_pasted() {
        let commands: Vec<String> = steps(false).iter().map(Step::command).collect();
        assert!(commands.contains(&"cargo xtask fuzz-loom --programs 300 300 100".into()));
        assert!(commands.iter().any(|c| c.starts_with("RUSTDOCFLAGS='-D warnings' cargo doc")));
    }
}
