//! Runs the program with the library preloaded.

use core::fmt;
use core::sync::atomic::AtomicBool;
use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::process::{self, Command, ExitStatus};
use std::sync::Arc;

use signal_hook::consts::SIGINT;

use super::layout::VARIABLE;
use super::log::Log;

/// The library's file.
const LIBRARY: &str = "libstampool_recorder.so";
/// The dynamic linker's list of what to load first.
const PRELOAD: &str = "LD_PRELOAD";

/// Why the program was not run, or nothing recorded.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotRun {
    /// The library is not beside this program.
    NoLibrary(PathBuf),
    /// The library's path has a character that separates paths.
    Separator(PathBuf),
    /// The program cannot be started.
    Start(OsString, io::Error),
    /// The log cannot be made or read.
    Log(io::Error),
    /// The program has ended, but the library was never loaded.
    NotLoaded(ExitStatus),
    /// The program has ended, but the library could not map its log.
    NotMapped(ExitStatus, io::Error),
}

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLibrary(at) => write!(
                f,
                "{LIBRARY} is not in {}; to build it: cargo build --release -p stress",
                at.display()
            ),
            Self::Separator(path) => {
                write!(f, "{} cannot be preloaded: a space or a colon", path.display())
            }
            Self::Start(program, error) => write!(f, "{}: {error}", program.display()),
            Self::Log(error) => write!(f, "the log: {error}"),
            Self::NotLoaded(status) => write!(
                f,
                "nothing recorded: the program did not load the recorder, as if it were \
                 statically linked or privileged ({status})"
            ),
            Self::NotMapped(status, error) => {
                write!(f, "nothing recorded: no room for the log: {error} ({status})")
            }
        }
    }
}

impl core::error::Error for NotRun {}

/// Runs `program`, its name first, until it ends, and has its calls written to `log`.
///
/// An interrupt from the terminal is the program's to obey: it gets one itself.
///
/// # Errors
/// The program was not run, or nothing was recorded.
///
/// # Panics
/// If `program` is empty.
pub fn run(program: &[OsString], log: &mut Log) -> Result<ExitStatus, NotRun> {
    let (name, words) = program.split_first().expect("the command line has one");
    let library = library()?;
    // The program opens the log through us, so that it needs no name.
    let path = format!("/proc/{}/fd/{}", process::id(), log.file().as_raw_fd());
    let _ = signal_hook::flag::register(SIGINT, Arc::new(AtomicBool::new(false)));
    let mut child = Command::new(name)
        .args(words)
        .env(VARIABLE, path)
        .env(PRELOAD, preload(library, env::var_os(PRELOAD)))
        .spawn()
        .map_err(|error| NotRun::Start(name.clone(), error))?;
    let status = child.wait().map_err(NotRun::Log)?;
    let header = log.header().map_err(NotRun::Log)?;
    if header.trouble != 0 {
        let errno = i32::try_from(header.trouble).unwrap_or(i32::MAX);
        return Err(NotRun::NotMapped(status, io::Error::from_raw_os_error(errno)));
    }
    if header.process == 0 {
        return Err(NotRun::NotLoaded(status));
    }
    Ok(status)
}

/// The library: Cargo builds it in `deps`, beside this program.
fn library() -> Result<PathBuf, NotRun> {
    let program = env::current_exe().map_err(NotRun::Log)?;
    let folder = program.parent().unwrap_or(&program);
    let places = [folder.join("deps").join(LIBRARY), folder.join(LIBRARY)];
    let found = places.into_iter().find(|path| path.is_file());
    let path = found.ok_or_else(|| NotRun::NoLibrary(folder.join("deps")))?;
    if path.as_os_str().as_bytes().iter().any(|byte| b" :".contains(byte)) {
        return Err(NotRun::Separator(path));
    }
    Ok(path)
}

/// The library before whatever else is to be loaded first.
fn preload(library: PathBuf, others: Option<OsString>) -> OsString {
    let mut list = library.into_os_string();
    if let Some(others) = others.filter(|others| !others.is_empty()) {
        list.push(OsStr::new(":"));
        list.push(others);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_else_is_preloaded_stays() {
        assert_eq!(preload("a.so".into(), None), "a.so");
        assert_eq!(preload("a.so".into(), Some("".into())), "a.so");
        assert_eq!(preload("a.so".into(), Some("b.so c.so".into())), "a.so:b.so c.so");
    }
}
