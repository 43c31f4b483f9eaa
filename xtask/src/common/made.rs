//! When and where a report was made.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::build_id::Build;

/// Where a report comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    /// Year, month and day, in UTC.
    pub(crate) date: String,
    /// Of the workspace, and whether there were changes.
    pub(crate) commit: String,
    /// Model of the processor.
    pub(crate) processor: String,
    /// What runs it again.
    pub(crate) command: String,
}

/// Now and here, by `command`.
///
/// # Errors
/// Where the sources cannot be read.
pub(crate) fn made(command: &str) -> Result<Made> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let commit = Build::of([])?.commit;
    // A dozen digits name a commit; what follows the name is kept.
    let (name, rest) = commit.split_at(commit.find(' ').unwrap_or(commit.len()));
    let short = name.get(..12).unwrap_or(name);
    Ok(Made {
        date: date(since.as_secs() / 86_400),
        commit: format!("{short}{rest}"),
        processor: processor(),
        command: command.into(),
    })
}

/// The day so many days after 1970-01-01.
fn date(days: u64) -> String {
    // Eras of 400 years, which begin in March, so that the leap day comes last.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{}-{month:02}-{day:02}", year + 400 * era + next)
}

/// The processor's model, if the system reports it.
fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| {
        line.strip_prefix("model name").and_then(|rest| rest.split_once(": ")).map(|parts| parts.1)
    });
    let model = model.unwrap_or(std::env::consts::ARCH);
    model.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_names() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(59), "1970-03-01");
        assert_eq!(date(11_016), "2000-02-29");
        assert_eq!(date(20_454), "2026-01-01");
    }
}
