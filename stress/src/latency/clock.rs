//! Reads the machine's finest clock around one call.
//!
//! On x86-64 that is the time stamp counter, between fences, so that no instruction of the call or
//! around it moves across the reading. It counts at a fixed rate, whatever the core's own clock
//! does: its cycles are reference cycles. Elsewhere it is the standard library's clock, in
//! nanoseconds.

use core::time::Duration;
use std::time::Instant;

/// Whether readings are cycles; they are nanoseconds otherwise.
pub const IS_CYCLES: bool = cfg!(target_arch = "x86_64");

/// A reading that nothing before it, and nothing after it, runs into.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub fn read() -> u64 {
    use core::arch::x86_64::{_mm_lfence, _rdtsc};
    // SAFETY: every x86-64 has the instruction (SSE2).
    unsafe { _mm_lfence() };
    // SAFETY: every x86-64 has the instruction; systems that forbid it to programs are not known.
    let ticks = unsafe { _rdtsc() };
    // SAFETY: as above.
    unsafe { _mm_lfence() };
    ticks
}

/// Nanoseconds since the first reading of the process.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub fn read() -> u64 {
    static FIRST: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    nanoseconds(FIRST.get_or_init(Instant::now).elapsed())
}

/// Compares the two clocks over the time between two looks.
#[derive(Clone, Copy, Debug)]
pub struct Calibration {
    began: Instant,
    ticks: u64,
}

impl Calibration {
    /// Long enough for the error of two looks not to matter.
    const LEAST: Duration = Duration::from_millis(20);

    /// Takes the first look.
    pub fn begin() -> Self {
        Self { began: Instant::now(), ticks: read() }
    }

    /// Takes the second look, once enough time has passed. Returns ticks per nanosecond.
    pub fn end(self) -> f64 {
        loop {
            let (ticks, elapsed) = (read(), self.began.elapsed());
            if elapsed >= Self::LEAST {
                return ticks.saturating_sub(self.ticks).max(1) as f64
                    / nanoseconds(elapsed) as f64;
            }
            std::thread::sleep(Self::LEAST - elapsed);
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_goes_on_and_has_a_rate() {
        let calibration = Calibration::begin();
        let first = read();
        let rate = calibration.end();
        assert!(read() > first);
        assert!((0.01..100.0).contains(&rate), "{rate} ticks per nanosecond");
        assert!(IS_CYCLES || (rate - 1.0).abs() < 0.1, "nanoseconds are nanoseconds: {rate}");
    }
}
