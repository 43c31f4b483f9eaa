//! What the figures depend on.

use std::fs;

use serde::{Deserialize, Serialize};

use crate::sample::cores;

/// The machine, as far as it tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Logical cores that the run may use. What is called a core here is one of them.
    pub cores: usize,
    /// The processor's name, where Linux tells.
    pub processor: Option<String>,
    /// Whether the first two logical cores are one physical core, where Linux tells: then two
    /// threads share all of it, and nothing that they share crosses over.
    pub first_two_are_one: Option<bool>,
}

impl Machine {
    /// This one.
    pub fn this() -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self {
            cores: cores(),
            processor: value(&info, "model name"),
            first_two_are_one: first_two_are_one(),
        }
    }
}

/// `16 cores, AMD EPYC`.
impl core::fmt::Display for Machine {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let ending = if self.cores == 1 { "" } else { "s" };
        write!(f, "{} core{ending}", self.cores)?;
        self.processor.iter().try_for_each(|name| write!(f, ", {name}"))
    }
}

fn value(info: &str, name: &str) -> Option<String> {
    let line = info.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Of the cores in the order in which threads are pinned to them.
fn first_two_are_one() -> Option<bool> {
    let cores = core_affinity::get_core_ids()?;
    let [first, second, ..] = cores[..] else { return None };
    let topology = format!("/sys/devices/system/cpu/cpu{}/topology", first.id);
    let siblings = fs::read_to_string(format!("{topology}/thread_siblings_list")).ok()?;
    list(siblings.trim()).map(|siblings| siblings.contains(&second.id))
}

/// Linux's lists of cores: `0-1,32`.
fn list(text: &str) -> Option<Vec<usize>> {
    let mut all = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        all.extend(first.parse::<usize>().ok()?..=last.parse::<usize>().ok()?);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_cores_are_read() {
        assert_eq!(list("0-2,32"), Some(vec![0, 1, 2, 32]));
        assert_eq!(list("7"), Some(vec![7]));
        assert_eq!(list("x"), None);
    }

    #[test]
    fn a_name_is_found() {
        let info = "vendor_id\t: X\nmodel name\t: A B\nmodel name\t: A B\n";
        assert_eq!(value(info, "model name").as_deref(), Some("A B"));
        assert_eq!(value(info, "none"), None);
    }
}
