//! What runs under Miri, and what does not, with the reasons.

/// How Miri judges pointers that alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    /// The integration tests of this run, and whether the unit tests are among them.
    pub(super) fn programs(self) -> (&'static [&'static str], bool) {
        match self {
            Self::Stacked => (STACKED, true),
            Self::Tree => (TREE, false),
        }
    }

    /// Tests that do not run.
    pub(super) fn left_out(self) -> impl Iterator<Item = &'static LeftOut> {
        let mine = match self {
            Self::Stacked => EPOCH_BY_NAME,
            Self::Tree => &[],
        };
        TOO_LONG.iter().chain(mine)
    }
}

/// A program or a test that does not run, and why.
pub(super) struct LeftOut {
    pub(super) name: &'static str,
    pub(super) why: &'static str,
}

const fn out(name: &'static str, why: &'static str) -> LeftOut {
    LeftOut { name, why }
}

/// Integration tests under Stacked Borrows.
const STACKED: &[&str] = &[
    "bad_input",
    "batches",
    "deferred",
    "deferred_ends",
    "exact",
    "known_bugs",
    "levels",
    "many",
    "misuse",
    "object_ends",
    "object_faults",
    "object_plays",
    "object_values",
    "objects",
    "plays",
    "pool",
    "processors",
    "shards",
    "stamped",
    "stats",
    "structures",
    "thread_local",
];

/// Integration tests that run for `EpochDeferred` under Tree Borrows.
const TREE: &[&str] = &["deferred", "deferred_ends", "known_bugs", "pool"];

/// Integration tests that do not run at all.
pub(super) const PROGRAMS_LEFT_OUT: &[LeftOut] = &[
    out("bounds", "it runs the compiler"),
    out("frees", "it counts what 80,000 frees ask of the allocator: no pointer that others lack"),
    out("hard", "it forks, and has eight threads for each core"),
    out("heap", "it counts heap memory, which Miri's own leak check does in every other test"),
    out("numa_nodes", "it reads files, and nothing of the library"),
    out("signals", "a timer sends its signals"),
];

/// Tests that take too long under either model.
const TOO_LONG: &[LeftOut] = &[];

/// Tests that build `EpochDeferred` whatever the run is.
const EPOCH_BY_NAME: &[LeftOut] = &[];

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
        let rust = files.filter(|file| file.extension().is_some_and(|ending| ending == "rs"));
        let name =
            |file: &Path| file.file_stem().expect("a name").to_str().expect("text").to_owned();
        rust.map(|file| (name(&file), fs::read_to_string(&file).expect("a file"))).collect()
    }

    #[test]
    fn every_integration_test_runs_or_is_left_out_for_a_reason() {
        let planned = PROGRAMS_LEFT_OUT.iter().map(|out| out.name).chain(STACKED.iter().copied());
        let there: BTreeSet<String> = files().into_iter().map(|(name, _)| name).collect();
        assert_eq!(planned.map(String::from).collect::<BTreeSet<_>>(), there);
        assert!(TREE.iter().all(|name| STACKED.contains(name)));
    }

    #[test]
    fn what_is_left_out_exists_once() {
        let all: String = files().into_iter().map(|(_, text)| text).collect();
        for LeftOut { name, why } in Borrows::Stacked.left_out() {
            assert_eq!(all.matches(&format!("fn {name}(")).count(), 1, "{name}");
            assert!(!why.is_empty());
        }
    }
}
