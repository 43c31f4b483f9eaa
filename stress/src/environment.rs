//! The machine and the build of a command. Results keep them, because they may be read on another
//! machine.

use std::borrow::Cow;
use std::{env, fs, thread};

use serde::{Deserialize, Serialize};

use crate::interrupt;

/// What the results of any command begin with.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct About {
    /// The command line that gives them again; only the interleaving remains the machine's.
    pub command_line: String,
    /// Whether it was asked to end before its time, so that runs were cut short or left out.
    pub interrupted: bool,
    /// Where it ran.
    pub environment: Environment,
}

/// The machine and the binary.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Environment {
    /// The processor's model, or its architecture where the system does not say.
    pub cpu: String,
    /// Cores that the process may use.
    pub cores: usize,
    /// Whether the processor has a double-width CAS on x86-64; `null` elsewhere.
    pub cmpxchg16b: Option<bool>,
    /// The operating system's kernel.
    pub os: String,
    /// The target that the binary was built for.
    pub target: Cow<'static, str>,
    /// The compiler that built it.
    pub rustc: Cow<'static, str>,
    /// The commit it was built from, `with changes` if there were any, or `unknown`.
    pub commit: Cow<'static, str>,
    /// The compiler's optimisation level.
    pub opt_level: Cow<'static, str>,
    /// RUSTFLAGS.
    pub flags: Cow<'static, str>,
}

impl About {
    /// This process, so far. `seed` is what its random choices came from.
    pub fn this(seed: Option<u64>) -> Self {
        Self {
            command_line: command_line(env::args().skip(1), seed),
            interrupted: interrupt::requested(),
            environment: Environment::here(),
        }
    }
}

impl Environment {
    fn here() -> Self {
        Self {
            cpu: cpu(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
            cores: thread::available_parallelism().map_or(1, usize::from),
            cmpxchg16b: cmpxchg16b(),
            os: os(),
            target: env!("STRESS_TARGET").into(),
            rustc: env!("STRESS_RUSTC").into(),
            commit: env!("STRESS_COMMIT").into(),
            opt_level: env!("STRESS_OPT_LEVEL").into(),
            flags: env!("STRESS_FLAGS").into(),
        }
    }
}

/// What runs this harness, to the point at which its own arguments begin.
pub(crate) const AGAIN: &str = if cfg!(stampool_model = "steered") {
    "cargo xtask steered --"
} else {
    "cargo run --release -p stress --"
};
/// The same, for a build for debugging.
const DEBUG: &str = "cargo run -p stress --";

/// The command as one would type it.
fn command_line(words: impl Iterator<Item = String>, seed: Option<u64>) -> String {
    let is_steered = cfg!(stampool_model = "steered");
    let as_built = if cfg!(debug_assertions) && !is_steered { DEBUG } else { AGAIN };
    let mut line = as_built.to_owned();
    let mut has_seed = false;
    for word in words {
        has_seed |= word == "--seed" || word.starts_with("--seed=");
        line = line + " " + &quoted(&word);
    }
    match seed {
        Some(seed) if !has_seed => format!("{line} --seed {seed}"),
        _ => line,
    }
}

/// A word that a magazine takes for one.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_=+,./:@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn cpu(cpuinfo: &str) -> String {
    let model = cpuinfo.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "model name").then(|| value.split_whitespace().collect::<Vec<_>>().join(" "))
    });
    model.filter(|model| !model.is_empty()).unwrap_or_else(|| env::consts::ARCH.to_owned())
}

fn os() -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{} {}", env::consts::OS, release.trim()).trim_end().to_owned()
}

#[cfg(target_arch = "x86_64")]
fn cmpxchg16b() -> Option<bool> {
    Some(std::is_x86_feature_detected!("cmpxchg16b"))
}

#[cfg(not(target_arch = "x86_64"))]
fn cmpxchg16b() -> Option<bool> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_has_a_name() {
        assert_eq!(cpu("flags\t: fpu\nmodel name\t: Some  CPU @ 2 GHz\n"), "Some CPU @ 2 GHz");
        assert_eq!(cpu(""), env::consts::ARCH);
        let here = Environment::here();
        assert!(here.cores > 0 && here.rustc.starts_with("rustc "), "{here:?}");
        assert!(!here.commit.is_empty() && !here.target.is_empty(), "{here:?}");
    }

    #[test]
    fn a_command_line_can_be_typed_again() {
        let line = |words: &[&str], seed| {
            let line = command_line(words.iter().map(|word| (*word).to_owned()), seed);
            line.split_once(" -- ").expect("cargo's separator").1.to_owned()
        };
        assert_eq!(line(&["run", "--ops", "5"], Some(9)), "run --ops 5 --seed 9");
        assert_eq!(line(&["run", "--seed", "8"], Some(8)), "run --seed 8");
        assert_eq!(line(&["run", "--seed=8"], Some(8)), "run --seed=8");
        assert_eq!(line(&["replay", "a b's"], None), r"replay 'a b'\''s'");
        assert_eq!(line(&["replay", ""], None), "replay ''");
    }
}
