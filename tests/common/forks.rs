//! Forked children that say what went wrong, and do not outlive their time.
//!
//! A child tells its parent how it ended through a pipe: [`WELL`] or [`BADLY`], its panic's words,
//! and
//! [`END`]. The parent waits for that with a time limit, then kills the child and reaps it, whatever
//! was said.

use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::panic::{self, catch_unwind};
use std::sync::Once;
use std::time::Instant;

/// How long a child may take.
const TIME: Duration = Duration::from_secs(60);
/// A child's first byte.
const WELL: u8 = b'+';
const BADLY: u8 = b'-';
/// A child's last byte. The end of the pipe would not do: another test's child may hold it too.
const END: u8 = 0;

/// Raises a flag when it is dropped, by a panic too: threads that wait for the flag would otherwise
/// keep a test that has failed from ending.
pub struct Raises<'f>(pub &'f AtomicBool);

impl Drop for Raises<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `child` in a forked process, which must end by itself, and well.
///
/// # Panics
///
/// With the child's words where it panics; where it ends otherwise, or takes too long.
pub fn in_a_fork(child: impl FnOnce()) {
    // SAFETY: the child runs what its caller vouches for, and then ends without destructors.
    in_a_fork_by(|| unsafe { libc::fork() }, child);
}

/// As [`in_a_fork`], of a caller that has something to do around the fork.
pub fn in_a_fork_by(fork: impl FnOnce() -> libc::pid_t, child: impl FnOnce()) {
    if let Err(wrong) = outcome(TIME, fork, child) {
        panic!("{wrong}");
    }
}

/// Runs `child` in a process that `fork` makes, for no longer than `time`.
///
/// # Errors
///
/// What went wrong.
pub fn outcome(
    time: Duration,
    fork: impl FnOnce() -> libc::pid_t,
    child: impl FnOnce(),
) -> Result<(), String> {
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors.
    assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0, "no pipe");
    let [reader, writer] = ends;
    keep_children_quiet();
    match fork() {
        -1 => panic!("no fork"),
        0 => run(writer, child),
        pid => {
            close(writer);
            let told = listen(reader, Instant::now() + time);
            close(reader);
            // SAFETY: our child, which nobody has waited for: the number is still its own.
            assert_eq!(unsafe { libc::kill(pid, libc::SIGKILL) }, 0, "no child to kill");
            let mut status = 0;
            // SAFETY: our child, and a place for its status. It was killed, so it ends.
            assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
            match told.split_first() {
                Some((&WELL, _)) => Ok(()),
                Some((_, words)) => {
                    let words = String::from_utf8_lossy(words);
                    Err(format!("the child failed: {}", words.trim_end_matches('\0')))
                }
                None if libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGKILL => {
                    Err(format!("the child hung for {time:?}, and was killed"))
                }
                None => Err(format!("the child ended without a word: status {status:#x}")),
            }
        }
    }
}

/// Raised in a child: its panics are told through the pipe.
static IS_CHILD: AtomicBool = AtomicBool::new(false);

/// Keeps the panic hook from printing in a child. The printing takes locks of the standard library,
/// of the output and of the backtrace, which another thread of the parent may hold at the fork.
fn keep_children_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_CHILD.load(Ordering::Relaxed) {
                print(info);
            }
        }));
    });
}

/// The child: runs, tells, and ends without destructors.
fn run(writer: libc::c_int, child: impl FnOnce()) -> ! {
    IS_CHILD.store(true, Ordering::Relaxed);
    let told = match catch_unwind(AssertUnwindSafe(child)) {
        Ok(()) => vec![WELL, END],
        Err(panic) => {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
            [&[BADLY], words.unwrap_or("a panic without words").as_bytes(), &[END]].concat()
        }
    };
    // A pipe takes more than a panic's words in one piece.
    // SAFETY: the bytes are there.
    unsafe { libc::write(writer, told.as_ptr().cast(), told.len()) };
    // SAFETY: ends the child.
    unsafe { libc::_exit(0) }
}

/// What comes through the pipe until [`END`], until its other end is closed, or until `end`.
fn listen(reader: libc::c_int, end: Instant) -> Vec<u8> {
    let mut told = Vec::new();
    while told.last() != Some(&END) {
        let left = end.saturating_duration_since(Instant::now()).as_millis();
        let mut poll = libc::pollfd { fd: reader, events: libc::POLLIN, revents: 0 };
        let left = left.try_into().unwrap_or(libc::c_int::MAX);
        // SAFETY: one entry.
        match unsafe { libc::poll(&raw mut poll, 1, left) } {
            0 => return told,
            // A signal: look again.
            -1 => continue,
            _ => {}
        }
        let mut room = [0_u8; 4096];
        // SAFETY: so much room.
        let read = unsafe { libc::read(reader, room.as_mut_ptr().cast(), room.len()) };
        match usize::try_from(read) {
            Ok(read) if read > 0 => told.extend(&room[..read]),
            _ => return told,
        }
    }
    told
}

fn close(end: libc::c_int) {
    // SAFETY: open, and not used again.
    unsafe { libc::close(end) };
}
