//! What options take: names, times.

use core::fmt;
use core::time::Duration;

use clap::builder::{PossibleValuesParser, RangedU64ValueParser};

use crate::observer::Stall;
use crate::replay::mallocs;
use crate::scenario::Scenario;
use crate::strategies::STRATEGIES;

/// Stands for every name of a kind.
pub(super) const ALL: &str = "all";

/// The names that `asked` selects.
pub(super) fn selected(
    asked: &[String],
    known: impl Iterator<Item = &'static str>,
) -> Vec<&'static str> {
    let wants = |name: &str| {
        asked.iter().any(|word| word.eq_ignore_ascii_case(ALL) || word.eq_ignore_ascii_case(name))
    };
    known.filter(|name| wants(name)).collect()
}

/// Accepts names of strategies; clap suggests the nearest for others.
pub(super) fn strategy_names(with_mallocs: bool) -> PossibleValuesParser {
    let mallocs = mallocs().filter(|_| with_mallocs).map(|malloc| malloc.name);
    PossibleValuesParser::new(
        STRATEGIES.iter().map(|entry| entry.name).chain(mallocs).chain([ALL]).collect::<Vec<_>>(),
    )
}

/// Accepts names of scenarios.
pub(super) fn scenario_names() -> PossibleValuesParser {
    PossibleValuesParser::new(
        Scenario::ALL.into_iter().map(Scenario::name).chain([ALL]).collect::<Vec<_>>(),
    )
}

/// Not a length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotADuration;

impl fmt::Display for NotADuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time is a whole number with ms, s, m or h, above 0 and at most a year")
    }
}

impl core::error::Error for NotADuration {}

/// Reads a time like `500ms` or `24h`.
pub(super) fn duration(text: &str) -> Result<Duration, NotADuration> {
    const YEAR: u64 = 365 * 24 * 3_600_000;
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(NotADuration),
    };
    let number: u64 = number.parse().map_err(|_| NotADuration)?;
    match number.checked_mul(millis) {
        Some(total @ 1..=YEAR) => Ok(Duration::from_millis(total)),
        _ => Err(NotADuration),
    }
}

/// Reads how long to wait for a run before it counts as hung: threads take their time to begin.
pub(super) fn patience(text: &str) -> Result<Duration, String> {
    let time = duration(text).map_err(|error| error.to_string())?;
    if time < Duration::from_secs(1) {
        return Err("less than a second is no sign of a hang".to_owned());
    }
    Ok(time)
}

/// Reads the size of a block; no machine has memory for larger ones.
pub(super) fn block_bytes() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=1 << 40)
}

/// Reads the blocks of a batch; the pool's builder takes no more.
pub(super) fn batch_blocks() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=1 << 16)
}

/// Most threads of a run.
pub(super) const MOST_THREADS: usize = 4096;

/// Not a number of threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotThreads {
    /// No number at all.
    Unreadable,
    /// None, or too many.
    OutOfRange(usize),
}

impl fmt::Display for NotThreads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => {
                f.write_str("expected a number, `max` for one per core, or `4x` for four")?
            }
            Self::OutOfRange(threads) => write!(f, "{threads} threads")?,
        }
        write!(f, "; 1 to {MOST_THREADS} can be had")
    }
}

impl core::error::Error for NotThreads {}

/// Reads a number of threads like `2`, `max` or `4x`, the latter times what runs at once here.
pub(super) fn threads(text: &str) -> Result<u16, NotThreads> {
    let at_once = || std::thread::available_parallelism().map_or(1, usize::from);
    let number = |text: &str| text.parse::<usize>().map_err(|_| NotThreads::Unreadable);
    let threads = match text.strip_suffix('x') {
        _ if text == "max" => at_once(),
        Some(times) => number(times)?.saturating_mul(at_once()),
        None => number(text)?,
    };
    match u16::try_from(threads) {
        Ok(few) if (1..=MOST_THREADS).contains(&threads) => Ok(few),
        _ => Err(NotThreads::OutOfRange(threads)),
    }
}

/// Reads how a thread is held up.
pub(super) fn stall(text: &str) -> Result<Stall, NotADuration> {
    if text == "forever" { Ok(Stall::Forever) } else { duration(text).map(Stall::Spells) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "s", "0s", "5", "1.5s", "-1s", "10 s", "99999999999999999999s", "9000h1"] {
            assert_eq!(duration(bad), Err(NotADuration), "{bad:?}");
        }
        assert_eq!(duration("18446744073709551615h"), Err(NotADuration));
    }

    #[test]
    fn threads_by_number_by_core_and_times_the_cores() {
        let max = threads("max").expect("there is a core");
        assert!(max >= 1);
        assert_eq!(threads("7"), Ok(7));
        assert_eq!(threads("1x"), Ok(max));
        assert_eq!(threads("2x"), Ok(2 * max));
        for (bad, threads_asked_for) in [("0", 0), ("0x", 0), ("4097", 4097)] {
            assert_eq!(threads(bad), Err(NotThreads::OutOfRange(threads_asked_for)));
        }
        for bad in ["", "x", "-1", "many", "2X", "1.5", "maximum"] {
            assert_eq!(threads(bad), Err(NotThreads::Unreadable), "{bad:?}");
        }
    }
}
