//! A weakened ordering, and what came of it.

use serde::Serialize;
use stampool::raw::sync::Ordering;
use stampool::raw::sync::site::Site;

use super::argued::{ARGUED, Argued};

/// A site, one step weaker.
#[derive(Clone, Copy)]
pub(super) struct Mutant {
    pub(super) site: Site,
    pub(super) to: Ordering,
}

impl Mutant {
    pub(super) fn argument(&self) -> Option<&'static Argued> {
        ARGUED.iter().find(|argued| argued.site == self.site.name && argued.to == self.to)
    }
}

/// What came of a mutant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "verdict")]
pub(super) enum Verdict {
    /// A check noticed.
    Killed {
        /// The check.
        row: String,
        /// How long it took to.
        executions: u64,
        /// What it said.
        detail: String,
    },
    /// No check noticed.
    Survived {
        /// How many were asked.
        rows: usize,
    },
    /// No check noticed, and some did not come to an end.
    Unclear {
        /// What they said.
        detail: String,
    },
}

/// A line of the report.
#[derive(Serialize)]
pub(super) struct Line {
    pub(super) site: String,
    pub(super) from: String,
    pub(super) to: String,
    #[serde(flatten)]
    pub(super) verdict: Verdict,
    /// Why nothing can notice, where that is argued.
    pub(super) argued: Option<&'static str>,
    /// The checks that notice, according to the tags of the site.
    pub(super) named: Vec<String>,
}

/// A line as it stands in the JSON.
#[derive(Serialize)]
pub(super) struct Judged<'a> {
    #[serde(flatten)]
    pub(super) line: &'a Line,
    /// What is wrong, if something is.
    pub(super) fault: Option<String>,
}

impl Line {
    pub(super) fn fault(&self) -> Option<String> {
        let Self { site, to, verdict, argued, named, .. } = self;
        match (verdict, argued) {
            // The named ones are asked first: another one was asked because they did not notice.
            (Verdict::Killed { row, .. }, None) => {
                let is_named = |name: &String| row.contains(&format!("/{name}/"));
                (!named.is_empty() && !named.iter().any(is_named)).then(|| {
                    format!("{site} as {to}: the tag names {}, but {row} kills", named.join(", "))
                })
            }
            (Verdict::Survived { .. }, Some(_)) => None,
            (Verdict::Killed { row, .. }, Some(_)) => {
                Some(format!("{site} as {to} is argued to be equivalent, but {row} kills it"))
            }
            (Verdict::Survived { rows }, None) => {
                Some(format!("{site} as {to} survives {rows} checks"))
            }
            (Verdict::Unclear { detail }, _) => Some(format!("{site} as {to}: {detail}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(verdict: Verdict, argued: Option<&'static str>) -> Line {
        let (site, from, to) = ("A-1".into(), "Acquire".into(), "Relaxed".into());
        Line { site, from, to, verdict, argued, named: vec!["list/aba".into()] }
    }

    #[test]
    fn only_the_killed_and_the_argued_are_fine() {
        let killed_by =
            |row: &str| Verdict::Killed { row: row.into(), executions: 3, detail: "d".into() };
        let killed = || killed_by("s/list/aba/loom/unbounded");
        let survived = || Verdict::Survived { rows: 7 };
        let unclear = || Verdict::Unclear { detail: "stopped".into() };
        assert_eq!(line(killed(), None).fault(), None);
        assert!(line(killed_by("s/list/aba_2/loom/3"), None).fault().unwrap().contains("names"));
        assert_eq!(line(survived(), Some("why")).fault(), None);
        assert!(line(killed(), Some("why")).fault().unwrap().contains("kills it"));
        assert!(line(survived(), None).fault().unwrap().contains("survives 7 checks"));
        assert!(line(unclear(), None).fault().unwrap().contains("stopped"));
        assert!(line(unclear(), Some("why")).fault().is_some());
    }
}
