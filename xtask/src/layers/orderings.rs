//! The tables of orderings in the chapter `orderings` and in module heads, against the table of
//! sites.
//!
//! A row is `| SITE, SITE | access | Ordering, Ordering | ...`. One ordering may stand for all sites
//! of its row. The chapter has a row for every site; a module head may leave some out.

use std::collections::BTreeSet;

use stampool::raw::sync::site::Site;

use super::files::File;
use super::finding::Finding;

/// What is wrong with the tables of `chapter` and of the `sources`.
pub(super) fn check(sites: &[Site], chapter: &File, sources: &[&File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for file in sources.iter().copied().chain([chapter]) {
        for (line, number) in file.text.lines().zip(1..) {
            let Some((names, orderings)) = row(line) else { continue };
            let mut finding =
                |what| findings.push(Finding { path: file.path.clone(), line: number, what });
            if orderings.len() != 1 && orderings.len() != names.len() {
                finding(format!("{} sites and {} orderings", names.len(), orderings.len()));
                continue;
            }
            for (nth, name) in names.iter().enumerate() {
                let said = orderings[nth.min(orderings.len() - 1)];
                match sites.iter().find(|site| site.name == *name) {
                    Some(site) if format!("{:?}", site.shipped) == said => {
                        if file.path == chapter.path {
                            seen.insert(site.name);
                        }
                    }
                    Some(site) => {
                        finding(format!("{name} is {said} here, and ships as {:?}", site.shipped));
                    }
                    None => finding(format!("there is no site {name}")),
                }
            }
        }
    }
    let missing = sites.iter().filter(|site| !seen.contains(site.name));
    findings.extend(missing.map(|site| Finding {
        path: chapter.path.clone(),
        line: 1,
        what: format!("no row for {}", site.name),
    }));
    findings
}

/// The sites and the orderings of a row of such a table.
fn row(line: &str) -> Option<(Vec<&str>, Vec<&str>)> {
    let row = line.trim_start_matches("//!").trim().strip_prefix('|')?;
    let mut cells = row.split('|').map(str::trim);
    let (names, _, orderings) = (cells.next()?, cells.next()?, cells.next()?);
    let names: Vec<&str> = names.split(", ").collect();
    names.iter().all(|name| is_site(name)).then(|| (names, orderings.split(", ").collect()))
}

/// `FL-3`.
fn is_site(name: &str) -> bool {
    let Some((layer, number)) = name.split_once('-') else { return false };
    layer.len() == 2
        && layer.bytes().all(|byte| byte.is_ascii_uppercase())
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use stampool::raw::sync::Ordering::{Acquire, Release};

    use super::*;

    #[test]
    fn tables_say_what_ships_and_the_chapter_has_all() {
        let sites =
            [Site { name: "FL-1", shipped: Acquire }, Site { name: "FL-3", shipped: Release }];
        let count = |chapter: &str, head: &str| {
            let (chapter, head) = (File::of("orderings.md", chapter), File::of("src/x.rs", head));
            check(&sites, &chapter, &[&head]).len()
        };
        let whole = "| site | access | ordering |\n| FL-1 | a | Acquire | w |\n| FL-3 | b | Release | w |\n";
        assert_eq!(count(whole, "//! | FL-1, FL-3 | both | Acquire, Release |"), 0);
        assert_eq!(count(whole, "//! | FL-1 | a | Relaxed |"), 1);
        assert_eq!(count(whole, "//! | FL-1, FL-3 | both | Acquire |"), 1);
        assert_eq!(count(whole, "//! | FL-9 | a | Acquire |"), 1);
        assert_eq!(count("| FL-1 | a | Acquire | w |", "//! | a | b | c |"), 1);
    }
}
