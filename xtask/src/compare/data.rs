//! What a comparison found: the shape of `target/stampool/compare.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::common::made::Made;

/// Version of the JSON's shape. New fields may come without a new version.
pub(crate) const FORMAT: u32 = 2;

/// All that was found. The recommendation is computed from the rest, by `recommend`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Comparison {
    /// [`FORMAT`].
    pub(crate) format: u32,
    /// When, where and by what command.
    pub(crate) made: Made,
    /// Cores of the machine.
    pub(crate) cores: usize,
    /// What was run and how far it looked, in words, one entry per kind of evidence.
    pub(crate) ran: Vec<String>,
    /// Whether other work disturbed times that the recommendation rests on.
    #[serde(default)]
    pub(crate) busy: bool,
    /// What a full run looks at and this one did not, in words.
    #[serde(default)]
    pub(crate) left: Vec<String>,
    /// The pool under each strategy.
    pub(crate) strategies: Vec<Strategy>,
    /// What one would use instead: times by subject, then by measure.
    pub(crate) others: BTreeMap<String, Times>,
    /// One sentence.
    pub(crate) recommendation: String,
    /// When one of those without a tag makes sense; one sentence, if there are any.
    pub(crate) without_tag: Option<String>,
}

#[cfg(test)]
impl Comparison {
    /// A comparison of these strategies, with nothing beside them.
    pub(super) fn of(strategies: Vec<Strategy>) -> Self {
        Self {
            format: FORMAT,
            made: Made::default(),
            cores: 2,
            ran: vec![],
            busy: false,
            left: vec![],
            strategies,
            others: [].into(),
            recommendation: String::new(),
            without_tag: None,
        }
    }
}

/// Nanoseconds per operation, by measure.
pub(crate) type Times = BTreeMap<String, f64>;

/// A ratio, taken in several rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ratio {
    /// Half of the rounds lie below.
    pub(crate) median: f64,
    /// The smallest.
    pub(crate) min: f64,
    /// The largest.
    pub(crate) max: f64,
}

impl Ratio {
    /// Of so many rounds; nothing of none.
    pub(crate) fn of(mut rounds: Vec<f64>) -> Option<Self> {
        rounds.sort_by(f64::total_cmp);
        let (min, max) = (*rounds.first()?, *rounds.last()?);
        let middle = rounds.len() / 2;
        let median = if rounds.len() % 2 == 1 {
            rounds[middle]
        } else {
            f64::midpoint(rounds[middle - 1], rounds[middle])
        };
        Some(Self { median, min, max })
    }
}

/// Beside a thread that sleeps in the middle of an exchange.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stalled {
    /// Throughput, in relation to that without the sleeper, by measure.
    pub(crate) throughput: BTreeMap<String, Ratio>,
    /// Nanoseconds per operation without the sleeper: medians.
    pub(crate) without_ns: Times,
    /// The same beside it.
    pub(crate) beside_ns: Times,
    /// Most magazines seen in limbo.
    pub(crate) peak_limbo_magazines: u64,
    /// The most that may be there: so many per handle, the sleeper's included.
    pub(crate) limbo_limit: u64,
    /// Allocations and deallocations of the first measure.
    pub(crate) operations: u64,
    /// Exchanges of the first measure that took a lock because a thread was held up.
    pub(crate) overflows: u64,
    /// The same without the sleeper.
    pub(crate) operations_without: u64,
    /// The same without the sleeper.
    pub(crate) overflows_without: u64,
}

/// The pool under one strategy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Strategy {
    /// The strategy asked for.
    pub(crate) name: String,
    /// What the pool really used on this machine.
    pub(crate) mechanism: String,
    /// Whether exchanges are lock-free on this machine.
    pub(crate) lock_free: bool,
    /// Bits of the tag; 0 where there is none.
    pub(crate) tag_bits: u32,
    /// Seconds until the tag wraps, at [`EXCHANGES_PER_SECOND`]; `null` where there is no tag.
    pub(crate) wrap_seconds: Option<f64>,
    /// Progress of a push, a removal and of growth.
    pub(crate) progress: [String; 3],
    /// Whether a thread that sleeps in an exchange stops everybody.
    pub(crate) stops_all: bool,
    /// The model checks.
    pub(crate) checks: Checks,
    /// Those of the specification models that stand for it, by name: no claim of its own.
    pub(crate) models: BTreeMap<String, Checks>,
    /// The stress runs and the checked replays.
    pub(crate) stress: Stress,
    /// Times.
    pub(crate) times: Times,
    /// Quartiles of those that were taken in interleaved rounds.
    pub(crate) quartiles: BTreeMap<String, [f64; 2]>,
    /// What a sleeper does to it.
    pub(crate) stalled: Stalled,
    /// Memory on the replayed traces, by trace.
    pub(crate) memory: BTreeMap<String, Memory>,
}

