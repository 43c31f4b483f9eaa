//! Only `src/sync` names an atomic, a lock, a cell, a thread or a checker.
//!
//! Clippy's `disallowed_types` cannot tell the facade's re-exports from the originals, so this is
//! the guard. Tests may use std.

use super::Finding;
use super::paths::Mention;
use super::table::layer_of;

/// Crates and cfgs: not even as part of a path.
const WORDS: [&str; 4] = ["loom", "shuttle", "portable_atomic", "stampool_model"];

/// What the facade re-exports in place of these modules.
const MODULES: [[&str; 2]; 4] =
    [["core", "sync"], ["std", "sync"], ["std", "thread"], ["alloc", "sync"]];

/// Backends that `path` names.
pub(super) fn check(path: &str, mentions: &[Mention]) -> Vec<Finding> {
    if layer_of(path) == "sync" {
        return Vec::new();
    }
    let finding = |mention: &Mention| Finding {
        path: path.into(),
        line: mention.line,
        what: format!("`{}` is named outside src/sync", mention.path.join("::")),
    };
    mentions.iter().filter(|m| !m.in_test && is_backend(&m.path)).map(finding).collect()
}

fn is_backend(path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(|segment| segment.trim_end_matches('!')).collect();
    match path[..] {
        ["crate", "sync", ..] => false,
        ["core" | "std", "cell"] => true,
        ["core" | "std", "cell", item, ..] => {
            matches!(item, "UnsafeCell" | "SyncUnsafeCell" | "*" | "self")
        }
        [first, second, ..] if MODULES.contains(&[first, second]) => true,
        _ => path.iter().any(|word| WORDS.contains(word)) || path.last() == Some(&"thread_local"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::paths::mentions;
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(path, &mentions(text).unwrap()).len()
    }

    #[test]
    fn every_backend_is_found() {
        for code in [
            "use loom::sync::Arc;",
            "use shuttle::thread;",
            "use portable_atomic::AtomicU128;",
            "use core::sync::atomic::AtomicU64;",
            "use core::{alloc::Layout, sync::atomic::Ordering};",
            "use std::sync::Mutex;",
            "let lock = ::std::sync::Mutex::new(());",
            "use core::cell::UnsafeCell;",
            "use std::cell;",
            "use core::cell::*;",
            "std::thread::spawn(f);",
            "thread_local! { static X: u8 = 0; }",
            "std::thread_local! { static X: u8 = 0; }",
            "#[cfg(stampool_model = \"loom\")] fn f() {}",
            "#[cfg(not(test))] use std::sync::Mutex;",
            "if cfg!(stampool_model) {}",
        ] {
            assert_eq!(findings("src/pool/core.rs", code), 1, "{code}");
        }
    }

    #[test]
    fn the_facade_words_and_tests_are_fine() {
        for code in [
            "use crate::sync::{Arc, Mutex, thread};",
            "crate::sync::thread_local! { static X: u8 = 0; }",
            "use core::cell::RefCell;",
            "use self::core::Core; use super::core::Core; use ::core::alloc::Layout;",
            "/// [`std::sync::Mutex`] under loom\nfn f() {}",
            "#[cfg(test)] mod tests { use std::sync::Mutex; }",
        ] {
            assert_eq!(findings("src/pool/core.rs", code), 0, "{code}");
        }
        assert_eq!(findings("src/sync/real.rs", "use std::sync::Mutex;"), 0);
    }
}
