//! Only `src/sync` names an atomic, a lock, a cell, a thread or a checker. In that folder, only the
//! file of a backend names that backend's checker, so that the checker's types stay in its own
//! crate.
//!
//! Clippy's `disallowed_types` cannot tell the facade's re-exports from the originals, so this
//! check does it. Tests may use std.

use super::allowed::layer_of;
use super::finding::Finding;
use super::paths::Mention;

/// Crates and cfgs: not even as part of a path.
const WORDS: [&str; 6] =
    ["loom", "porf", "shuttle", "steered", "portable_atomic", "stampool_model"];

/// A crate that a backend is made of, and the file that alone names it.
pub(super) const BACKENDS: [(&str, &str); 4] = [
    ("loom", "src/sync/loom.rs"),
    ("porf", "src/sync/porf.rs"),
    ("shuttle", "src/sync/shuttle.rs"),
    ("steered", "src/sync/steered.rs"),
];

/// What the facade re-exports instead of these modules.
const MODULES: [[&str; 2]; 4] =
    [["core", "sync"], ["std", "sync"], ["std", "thread"], ["alloc", "sync"]];

/// Backends that `path` names and may not.
pub(super) fn check(path: &str, mentions: &[Mention]) -> Vec<Finding> {
    let in_sync = layer_of(path) == "sync";
    let wrong = |mention: &Mention| {
        let place = if in_sync {
            other_file(path, &mention.path)?
        } else {
            is_backend(&mention.path).then_some("src/sync")?
        };
        let what = format!("`{}` is named outside {place}", mention.path.join("::"));
        Some(Finding { path: path.into(), line: mention.line, what })
    };
    mentions.iter().filter(|mention| !mention.in_test).filter_map(wrong).collect()
}

/// The file that alone may name the checker that `mentioned` begins with, if that is not `path`.
fn other_file(path: &str, mentioned: &[String]) -> Option<&'static str> {
    let (_, file) = BACKENDS.iter().find(|(checker, _)| *checker == mentioned[0])?;
    (*file != path).then_some(*file)
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
            "use steered::Relay;",
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
            assert_eq!(findings("src/pool/shared.rs", code), 1, "{code}");
        }
    }

    #[test]
    fn the_facade_words_and_tests_are_fine() {
        for code in [
            "use crate::sync::{Arc, Mutex, thread};",
            "crate::sync::thread_local! { static X: u8 = 0; }",
            "use core::cell::RefCell;",
            "use self::core::Part; use super::core::Part; use ::core::alloc::Layout;",
            "/// [`std::sync::Mutex`] under loom\nfn f() {}",
            "#[cfg(test)] mod tests { use std::sync::Mutex; }",
        ] {
            assert_eq!(findings("src/pool/shared.rs", code), 0, "{code}");
        }
        assert_eq!(findings("src/sync/real.rs", "use std::sync::Mutex;"), 0);
    }

    #[test]
    fn a_checker_is_named_in_its_own_backend_alone() {
        for (checker, file) in BACKENDS {
            let code = format!("pub use {checker}::thread;");
            assert_eq!(findings(file, &code), 0, "{file}");
            for other in ["src/sync/mod.rs", "src/sync/real.rs"] {
                let found = check(other, &mentions(&code).unwrap());
                assert!(found[0].what.ends_with(&format!("outside {file}")), "{found:?}");
            }
        }
    }
}
