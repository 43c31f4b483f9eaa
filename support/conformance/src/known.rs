//! What is known of the allocators under test: the rules that they break, and how.

use std::collections::BTreeMap;

/// What the kit finds: by rule, how it was broken.
pub(crate) type Found = BTreeMap<String, &'static str>;

/// A finding. `papers/allocators.md` says what it means.
struct Known {
    name: &'static str,
    clause: &'static str,
    what: &'static str,
}

const UNWOUND: &str = "the call unwound";

const KNOWN: &[Known] = &[
    // Asks its source for a region of more bytes than a layout may have.
    Known { name: "blink-alloc", clause: "A6", what: UNWOUND },
    Known { name: "blink-alloc, sync", clause: "A6", what: UNWOUND },
    Known { name: "talc", clause: "A6", what: UNWOUND },
    // `AllocatorSource` obtains regions without an alignment, and its drop releases them with one.
    Known { name: "talc", clause: "Source", what: "a region went back with another layout" },
];

/// What was found and is not known, and what is known and was not found.
pub(crate) fn differences(name: &str, found: &Found) -> Vec<String> {
    let known = || KNOWN.iter().filter(|known| known.name == name);
    let is_known = |(clause, what): &(&String, &&str)| {
        known().any(|known| known.clause == *clause && known.what == **what)
    };
    let new = found.iter().filter(|finding| !is_known(finding));
    let new = new.map(|(clause, what)| format!("{name}: new: {clause}, {what}"));
    let gone = known().filter(|known| found.get(known.clause) != Some(&known.what));
    let gone = gone.map(|known| format!("{name}: gone: {}, {}", known.clause, known.what));
    new.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_and_what_is_gone_are_differences() {
        let found = |pairs: &[(&str, &'static str)]| -> Found {
            pairs.iter().map(|(clause, what)| ((*clause).to_owned(), *what)).collect()
        };
        assert!(differences("blink-alloc", &found(&[("A6", UNWOUND)])).is_empty());
        assert!(differences("rlsf", &Found::new()).is_empty());
        assert_eq!(differences("rlsf", &found(&[("A1", "x")])), ["rlsf: new: A1, x"]);
        assert_eq!(
            differences("blink-alloc", &Found::new()),
            ["blink-alloc: gone: A6, the call unwound"]
        );
        assert_eq!(differences("blink-alloc", &found(&[("A6", "y")])).len(), 2);
    }
}
