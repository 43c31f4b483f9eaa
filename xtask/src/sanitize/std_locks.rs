//! Makes std's locks visible to ThreadSanitizer.
//!
//! The toolchain's std is not instrumented. What it inlines into our crates is, but taking a lock
//! that somebody holds is not inlined: ThreadSanitizer then sees the release of the one before and no
//! acquire, and reports all that the lock guards, hundreds of times in a short run, and never truly.
//! Hiding the functions that hold a lock would hide true reports as well. So the linker is
//! told to wrap the two functions of std that matter, and the wrappers say what happened.
//!
//! The names of the two carry a hash of the compiler's version, so they are looked up.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::tool::NIGHTLY;

/// `Mutex::lock_contended(&self)`.
const LOCK: &str = "5mutex5futexNtB2_5Mutex14lock_contended";
/// `Condvar::wait(&self, &Mutex)`: unlocks and locks.
const WAIT: &str = "7condvar5futexNtB2_7Condvar4wait";

/// Flags for the compiler that link the wrappers in. What they need is written to `folder`.
///
/// # Errors
/// Where std's locks are not where they were when this was written, or nothing compiles.
pub(super) fn flags(library: &Path, folder: &Path) -> Result<Vec<String>> {
    let std = fs::read(std_archive(library)?)?;
    let find = |part| symbol(&std, part).with_context(|| format!("std has no {part} any more"));
    let (lock, wait) = (find(LOCK)?, find(WAIT)?);
    let object = compile(&source(&lock, &wait), folder)?;
    let wrap = |symbol| format!("-Clink-arg=-Wl,--wrap={symbol}");
    Ok(vec![format!("-Clink-arg={}", object.display()), wrap(lock), wrap(wait)])
}

fn std_archive(library: &Path) -> Result<PathBuf> {
    for entry in fs::read_dir(library)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with("libstd-") && name.ends_with(".rlib") {
            return Ok(library.join(name));
        }
    }
    anyhow::bail!("no libstd in {}", library.display())
}

/// The name in a table of names that ends with `part`. Names end with a zero byte there.
fn symbol(archive: &[u8], part: &str) -> Option<String> {
    let needle = [part.as_bytes(), &[0]].concat();
    let ends = archive.windows(needle.len()).enumerate();
    let mut found = ends.filter(|(_, bytes)| *bytes == needle).map(|(at, _)| {
        let before = &archive[..at];
        let start = before.iter().rposition(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
        let name = &archive[start.map_or(0, |start| start + 1)..at + part.len()];
        String::from_utf8_lossy(name).into_owned()
    });
    found.find(|name| name.starts_with("_R"))
}

/// The wrappers. `__wrap_x` is what the others call for `x`, `__real_x` is `x`.
fn source(lock: &str, wait: &str) -> String {
    format!(
        r#"#![no_std]
unsafe extern "C" {{
    #[link_name = "__real_{lock}"]
    fn lock(mutex: *const ());
    #[link_name = "__real_{wait}"]
    fn wait(condvar: *const (), mutex: *const ());
    fn __tsan_acquire(address: *const ());
    fn __tsan_release(address: *const ());
}}
#[unsafe(export_name = "__wrap_{lock}")]
unsafe extern "C" fn wrapped_lock(mutex: *const ()) {{
    unsafe {{ lock(mutex) }};
    unsafe {{ __tsan_acquire(mutex) }};
}}
#[unsafe(export_name = "__wrap_{wait}")]
unsafe extern "C" fn wrapped_wait(condvar: *const (), mutex: *const ()) {{
    unsafe {{ __tsan_release(mutex) }};
    unsafe {{ wait(condvar, mutex) }};
    unsafe {{ __tsan_acquire(mutex) }};
}}
"#
    )
}

fn compile(source: &str, folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let (file, object) = (folder.join("std_locks.rs"), folder.join("std_locks.o"));
    // Left alone where nothing has changed.
    if fs::read_to_string(&file).ok().as_deref() != Some(source) || !object.is_file() {
        fs::write(&file, source)?;
        let mut rustc = Command::new("rustup");
        rustc.args(["run", NIGHTLY, "rustc", "--edition", "2024", "--crate-type", "lib"]);
        rustc.args(["--emit", "obj", "-O", "-Cpanic=abort", "-o"]).arg(&object).arg(&file);
        ensure!(rustc.status()?.success(), "{} does not compile", file.display());
    }
    Ok(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_whole() {
        let archive = format!("\0_RNvx{LOCK}spin\0junk\0_RNvMs_3std{LOCK}\0_RNv{WAIT}_timeout\0");
        assert_eq!(symbol(archive.as_bytes(), LOCK), Some(format!("_RNvMs_3std{LOCK}")));
        assert_eq!(symbol(archive.as_bytes(), WAIT), None);
    }

    #[test]
    fn wrappers_name_both() {
        let source = source("_Rlock", "_Rwait");
        for name in ["__wrap__Rlock", "__real__Rlock", "__wrap__Rwait", "__real__Rwait"] {
            assert!(source.contains(name), "{name}");
        }
    }
}
