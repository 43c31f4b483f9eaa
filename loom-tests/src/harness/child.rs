//! The child process that runs one check, and the parent's side of it.
//!
//! The child writes one JSON [`Exploration`] to stdout and exits 0, or, at the first panic, writes
//! what happened to stderr and exits [`VIOLATION`] at once, without unwinding.

use core::panic::Location;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Instant;

use super::Check;
use super::judge::Ended;
use crate::canary;
use crate::explore::{self, Exploration};

/// The child's exit code where it found a violation.
const VIOLATION: i32 = 101;
/// Begins the line after which everything on stderr is the violation's message.
const MARK: &str = "violation: ";
/// Begins the line that says how many executions there were.
const COUNT: &str = "executions: ";
/// How much of a crashed child's stderr is kept.
const CRASH_CHARS: usize = 2_000;

/// Runs `check` in this process and reports. Never returns.
pub(super) fn run(check: &Check) -> ! {
    // A dead canary is no violation: a twin must not be taken for caught because of it.
    if check.checker == ledger::Checker::Loom
        && let Err(dead) = canary::sing()
    {
        eprintln!("{dead}");
        std::process::exit(1);
    }
    explore::reset_count();
    std::panic::set_hook(Box::new(|panic| {
        // The checkers unwind the stacks of their own threads by panics that carry no message.
        let Some(message) = explore::panic_message(panic.payload()) else { return };
        let place = panic.location().map(place).unwrap_or_default();
        let executions = explore::count() + 1;
        eprintln!("\n{COUNT}{executions}\n{MARK}{message}{place}");
        std::process::exit(VIOLATION);
    }));
    let seen = (check.run)();
    let report = serde_json::to_string(&seen).expect("an exploration is plain data");
    println!("{report}");
    let flushed = io::stdout().flush();
    std::process::exit(i32::from(flushed.is_err()));
}

/// Where a panic was, without the folders of the machine.
fn place(at: &Location<'_>) -> String {
    let file = Path::new(at.file()).file_name().unwrap_or_default();
    format!(" (at {}:{})", file.display(), at.line())
}

/// Runs the check named `key` in a child process, for at most `limit`.
pub(super) fn spawn(key: &str, limit: Duration) -> Ended {
    match try_spawn(key, limit) {
        Ok(ended) => ended,
        Err(error) => Ended::Died(format!("cannot run the child: {error}")),
    }
}

fn try_spawn(key: &str, limit: Duration) -> io::Result<Ended> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--child", key])
        // What a crash leaves on stderr goes into the row: the message, not the stack.
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // Both pipes are drained meanwhile: a child that fills one would never end.
    let stdout = drain(child.stdout.take().expect("stdout is piped"));
    let stderr = drain(child.stderr.take().expect("stderr is piped"));
    let Some(status) = wait(&mut child, limit)? else {
        return Ok(Ended::TimedOut(limit));
    };
    let text = |reader: thread::JoinHandle<Vec<u8>>| {
        String::from_utf8_lossy(&reader.join().unwrap_or_default()).into_owned()
    };
    Ok(ended(status, &text(stdout), &text(stderr)))
}

/// What the child's exit and output mean.
fn ended(status: ExitStatus, stdout: &str, stderr: &str) -> Ended {
    if status.code() == Some(VIOLATION)
        && let Some((before, message)) = stderr.split_once(&format!("\n{MARK}"))
    {
        let count = before.lines().rev().find_map(|line| line.strip_prefix(COUNT));
        let executions = count.and_then(|count| count.parse().ok()).unwrap_or(0);
        return Ended::Violation { executions, message: one_line(message) };
    }
    if status.success() {
        return match serde_json::from_str::<Exploration>(stdout) {
            Ok(seen) => Ended::Explored(seen),
            Err(error) => Ended::Died(format!("its report cannot be read: {error}")),
        };
    }
    let why: String = one_line(stderr).chars().take(CRASH_CHARS).collect();
    Ended::Died(format!("{status}: {why}"))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn drain(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What cannot be read is missing from the report, and a report that is cut is refused.
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

/// The child's exit, or `None` where it had to be stopped.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn exit(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    #[test]
    fn a_violation_is_read_back_whole() {
        let stderr = "noise\n\nexecutions: 19\nviolation: block 3\n  twice (at x.rs:1:1)\n";
        let message = "block 3 twice (at x.rs:1:1)".into();
        assert_eq!(ended(exit(101), "", stderr), Ended::Violation { executions: 19, message });
    }

    #[test]
    fn an_exit_without_a_report_is_a_death() {
        assert!(matches!(ended(exit(0), "", ""), Ended::Died(_)));
        assert!(matches!(ended(exit(0), "{\"executions\":1", ""), Ended::Died(_)));
        assert!(matches!(ended(exit(101), "", "plain panic"), Ended::Died(_)));
        assert!(matches!(ended(ExitStatus::from_raw(6), "", "\nviolation: x"), Ended::Died(_)));
    }
}
