//! How a strategy looks.

use crate::strategies::STRATEGIES;

/// The number of a strategy's colour, so that it looks the same everywhere.
pub(super) fn style(strategy: &str) -> usize {
    let known = STRATEGIES.iter().position(|entry| entry.name == strategy);
    known.unwrap_or(STRATEGIES.len())
}
