//! The `ORDERING(NAME)` comments against the table of ordering sites.

use stampool::raw::sync::site::Site;

use super::files::File;
use super::finding::Finding;

/// How an ordering is spelt in a tag.
const ORDERINGS: [&str; 5] = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

/// One `ORDERING(NAME)` comment.
pub(crate) struct Tag {
    path: String,
    line: usize,
    /// The site it is about.
    pub(crate) site: String,
    /// What follows, up to the next tag or the comment's end, on one line.
    text: String,
}

impl Tag {
    /// The scenarios that fail when the site is weakened: "killed by list/aba, list/pop_push".
    pub(crate) fn killers(&self) -> Vec<&str> {
        let Some((_, after)) = self.text.split_once("killed by ") else { return Vec::new() };
        let mut names = Vec::new();
        for word in after.split_whitespace() {
            names.push(word.trim_end_matches(['.', ',', ';']));
            if !word.ends_with(',') {
                break;
            }
        }
        names
    }

    fn is_argued(&self) -> bool {
        self.text.contains("argued in xtask/src/weaken")
    }

    /// The ordering that the tag states first, if it states one.
    fn ordering(&self) -> Option<&str> {
        let first =
            self.text.split(|char: char| !char.is_alphanumeric()).find(|w| !w.is_empty())?;
        ORDERINGS.contains(&first).then_some(first)
    }
}

/// All tags of the core, those of the facade apart: it only explains them.
pub(crate) fn read(files: &[File]) -> Vec<Tag> {
    let core = |file: &&File| file.path.starts_with("src/") && !file.path.starts_with("src/sync/");
    files.iter().filter(core).flat_map(read_file).collect()
}

fn read_file(file: &File) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    let mut open = false;
    for (number, line) in file.text.lines().enumerate() {
        let Some(comment) = line.trim_start().strip_prefix("//") else {
            open = false;
            continue;
        };
        if let Some((name, text)) =
            comment.trim_start().strip_prefix("ORDERING(").and_then(|tag| tag.split_once("):"))
        {
            let (path, site, text) = (file.path.clone(), name.into(), text.trim().into());
            tags.push(Tag { path, line: number + 1, site, text });
            open = true;
        } else if let Some(tag) = tags.last_mut().filter(|_| open) {
            tag.text += " ";
            tag.text += comment.trim();
        }
    }
    tags
}

/// What is wrong with the tags: `scenarios` is the text that registers scenarios, `argued` the
/// sites whose weakening stands as equivalent.
pub(super) fn check(
    tags: &[Tag],
    sites: &[Site],
    scenarios: &str,
    argued: &[&str],
) -> Vec<Finding> {
    let of_tags = tags.iter().flat_map(|tag| {
        let wrong = wrong_tag(tag, sites, scenarios, argued);
        wrong.into_iter().map(|what| Finding { path: tag.path.clone(), line: tag.line, what })
    });
    let of_sites = sites.iter().filter_map(|site| {
        let what = wrong_site(site, tags)?;
        Some(Finding { path: "src/sync/site.rs".into(), line: 1, what })
    });
    of_tags.chain(of_sites).collect()
}

fn wrong_tag(tag: &Tag, sites: &[Site], scenarios: &str, argued: &[&str]) -> Vec<String> {
    let name = &tag.site;
    let Some(site) = sites.iter().find(|site| site.name == *name) else {
        return vec![format!("{name} is not in the table of sites")];
    };
    let mut wrong = Vec::new();
    let shipped = format!("{:?}", site.shipped);
    if let Some(stated) = tag.ordering()
        && stated != shipped
    {
        wrong.push(format!("{name} ships {shipped}, the tag says {stated}"));
    }
    for killer in tag.killers() {
        if !scenarios.contains(&format!("\"{killer}\"")) {
            wrong.push(format!("{name} is killed by `{killer}`, which is no scenario"));
        }
    }
    if tag.is_argued() && !argued.contains(&&**name) {
        wrong.push(format!("{name} is not argued in xtask/src/weaken"));
    }
    wrong
}

fn wrong_site(site: &Site, tags: &[Tag]) -> Option<String> {
    let name = site.name;
    let mut of_site = tags.iter().filter(|tag| tag.site == name).peekable();
    if of_site.peek().is_none() {
        return Some(format!("{name} has no tag"));
    }
    let backed = |tag: &Tag| tag.is_argued() || !tag.killers().is_empty();
    let must_be = !site.weaker().is_empty();
    (must_be && !of_site.any(backed)).then(|| format!("no tag of {name} names what kills it"))
}

#[cfg(test)]
mod tests {
    use stampool::raw::sync::Ordering;

    use super::*;

    const SITES: [Site; 2] = [
        Site { name: "A-1", shipped: Ordering::Acquire },
        Site { name: "A-2", shipped: Ordering::Relaxed },
    ];
    const GOOD: &str = "
        // ORDERING(A-1): Acquire. Observes it.
        //   pairs with A-2; killed by list/aba
        // ORDERING(A-2): Relaxed on success.
        x();
        // killed by nothing: not part of a tag
    ";

    fn findings(text: &str, argued: &[&str]) -> Vec<String> {
        let file = File { path: "src/x.rs".into(), text: text.into() };
        let facade = File { path: "src/sync/x.rs".into(), text: "// ORDERING(B-9): x".into() };
        let scenarios = "name: \"list/aba\", name: \"list/aba_2\"";
        check(&read(&[file, facade]), &SITES, scenarios, argued)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn good_tags_are_fine() {
        assert_eq!(findings(GOOD, &[]), Vec::<String>::new());
        assert!(findings(&GOOD.replace("list/aba", "list/aba, list/aba_2."), &[]).is_empty());
    }

    #[test]
    fn each_fault_is_found() {
        for (good, bad, what) in [
            ("A-2): Relaxed", "A-3): Relaxed", "A-3 is not in the table"),
            ("ORDERING(A-2)", "ORDERED(A-2)", "A-2 has no tag"),
            ("Acquire.", "Relaxed.", "ships Acquire, the tag says Relaxed"),
            ("; killed by list/aba", "", "no tag of A-1 names what kills it"),
            ("list/aba", "list/ab", "which is no scenario"),
            ("killed by list/aba", "argued in xtask/src/weaken", "A-1 is not argued"),
        ] {
            let found = findings(&GOOD.replace(good, bad), &[]);
            assert!(found.iter().any(|finding| finding.contains(what)), "{bad}: {found:?}");
        }
    }

    #[test]
    fn an_argued_site_needs_no_killer() {
        let text = GOOD.replace("killed by list/aba", "argued in xtask/src/weaken");
        assert!(findings(&text, &["A-1"]).is_empty());
    }
}