/// What the model checks said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Checks {
    /// Checks that were run.
    pub(crate) run: usize,
    /// Those of them that searched everything that their checker models.
    pub(crate) exhaustive: usize,
    /// Executions explored.
    pub(crate) executions: u64,
    /// Checks that a full run has beside these.
    #[serde(default)]
    pub(crate) left: usize,
    /// Names of the broken ones.
    pub(crate) broken: Vec<String>,
    /// Rows of the last `cargo xtask checks`, if that was of these sources.
    pub(crate) ledger: Option<Counts>,
}

/// Rows that passed, by what they are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// loom, all executions.
    pub(crate) exhaustive: usize,
    /// loom, up to a bound.
    pub(crate) bounded: usize,
    /// shuttle's depth-first search, all schedules.
    pub(crate) searched: usize,
    /// shuttle, samples.
    pub(crate) sampled: usize,
    /// Those that did not pass.
    pub(crate) not_ok: usize,
}

/// What the stress runs said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stress {
    /// Scenarios and replays that were run.
    pub(crate) run: usize,
    /// Allocations and deallocations that were watched.
    pub(crate) operations: u64,
    /// What was found wrong.
    pub(crate) violations: usize,
}

/// Blocks on one trace, all size classes together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// Blocks ever cut from chunks.
    pub(crate) carved_blocks: u64,
    /// Most blocks live at once.
    pub(crate) peak_live_blocks: u64,
}

/// The rate at which wrap times are computed. A measured rate would be lower: a list's tag
/// advances once per batch, not once per block.
pub(crate) const EXCHANGES_PER_SECOND: f64 = 10e6;

/// Seconds until a tag of so many bits wraps.
pub(crate) fn wrap_seconds(tag_bits: u32) -> Option<f64> {
    (tag_bits > 0).then(|| f64::from(tag_bits).exp2() / EXCHANGES_PER_SECOND)
}

/// Names of the measures. All are nanoseconds per operation.
pub(crate) mod measures {
    /// Allocate and free on one thread.
    pub(crate) const HIT: &str = "hit";
    /// A block that crosses over, with batches of 64.
    pub(crate) const CROSSING_64: &str = "producer -> consumer, B = 64";
    /// A block that crosses over, with batches of 256.
    pub(crate) const CROSSING_256: &str = "producer -> consumer, B = 256";
    /// A swap, on each of two threads.
    pub(crate) const BUCKET: &str = "shared bucket, 2 threads";
    /// Those above, in the order of the table.
    pub(crate) const BENCHES: [&str; 4] = [HIT, CROSSING_64, CROSSING_256, BUCKET];

    /// An allocation or deallocation of a replay.
    pub(crate) fn replay(trace: &str) -> String {
        format!("replay of {trace}")
    }
}

/// A length of time for people, in one unit.
pub(crate) fn time_in_words(seconds: f64) -> String {
    const UNITS: [(f64, &str); 5] = [
        (365.25 * 86_400.0, "years"),
        (86_400.0, "days"),
        (3_600.0, "hours"),
        (60.0, "minutes"),
        (1.0, "seconds"),
    ];
    let (length, unit) =
        *UNITS.iter().find(|unit| seconds >= 2.0 * unit.0).unwrap_or(&(1e-3, "ms"));
    let number = seconds / length;
    if number < 100.0 {
        return format!("{number:.1} {unit}");
    }
    // Two digits are all that there is to know.
    let scale = 10_f64.powf(number.log10().floor() - 1.0);
    format!("{:.0} {unit}", (number / scale).round() * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_the_middle_of_its_rounds() {
        let ratio = Ratio::of(vec![3.0, 1.0, 2.0, 9.0]).unwrap();
        assert_eq!((ratio.min, ratio.median, ratio.max), (1.0, 2.5, 9.0));
        assert_eq!(Ratio::of(vec![7.0]).unwrap().median, 7.0);
        assert_eq!(Ratio::of(vec![]), None);
    }

    #[test]
    fn wrap_times_are_those_of_the_design() {
        let words = |bits| wrap_seconds(bits).map(time_in_words);
        assert_eq!(words(0), None);
        assert_eq!(words(16).unwrap(), "6.6 ms");
        assert_eq!(words(32).unwrap(), "7.2 minutes");
        assert_eq!(words(64).unwrap(), "58000 years");
    }
}
