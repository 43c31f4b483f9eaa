//! Digests, the same on every machine: they find files that were mixed up, not forgers.

use std::collections::BTreeMap;

use twox_hash::xxhash3_128::Hasher;

/// 128 bits over `parts` and their lengths: no two lists of parts are the same text.
#[must_use]
pub fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u128 {
    let mut hasher = Hasher::new();
    for part in parts {
        hasher.write(&(part.len() as u64).to_le_bytes());
        hasher.write(part);
    }
    hasher.finish_128()
}

/// [`hash`] in hex.
#[must_use]
pub fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    format!("{:032x}", hash(parts))
}

/// Over the outcomes of a run and how many executions ended in each; empty where there were none.
#[must_use]
pub fn of_outcomes(outcomes: &BTreeMap<String, u64>) -> String {
    if outcomes.is_empty() {
        return String::new();
    }
    let counted: Vec<(&[u8], [u8; 8])> =
        outcomes.iter().map(|(name, count)| (name.as_bytes(), count.to_le_bytes())).collect();
    digest(counted.iter().flat_map(|(name, count)| [*name, &count[..]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_parts_are_another_digest() {
        assert_ne!(digest([&b"ab"[..], b"c"]), digest([&b"a"[..], b"bc"]));
        let seen = |a, b| of_outcomes(&[("a".to_string(), a), ("b".to_string(), b)].into());
        assert_eq!(seen(1, 2), seen(1, 2));
        assert_ne!(seen(1, 2), seen(2, 1));
        assert_eq!(of_outcomes(&BTreeMap::new()), "");
    }
}
