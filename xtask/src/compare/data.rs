//! What a comparison found: the shape of `target/stampool/compare.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Version of the JSON's shape. New fields may come without a new version.
pub(crate) const FORMAT: u32 = 1;

/// All that was found. The recommendation is computed from the rest, by `recommend`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Comparison {
    /// [`FORMAT`].
    pub(crate) format: u32,
    /// Cores of the machine.
    pub(crate) cores: usize,
    /// What was run and how far it looked, in words, one entry per kind of evidence.
    pub(crate) ran: Vec<String>,
    /// The pool under each strategy.
    pub(crate) strategies: Vec<Strategy>,
    /// What one would use instead: times by subject, then by measure.
    pub(crate) others: BTreeMap<String, Times>,
    /// One sentence.
    pub(crate) recommendation: String,
}

/// Nanoseconds per operation, by measure.
pub(crate) type Times = BTreeMap<String, f64>;

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
    /// The model checks.
    pub(crate) checks: Checks,
    /// The stress runs and the checked replays.
    pub(crate) stress: Stress,
    /// Times.
    pub(crate) times: Times,
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
    /// Names of the broken ones.
    pub(crate) broken: Vec<String>,
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
    fn wrap_times_are_those_of_the_design() {
        let words = |bits| wrap_seconds(bits).map(time_in_words);
        assert_eq!(words(0), None);
        assert_eq!(words(16).unwrap(), "6.6 ms");
        assert_eq!(words(32).unwrap(), "7.2 minutes");
        assert_eq!(words(64).unwrap(), "58000 years");
    }
}
