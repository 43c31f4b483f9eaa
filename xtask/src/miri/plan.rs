//! What runs under Miri, and what does not, with the reasons.

/// How Miri judges pointers that alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Borrows {
    /// The stricter model, for all strategies but `EpochDeferred`.
    Stacked,
    /// For `EpochDeferred`: crossbeam-epoch itself breaks the rules of the stricter one.
    Tree,
}

impl Borrows {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Stacked => "stacked",
            Self::Tree => "tree",
        }
    }

    /// The programs of this run: [`UNIT_TESTS`] and integration tests.
    pub(super) fn programs(self, depth: Depth) -> Vec<&'static str> {
        match (self, depth) {
            (Self::Stacked, Depth::Quick) => [&[UNIT_TESTS], QUICK].concat(),
            (Self::Stacked, Depth::Whole) => [&[UNIT_TESTS], QUICK, DEEP].concat(),
            (Self::Stacked, Depth::OtherTarget) => [&[UNIT_TESTS], ELSEWHERE].concat(),
            (Self::Tree, Depth::OtherTarget) => vec!["known_bugs"],
            (Self::Tree, _) => TREE.to_vec(),
        }
    }

    /// Whether a program runs under each seed, and not under the first one alone.
    pub(super) fn every_seed(self, program: &str) -> bool {
        match self {
            Self::Stacked => !ONE_THREAD.contains(&program) && !DEEP.contains(&program),
            Self::Tree => true,
        }
    }

    /// Tests that do not run.
    pub(super) fn left_out(self, depth: Depth) -> impl Iterator<Item = &'static LeftOut> {
        let by_name = if self == Self::Stacked { EPOCH_BY_NAME } else { &[] };
        let too_long = if depth == Depth::Whole { &[] } else { TOO_LONG };
        NEVER.iter().chain(by_name).chain(too_long)
    }
}

/// How many tests run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Those of each run of CI.
    Quick,
    /// All.
    Whole,
    /// Those that a word of another width or another order, or another compare-exchange, may break.
    OtherTarget,
}

/// A program or a test that does not run, and why.
pub(super) struct LeftOut {
    pub(super) name: &'static str,
    pub(super) why: &'static str,
}

const fn out(name: &'static str, why: &'static str) -> LeftOut {
    LeftOut { name, why }
}

/// The name of the library's unit tests among the programs.
pub(super) const UNIT_TESTS: &str = "lib";

/// Integration tests under Stacked Borrows, in the quick run too.
const QUICK: &[&str] =
    &["bad_input", "exact", "known_bugs", "lent_values", "object_values", "processors"];

/// Those of [`QUICK`] that start no thread. Another seed gives them other addresses, and no other
/// order of steps, so the quick run takes one seed for them.
const ONE_THREAD: &[&str] = &["bad_input", "object_values", "processors"];

/// Integration tests under Stacked Borrows, in the deep run alone, under one seed: they take long.
const DEEP: &[&str] = &[
    "adapt",
    "adaptive",
    "after_a_shrink",
    "alloc",
    "batches",
    "behind_the_allocator",
    "deferred",
    "deferred_ends",
    "callers",
    "capacity",
    "checking",
    "in_place",
    "many",
    "object_ends",
    "object_faults",
    "object_plays",
    "objects",
    "panics",
    "plays",
    "pool",
    "shards",
    "shrink",
    "stamped",
    "statics",
    "stats",
    "structures",
    "tags",
    "thread_local",
    "thread_local_faults",
    "topology",
    "without_heap",
];

/// Integration tests under Stacked Borrows for other targets.
const ELSEWHERE: &[&str] = &[
    "bad_input",
    "exact",
    "known_bugs",
    "object_values",
    "pool",
    "processors",
    "shrink",
    "stamped",
    "structures",
    "tags",
];

/// Integration tests that run for `EpochDeferred` under Tree Borrows, in the deep run alone.
const TREE: &[&str] = &["deferred", "deferred_ends", "known_bugs", "pool", "thread_local"];

/// Integration tests that do not run at all.
pub(super) const PROGRAMS_LEFT_OUT: &[LeftOut] = &[
    out("bounds", "it runs the compiler"),
    out("builder_edges", "it builds a thousand pools, which is long here and adds no pointer"),
    out("edges", "it leaves a pool's memory on purpose, and has no pointer that others lack"),
    out("frees", "it counts what 80,000 frees ask of the allocator: no pointer that others lack"),
    out("general", "it maps memory by system calls that Miri does not know, and forks"),
    out("general_called", "it maps memory by system calls that Miri does not know"),
    out("global", "a buffer of 64 MiB as the program's allocator, which keeps it"),
    out("hard", "it forks, and has eight threads for each core"),
    out("heap", "it counts heap memory, which Miri's own leak check does in every other test"),
    out("misuse", "it runs itself as another process"),
    out("numa_nodes", "it reads files, and nothing of the library"),
    out("os", "it maps memory by system calls that Miri does not know"),
    out("signals", "it sends signals"),
    out("undrained", "its pools leave their memory on purpose, and a test of it is ignored here"),
];

const LEAK: &str = "what it forgets stays for good: a leak";

