//! Instructions of a replay: from the processor's own counter where the system allows it, and
//! otherwise from callgrind.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::heap::Memory;
use crate::play::{Look, Task, Work};
use crate::steps::Steps;
use crate::subjects::{NOTHING, SUBJECTS, Subject};

/// How instructions are counted here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// By the processor.
    Counter,
    /// By callgrind, in a process of its own.
    Callgrind,
}

impl Way {
    /// The way that there is, if there is one.
    pub(crate) fn find() -> Option<Self> {
        if counter::is_there() {
            return Some(Self::Counter);
        }
        let valgrind = Command::new("valgrind").arg("--version").output();
        valgrind.is_ok_and(|output| output.status.success()).then_some(Self::Callgrind)
    }

    /// What it goes by.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Counter => "the processor's counter",
            Self::Callgrind => "callgrind",
        }
    }

    /// Instructions of the replay's loop.
    ///
    /// # Errors
    ///
    /// They cannot be counted.
    pub(crate) fn count(
        self,
        subject: &Subject,
        steps: &Steps,
        file: &Path,
        memory: Memory,
        bytes: usize,
    ) -> Result<u64> {
        match self {
            Self::Counter => counter::count(|| {
                let work = Work::Replay(steps, Look::Nothing);
                let task = Task { buffer: memory.first(bytes), work };
                (subject.play)(task);
            }),
            Self::Callgrind => callgrind(subject, file, bytes),
        }
    }
}

/// Runs this program again, under callgrind, which counts in the function `counted`.
fn callgrind(subject: &Subject, file: &Path, bytes: usize) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=fragment::play::counted*")
        .arg(std::env::current_exe()?)
        .args(["--count", subject.name, "--bytes", &bytes.to_string()])
        .arg(file)
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "callgrind failed on {}: {text}", subject.name);
    let count = collected(&text).with_context(|| format!("callgrind tells no count: {text}"))?;
    ensure!(count > 0, "no instruction was counted: is the function still there?");
    Ok(count)
}

/// The number on callgrind's last lines: `==7== Collected : 12345`.
fn collected(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

/// What the program does under callgrind: one replay.
///
/// # Errors
///
/// There is no such subject, or the trace does not fit.
pub(crate) fn play_once(name: &str, file: &Path, bytes: usize) -> Result<()> {
    let mut subjects = SUBJECTS.iter().chain([&NOTHING]);
    let subject = subjects.find(|subject| subject.name == name).context("no such subject")?;
    let steps = Steps::open(file)?;
    let memory = Memory::new(bytes).context("no memory")?;
    let look = Look::Nothing;
    let work = Work::Replay(&steps, look);
    let played = (subject.play)(Task { buffer: memory.first(bytes), work });
    ensure!(played.end.is_ok(), "{name}: {:?}", played.end);
    Ok(())
}

#[cfg(target_os = "linux")]
mod counter {
    use anyhow::Result;
    use perf_event::Builder;
    use perf_event::events::Hardware;

    fn build() -> std::io::Result<perf_event::Counter> {
        Builder::new().kind(Hardware::INSTRUCTIONS).build()
    }

    pub(super) fn is_there() -> bool {
        count(|| _ = core::hint::black_box(1)).is_ok_and(|count| count > 0)
    }

    /// Instructions of this thread, outside of the kernel.
    pub(super) fn count(work: impl FnOnce()) -> Result<u64> {
        let mut counter = build()?;
        counter.enable()?;
        work();
        counter.disable()?;
        Ok(counter.read()?)
    }
}

#[cfg(not(target_os = "linux"))]
mod counter {
    use anyhow::{Result, bail};

    pub(super) fn is_there() -> bool {
        false
    }

    pub(super) fn count(_: impl FnOnce()) -> Result<u64> {
        bail!("there is no counter")
    }
}

#[cfg(test)]
mod tests {
    use super::collected;

    #[test]
    fn the_count_is_read_from_what_callgrind_says() {
        let text = "==7== Events    : Ir\n==7== Collected : 9123\n==7==\n";
        assert_eq!(collected(text), Some(9123));
        assert_eq!(collected("==7== nothing"), None);
    }
}
