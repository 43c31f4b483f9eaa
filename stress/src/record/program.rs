//! Runs the program with the library preloaded.

use core::fmt;
use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::process::{self, Child, Command, ExitStatus};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

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
    /// Signals cannot be listened to.
    Signals(io::Error),
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
            Self::Signals(error) => write!(f, "signals: {error}"),
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
/// Signals that ask for an end are the program's to obey. An interrupt from the terminal it gets
/// itself; SIGTERM and SIGHUP are passed on.
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
    // Before the program begins, so that its end is not missed.
    let mut signals = Signals::new([SIGCHLD, SIGINT, SIGTERM, SIGHUP]).map_err(NotRun::Signals)?;
    let mut child = Command::new(name)
        .args(words)
        .env(VARIABLE, path)
        .env(PRELOAD, preload(library, env::var_os(PRELOAD)))
        .spawn()
        .map_err(|error| NotRun::Start(name.clone(), error))?;
    let status = wait(&mut child, &mut signals).map_err(NotRun::Log)?;
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

/// Waits until the program has ended, and passes on what asks it to.
fn wait(child: &mut Child, signals: &mut Signals) -> io::Result<ExitStatus> {
    let program = i32::try_from(child.id()).map(Pid::from_raw).map_err(io::Error::other)?;
    for signal in signals.forever() {
        let passed_on = match signal {
            SIGTERM => Some(Signal::SIGTERM),
            SIGHUP => Some(Signal::SIGHUP),
            _ => None,
        };
        if let Some(signal) = passed_on {
            // Nobody else waits for it, so the number is still its own. A program of another user's
            // may not be told.
            _ = kill(program, signal);
        }
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
    }
    child.wait()
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
