//! One timed piece of work, and what else the machine did meanwhile.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::OnceLock;
use std::time::Instant;

/// A sample is disturbed when its threads stood in line for a core for more than a hundredth of
/// its time. Where there are more threads than cores they always stand in line, most of the time
/// for one another; then it is disturbed when the cores did something else for more than a
/// twentieth.
const TOLERATED_SHARE: u32 = 100;
const TOLERATED_SHARE_OF_CROWD: u32 = 20;

/// Time for a number of operations.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// From the first thread's start to the last one's end.
    pub time: Duration,
    /// Operations, in the workload's unit.
    pub operations: u64,
    /// Time that the threads stood in line for a core, together; of a crowd, time that a core did
    /// something else. `None` where the system does not tell.
    pub waited: Option<Duration>,
    /// Whether there were more threads than cores.
    pub crowded: bool,
}

impl Sample {
    /// Nanoseconds per operation.
    pub fn nanoseconds(&self) -> f64 {
        self.time.as_secs_f64() * 1e9 / self.operations as f64
    }

    /// One after the other, as one.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        Self {
            time: self.time + next.time,
            operations: self.operations + next.operations,
            waited: self.waited.zip(next.waited).map(|(a, b)| a + b),
            crowded: self.crowded || next.crowded,
        }
    }

    /// Whether other work was in the way.
    pub fn is_disturbed(&self) -> bool {
        let share = if self.crowded { TOLERATED_SHARE_OF_CROWD } else { TOLERATED_SHARE };
        self.waited.is_some_and(|waited| waited * share > self.time)
    }
}

/// One thread's part of a sample.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    start: Instant,
    end: Instant,
    ran: Duration,
    waited: Option<Duration>,
}

impl Span {
    /// Times `work`, which begins on all threads of `gate` at one time.
    pub fn of(gate: &Gate, work: impl FnOnce()) -> Self {
        // Twice: what a thread does between the first pass and the second is short, so nobody
        // waits long there, and whoever does is found out.
        gate.pass();
        let waited_before = waited();
        gate.pass();
        let ran_before = ran();
        let start = Instant::now();
        work();
        let end = Instant::now();
        let ran = ran().saturating_sub(ran_before);
        let waited = waited().zip(waited_before).map(|(after, before)| after - before);
        Self { start, end, ran, waited }
    }

    /// Works to warm up, then times as [`of`](Self::of) does.
    pub fn warmed<T>(gate: &Gate, warm_up: T, timed: T, mut work: impl FnMut(T)) -> Self {
        work(warm_up);
        Self::of(gate, || work(timed))
    }

    /// The sample that threads made together.
    ///
    /// # Panics
    ///
    /// Without a span.
    pub fn together(spans: &[Self], operations: u64) -> Sample {
        let start = spans.iter().map(|span| span.start).min().expect("a span");
        let end = spans.iter().map(|span| span.end).max().expect("a span");
        let (time, cores) = (end - start, cores());
        let crowded = spans.len() > cores;
        let waited = if crowded {
            let ran: Duration = spans.iter().map(|span| span.ran).sum();
            u32::try_from(cores).ok().map(|cores| time.saturating_sub(ran / cores))
        } else {
            spans.iter().map(|span| span.waited).sum()
        };
        Sample { time, operations, waited, crowded }
    }
}

/// How long the calling thread has run.
fn ran() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// How long the calling thread has been runnable without running. Linux tells; a hypervisor that
/// gives the core to somebody else goes unnoticed.
fn waited() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split_whitespace().nth(1)?.parse().ok()?))
}

/// Lets the threads of a sample go at one time, any number of times.
#[derive(Debug)]
pub struct Gate {
    threads: usize,
    arrived: AtomicUsize,
}

impl Gate {
    /// A gate that opens whenever `threads` have come.
    pub fn new(threads: usize) -> Self {
        Self { threads, arrived: AtomicUsize::new(0) }
    }

    /// Waits for the others.
    pub fn pass(&self) {
        let before = self.arrived.fetch_add(1, Ordering::AcqRel);
        let wanted = (before / self.threads + 1) * self.threads;
        let mut patience = Patience::new();
        while self.arrived.load(Ordering::Acquire) < wanted {
            patience.wait();
        }
    }
}

/// Waits for another thread: spins, and gives the core away when that takes long.
#[derive(Clone, Copy, Debug)]
pub struct Patience(u32);

impl Patience {
    const SPINS: u32 = 1000;

    /// Nothing waited yet.
    #[inline]
    pub fn new() -> Self {
        Self(0)
    }

    /// For one of so many threads: where not all of them have a core, whoever is waited for may
    /// need ours.
    pub fn among(threads: usize) -> Self {
        Self(if threads > cores() { Self::SPINS } else { 0 })
    }

    /// Waits a little.
    #[inline]
    pub fn wait(&mut self) {
        if self.0 < Self::SPINS {
            self.0 += 1;
            core::hint::spin_loop();
        } else {
            std::thread::yield_now();
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self::new()
    }
}

/// What one thread does in a sample.
pub type Part<'a> = Box<dyn FnOnce() -> Span + Send + 'a>;

/// Cores that this process may use.
pub fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// As [`on_threads`], with the same part for all, which is told the number of its thread.
pub fn on_threads_alike(threads: usize, part: impl Fn(usize) -> Span + Sync) -> Vec<Span> {
    let part = &part;
    on_threads((0..threads).map(|nth| Box::new(move || part(nth)) as Box<_>).collect())
}

/// Runs `parts` on a thread each, pinned to a core each where the system lets us, and gives what
/// they measured.
///
/// # Panics
///
/// When one of them does.
pub fn on_threads(parts: Vec<Part<'_>>) -> Vec<Span> {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    std::thread::scope(|threads| {
        let threads: Vec<_> = parts
            .into_iter()
            .enumerate()
            .map(|(nth, part)| {
                let core = cores.get(nth % cores.len().max(1)).copied();
                threads.spawn(move || {
                    core.map(core_affinity::set_for_current);
                    part()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no part panics")).collect()
    })
}
