//! Which of several machines runs a row.
//!
//! By a hash of the row's key, and nothing else: every machine can tell without asking another, and
//! a row that is added or removed moves no other. A split by measured cost would need one table of
//! times that all machines share, and would move rows whenever a time changes; what it would gain
//! is little: over 3 machines the hash puts 1.4 times the average on the fullest.

use core::fmt;
use core::str::FromStr;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

/// Part `k` of `n`; `k` counts from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Shard {
    /// Which.
    pub(crate) k: u32,
    /// Of how many.
    pub(crate) n: u32,
}

impl Shard {
    /// Everything.
    pub(crate) const WHOLE: Self = Self { k: 1, n: 1 };

    /// Whether the row named `key` is of this part.
    pub(crate) fn has(self, key: &str) -> bool {
        self.k == of(key, self.n)
    }

    /// For the names of files: nothing, or `-K-of-N`.
    pub(crate) fn suffix(self) -> String {
        match self {
            Self::WHOLE => String::new(),
            Self { k, n } => format!("-{k}-of-{n}"),
        }
    }
}

/// The `k` of the part that the row named `key` is of.
pub(crate) fn of(key: &str, n: u32) -> u32 {
    let k = ledger::hash([key.as_bytes()]) % u128::from(n) + 1;
    u32::try_from(k).expect("at most n")
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.k, self.n)
    }
}

impl FromStr for Shard {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let numbers = || -> Option<Self> {
            let (k, n) = text.split_once('/')?;
            Some(Self { k: k.parse().ok()?, n: n.parse().ok()? })
        };
        let shard = numbers().with_context(|| format!("`{text}` is no shard: K/N, such as 1/3"))?;
        ensure!(
            (1..=shard.n).contains(&shard.k),
            "`{text}` is no shard: K/N with K from 1 to N, such as 1/3"
        );
        Ok(shard)
    }
}

impl TryFrom<String> for Shard {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_exactly_one_shard() {
        let keys: Vec<String> = (0..500).map(|i| format!("TaggedWide/list/{i}/loom/3")).collect();
        for n in 1..=17 {
            let mut sizes = vec![0; n as usize];
            for key in &keys {
                let having: Vec<u32> = (1..=n).filter(|k| Shard { k: *k, n }.has(key)).collect();
                assert_eq!(having.len(), 1, "{key} of {n}");
                sizes[having[0] as usize - 1] += 1;
            }
            assert!(sizes.iter().all(|size| *size > 0), "{sizes:?}");
        }
    }

    #[test]
    fn the_split_is_the_same_everywhere_and_for_ever() {
        let split = ["a", "b", "c", "d", "e", "f"].map(|key| of(key, 3));
        assert_eq!(split, [2, 1, 3, 2, 1, 3]);
    }

    #[test]
    fn what_is_no_shard_is_refused() {
        assert_eq!("2/3".parse::<Shard>().unwrap(), Shard { k: 2, n: 3 });
        assert_eq!("1/1".parse::<Shard>().unwrap(), Shard::WHOLE);
        for junk in ["0/3", "4/3", "1/0", "0/0", "", "/", "1", "1/", "/3", "a/b", "1/3/5", "-1/3"] {
            let error = junk.parse::<Shard>().unwrap_err().to_string();
            assert!(error.contains("is no shard: K/N"), "{junk}: {error}");
        }
        assert!("99999999999/99999999999".parse::<Shard>().is_err());
    }
}
