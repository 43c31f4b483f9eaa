//! The layers, and who may import whom.

use super::finding::Finding;
use super::paths::Mention;

/// A layer is a folder of `src`, or a file in it.
pub(super) struct Layer {
    name: &'static str,
    /// What is above it in the table, and not for it.
    may_not_import: &'static [&'static str],
}

const fn layer(name: &'static str, may_not_import: &'static [&'static str]) -> Layer {
    Layer { name, may_not_import }
}

/// From the bottom: each may import those above it in this table, but for what it names.
pub(super) const LAYERS: &[Layer] = &[
    layer("sync", &[]),
    layer("error", &["sync"]),
    layer("threads", &["error"]),
    layer("block", &["threads"]),
    layer("source", &["threads"]),
    layer("chunk", &["threads"]),
    layer("free_list", &["threads"]),
    layer("mediator", &["threads"]),
    layer("thread_cache", &[]),
    layer("checking", &["error", "threads", "free_list", "mediator"]),
    layer("pool", &[]),
    layer("alloc", &["mediator", "thread_cache"]),
    layer("adapt", &["mediator", "thread_cache"]),
    layer("general", &["checking", "pool", "adapt"]),
];

/// Not layers: the root and `raw`, which name all of them, and the chapters, which have no code.
const FREE: [&str; 3] = ["lib", "raw", "docs"];

/// The layer of a file in `src`.
pub(crate) fn layer_of(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    inside.split_once('/').map_or(inside.trim_end_matches(".rs"), |(folder, _)| folder)
}

/// Imports of `path` that do not point down.
pub(super) fn check(path: &str, mentions: &[Mention]) -> Vec<Finding> {
    let name = layer_of(path);
    let finding = |line, what| Finding { path: path.into(), line, what };
    if FREE.contains(&name) {
        return Vec::new();
    }
    let Some(height) = LAYERS.iter().position(|layer| layer.name == name) else {
        return vec![finding(1, format!("`{name}` is not in the table of layers"))];
    };
    let may_import = |target: &str| {
        let is_below = LAYERS[..height].iter().any(|layer| layer.name == target);
        is_below && !LAYERS[height].may_not_import.contains(&target)
    };
    let wrong = |mention: &Mention| {
        let target = target(mention, depth(path) + mention.inline)?;
        // A unit test is a harness, and the list of the strategies is for harnesses.
        let is_list = mention.in_test && target == "raw";
        if target == name || is_list || may_import(target) {
            return None;
        }
        let what = if LAYERS.iter().any(|layer| layer.name == target) {
            format!("`{name}` may not import `{target}`")
        } else {
            format!("`{}` goes by the crate's root: name the layer", mention.path.join("::"))
        };
        Some(finding(mention.line, what))
    };
    mentions.iter().filter_map(wrong).collect()
}

/// How many `super` lead from a file's module to the crate's root.
fn depth(path: &str) -> usize {
    let parts = path.split('/').count() - 1;
    if path.ends_with("/mod.rs") { parts - 1 } else { parts }
}

/// What a path names in the crate's root, if it begins there.
fn target(mention: &Mention, depth: usize) -> Option<&str> {
    let path = &mention.path;
    let supers = path.iter().take_while(|segment| *segment == "super").count();
    let at = match (path[0].as_str(), supers) {
        ("crate", _) => 1,
        (_, supers) if supers > 0 && supers == depth => supers,
        _ => return None,
    };
    path.get(at).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::super::paths::mentions;
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(path, &mentions(text).unwrap()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn exceptions_name_what_is_below() {
        for (height, layer) in LAYERS.iter().enumerate() {
            for except in layer.may_not_import {
                assert!(LAYERS[..height].iter().any(|other| other.name == *except), "{except}");
            }
        }
    }

    #[test]
    fn an_import_upwards_is_found() {
        let up = findings("src/chunk/carver.rs", "use crate::block::B;\nuse crate::{pool::Pool};");
        assert_eq!(up, ["src/chunk/carver.rs:2: `chunk` may not import `pool`"]);
        assert_eq!(findings("src/chunk/carver.rs", "fn f() { crate::mediator::g() }").len(), 1);
        assert_eq!(
            findings("src/sync/mod.rs", "macro_rules! m { () => { $crate::block::B } }").len(),
            1
        );
    }

    #[test]
    fn the_long_way_up_is_found() {
        assert_eq!(findings("src/chunk/carver.rs", "use super::super::pool::Pool;").len(), 1);
        assert_eq!(findings("src/chunk/mod.rs", "use super::pool::Pool;").len(), 1);
        assert_eq!(
            findings("src/chunk/mod.rs", "mod m { use super::super::pool::Pool; }").len(),
            1
        );
        assert!(findings("src/chunk/mod.rs", "mod m { use super::Carver; }").is_empty());
        assert!(findings("src/error.rs", "mod tests { use super::*; }").is_empty());
    }

    #[test]
    fn the_root_is_no_way_around() {
        let root = findings("src/chunk/mod.rs", "use crate::Pool;");
        assert_eq!(
            root,
            ["src/chunk/mod.rs:1: `crate::Pool` goes by the crate's root: name the layer"]
        );
        assert_eq!(findings("src/chunk/mod.rs", "use crate::*;").len(), 1);
    }

    #[test]
    fn what_points_down_or_sideways_is_fine() {
        assert!(
            findings("src/pool/shared.rs", "use crate::sync::Arc; pub(crate) fn f() {}").is_empty()
        );
        assert!(
            findings("src/pool/shared.rs", "use super::Stats; use crate::pool::Stats;").is_empty()
        );
        assert!(findings("src/lib.rs", "pub use crate::pool::Pool;").is_empty());
    }

    #[test]
    fn a_unit_test_alone_may_name_the_list_of_the_strategies() {
        let text = "mod tests { fn all() { crate::raw::each_strategy!(S => f::<S>()); } }";
        assert_eq!(findings("src/pool/watch.rs", text).len(), 1);
        assert!(findings("src/pool/watch.rs", &format!("#[cfg(test)]\n{text}")).is_empty());
    }

    #[test]
    fn an_unknown_folder_is_found() {
        assert_eq!(findings("src/extra/mod.rs", "").len(), 1);
    }
}