/// Tests that run under neither model.
const NEVER: &[LeftOut] = &[
    out("a_child_of_a_sealed_pool_waits_for_no_lock", "it forks"),
    out("a_pool_that_kept_its_memory_never_touches_it_again", LEAK),
    out("a_pool_with_live_objects_keeps_quiet_while_its_thread_unwinds", LEAK),
    out("a_popper_that_sleeps_through_all_tags_takes_nothing_twice", LEAK),
    out("a_pool_with_live_objects_panics_if_that_is_the_policy", LEAK),
    out("forgotten_handles_lose_their_own_block_alone", LEAK),
    out("without_a_limbo_every_exchange_goes_through_the_lock", "it counts a thousand exchanges"),
];

/// Tests that build `EpochDeferred` whatever the run is.
const EPOCH_BY_NAME: &[LeftOut] = &[
    out("a_thread_outlives_an_epoch_pool_that_it_has_used", BUILDS_EPOCH),
    out("a_census_counts_no_overflow", BUILDS_EPOCH),
    out("a_limbo_above_the_limit_is_refused_and_the_largest_is_not", BUILDS_EPOCH),
    out("a_slot_that_does_not_fit_leaves_the_pool_as_it_was", BUILDS_EPOCH),
    out("a_sleeper_in_epoch_deferred_stops_nobody", BUILDS_EPOCH),
    out("leavers_that_nobody_holds_up_count_no_overflow", BUILDS_EPOCH),
];

const BUILDS_EPOCH: &str = "it builds EpochDeferred; runs under Tree Borrows";

/// Tests that take too long for the quick run.
const TOO_LONG: &[LeftOut] = &[
    out("alloc::free_ranges::tests", LONG),
    out("alloc::sign_post::tests", LONG),
    out("pool::local::tests", LONG),
    out("sync::serial::tests", LONG),
    out("a_partial_batch_is_read_to_its_length", LONG),
    out("a_release_does_not_race_the_next_user", LONG),
    out("an_element_is_not_dropped_twice_by_deferred_reclamation", LONG),
    out("last_drop_with_a_batch_in_flight", LONG),
    out("nobody_is_refused_while_a_block_is_free", LONG),
    out("popped_twice_or_lost_in_a_batch_steal", LONG),
    out("a_buffer_that_is_too_small_is_an_error_at_every_length", LONG),
    out("a_source_that_fails_at_the_nth_call_loses_nothing", LONG),
    out("a_source_that_panics_leaves_the_pool_as_it_was", LONG),
    out("absurd_sizes_are_refused_or_run_out_of_memory", LONG),
    out("a_sealed_pool_leaves_its_source_alone", LONG),
    out("every_alignment_up_to_64_kib_with_every_kind_of_size", LONG),
    out("memory_goes_back_with_the_layout_that_it_came_with", LONG),
    out("every_alignment_is_kept", LONG),
];

const LONG: &str = "it takes long; the deep run has it";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn files() -> Vec<(String, String)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests");
        let files =
            fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
        let name =
            |file: &Path| file.file_stem().expect("a name").to_str().expect("text").to_owned();
        // A program is a file, or a folder with a `main.rs`.
        let program = |file: std::path::PathBuf| {
            let is_rust = file.extension().is_some_and(|ending| ending == "rs");
            let text = if is_rust { file.clone() } else { file.join("main.rs") };
            Some((name(&file), fs::read_to_string(text).ok()?))
        };
        files.filter_map(program).collect()
    }

    #[test]
    fn every_integration_test_runs_or_is_left_out_for_a_reason() {
        let planned =
            PROGRAMS_LEFT_OUT.iter().map(|out| out.name).chain(QUICK.iter().chain(DEEP).copied());
        let there: BTreeSet<String> = files().into_iter().map(|(name, _)| name).collect();
        assert_eq!(planned.map(String::from).collect::<BTreeSet<_>>(), there);
        let known = |name| QUICK.contains(name) || DEEP.contains(name);
        assert!(TREE.iter().chain(ELSEWHERE).all(known));
    }

    #[test]
    fn what_the_quick_run_has_under_one_seed_starts_no_thread() {
        let files = files();
        for program in ONE_THREAD {
            let (_, text) = files.iter().find(|(name, _)| name == program).expect("a program");
            assert!(!text.contains("thread::"), "{program}");
            assert!(QUICK.contains(program) && !Borrows::Stacked.every_seed(program), "{program}");
        }
        assert!(["lib", "exact", "known_bugs"].iter().all(|one| Borrows::Stacked.every_seed(one)));
    }

    #[test]
    fn what_is_left_out_exists() {
        let all: String = files().into_iter().map(|(_, text)| text).collect();
        for LeftOut { name, why } in Borrows::Stacked.left_out(Depth::Quick) {
            // Unit tests go by their module.
            let exists = match name.strip_suffix("::tests") {
                Some(module) => {
                    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src");
                    let module = folder.join(module.replace("::", "/"));
                    // In the module's file, or in a file of their own beside it.
                    module.join("tests.rs").exists()
                        || fs::read_to_string(module.with_extension("rs"))
                            .expect("a file")
                            .contains("mod tests {")
                }
                None => all.contains(&format!("fn {name}(")),
            };
            assert!(exists, "{name}");
            assert!(!why.is_empty());
        }
    }
}
