//! No circles between files: if a file imports from another file, the other file does not import
//! from it, directly or through further files.
//!
//! An import is a path to something that the other file defines: in a `use`, or in the code. A
//! re-export (`pub use`, of any visibility) is not an import, and a file that imports a name
//! through it imports from the file that defines the name. So a `mod.rs` that only declares its
//! children and exports from them is in no circle, and the children may import from a parent whose
//! own code uses nothing of theirs. If a parent both uses its children and defines what they need,
//! that definition is in the wrong file. Tests are excluded, because they import what they test.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::Result;

use super::files::File;
use super::finding::Finding;
use super::modules::{self, Modules, Target};
use super::paths::{Mention, Stands};

/// For each file: what it imports, from which file, and in which line.
type Imports = BTreeMap<String, BTreeMap<String, (usize, String)>>;

/// The circles of all crates.
///
/// # Errors
/// Where a file is not made of Rust's tokens.
pub(super) fn check(files: &[File]) -> Result<Vec<Finding>> {
    let texts = files.iter().map(|file| (&*file.path, &*file.text)).collect();
    let mut findings = BTreeMap::new();
    for root in files.iter().filter(|file| is_root(&file.path)) {
        let imports = imports(&modules::read(&root.path, &texts)?);
        for knot in knots(&imports) {
            let names: Vec<String> = knot.into_iter().collect();
            findings.insert(names.clone(), finding(&imports, &names));
        }
    }
    Ok(findings.into_values().collect())
}

/// Whether a crate begins with this file.
fn is_root(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match *parts {
        [.., "src", "lib.rs" | "main.rs"] | [.., "src", "bin", _] => true,
        [.., "src", "bin", _, "main.rs"] => true,
        [.., "tests" | "examples" | "fuzz_targets", _] => !path.contains("/src/"),
        _ => false,
    }
}

/// The imports between the files.
fn imports(modules: &Modules) -> Imports {
    let mut imports = Imports::new();
    for (path, module) in modules.all() {
        for (file, mention) in &module.mentions {
            if mention.in_test || !counts(mention, &module.mentions) {
                continue;
            }
            let Some(Target::Item(of)) = modules.resolve(path, mention) else { continue };
            if of == path {
                continue;
            }
            for other in modules.files(&of).iter().filter(|other| *other != file) {
                let import = (mention.line, mention.path.join("::"));
                imports.entry(file.clone()).or_default().entry(other.clone()).or_insert(import);
            }
        }
    }
    imports
}

/// Whether a mention imports: a re-export does not, and a name alone does only where it uses what
/// the file exports again (a lower-case one where it is called: others are variables).
fn counts(mention: &Mention, all: &[(String, Mention)]) -> bool {
    match mention.stands {
        Stands::Reexport => false,
        Stands::Import => true,
        Stands::Code if mention.path.len() > 1 => true,
        Stands::Code => {
            let is_type = mention.name.starts_with(char::is_uppercase);
            let exported =
                |other: &Mention| other.stands == Stands::Reexport && other.name == mention.name;
            (is_type || mention.is_called) && all.iter().any(|(_, other)| exported(other))
        }
    }
}

/// The largest sets of files in which each imports from each, over others of the set.
fn knots(imports: &Imports) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        imports.keys().map(|file| (file, reachable(imports, file))).collect();
    let mut knots = BTreeSet::new();
    for (file, others) in &reached {
        if others.contains(file) {
            let mutual = others
                .iter()
                .filter(|other| reached.get(*other).is_some_and(|back| back.contains(file)));
            knots.insert(mutual.map(|other| (*other).clone()).collect());
        }
    }
    knots.into_iter().collect()
}

fn reachable<'a>(imports: &'a Imports, from: &str) -> BTreeSet<&'a String> {
    let mut seen = BTreeSet::new();
    let mut todo = vec![from];
    while let Some(file) = todo.pop() {
        for next in imports.get(file).into_iter().flat_map(BTreeMap::keys) {
            if seen.insert(next) {
                todo.push(next);
            }
        }
    }
    seen
}

/// Names the shortest circle of a knot, import by import.
fn finding(imports: &Imports, knot: &[String]) -> Finding {
    let circles = knot.iter().filter_map(|file| circle(imports, file));
    let circle = circles.min_by_key(Vec::len).expect("a knot has a circle");
    let mut what = String::from("files import from each other: ");
    for (file, next) in circle.iter().zip(circle.iter().cycle().skip(1)) {
        let (line, path) = &imports[file][next];
        what += &format!("{file}:{line} imports `{path}` from {next}; ");
    }
    if knot.len() > circle.len() {
        what += &format!("{} files hang together so: {}; ", knot.len(), knot.join(", "));
    }
    what += "move what both need to a file of its own, or to the one that defines what it is about";
    let line = imports[&circle[0]][&circle[1]].0;
    Finding { path: circle[0].clone(), line, what }
}

/// The shortest way from a file back to itself.
fn circle(imports: &Imports, start: &str) -> Option<Vec<String>> {
    let mut ways = VecDeque::from([vec![start.to_string()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let last = way.last().expect("a way begins");
        for next in imports.get(last).into_iter().flat_map(BTreeMap::keys) {
            if next == start {
                return Some(way);
            }
            if seen.insert(next) {
                ways.push_back([&*way, core::slice::from_ref(next)].concat());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<File> = files.iter().map(|(path, text)| File::of(path, text)).collect();
        let found = check(&files).unwrap();
        found.iter().map(ToString::to_string).collect()
    }

    /// Whether the files, below a root that declares `a`, `b` and `c`, have a circle.
    fn is_circle(files: &[(&str, &str)]) -> bool {
        let root = [("x/src/lib.rs", "mod a; mod b; mod c;")];
        !findings(&[&root, files].concat()).is_empty()
    }

    const A: &str = "x/src/a.rs";
    const B: &str = "x/src/b.rs";
    const C: &str = "x/src/c.rs";
    const A_MOD: &str = "x/src/a/mod.rs";
    const A_CHILD: &str = "x/src/a/child.rs";

    #[test]
    fn a_circle_of_two_is_named_file_by_file() {
        let found = findings(&[
            ("x/src/lib.rs", "mod a; mod b;"),
            (A, "use crate::b::B;\nstruct A;"),
            (B, "struct B;\nfn f(a: super::a::A) {}"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        for part in [
            "x/src/a.rs:1: ",
            "x/src/a.rs:1 imports `crate::b::B` from x/src/b.rs",
            "x/src/b.rs:2 imports `super::a::A` from x/src/a.rs",
            "move what both need",
        ] {
            assert!(found[0].contains(part), "{part}: {found:?}");
        }
    }

    #[test]
    fn a_circle_of_three_is_found_and_a_chain_is_none() {
        let (a, b) = ((A, "use crate::b::B; struct A;"), (B, "use crate::c::C; struct B;"));
        assert!(is_circle(&[a, b, (C, "use crate::a::A; struct C;")]));
        assert!(!is_circle(&[a, b, (C, "struct C;")]));
    }

    #[test]
    fn an_import_through_a_reexport_is_one_from_the_file_that_defines() {
        let parent = (A_MOD, "mod child; pub(crate) use child::{Thing as Other};");
        let child = (A_CHILD, "use crate::b::B; struct Thing;");
        assert!(is_circle(&[parent, child, (B, "use crate::a::Other; struct B;")]));
        assert!(is_circle(&[parent, child, (B, "use crate::a; fn f() { a::Other } struct B;")]));
        // Another child's name does not close it.
        let parent = (A_MOD, "mod child; mod leaf; pub use child::Thing; pub use leaf::*;");
        let leaf = ("x/src/a/leaf.rs", "struct Leaf;");
        assert!(!is_circle(&[parent, child, leaf, (B, "use crate::a::Leaf; struct B;")]));
        assert!(is_circle(&[parent, child, leaf, (B, "use crate::a::Thing; struct B;")]));
    }

    #[test]
    fn a_parent_that_only_declares_and_exports_may_be_imported_from() {
        let child = (A_CHILD, "use super::Kept; pub struct Thing; pub fn thing(_: Kept) {}");
        let parent =
            "mod child; pub use child::{Thing, thing}; pub struct Kept; fn f(thing: u8) {}";
        assert!(!is_circle(&[(A_MOD, parent), child]));
        for own_use in [
            "use child::Thing as T;",
            "fn g() { child::thing(Kept) }",
            "fn g(_: Thing) {}",
            "fn g() { thing(Kept) }",
        ] {
            assert!(is_circle(&[(A_MOD, &format!("{parent} {own_use}")), child]), "{own_use}");
        }
    }

    #[test]
    fn tests_and_inline_modules_may_import_what_is_around_them() {
        let b = (B, "use crate::a::A; struct B;");
        let test = "struct A; #[cfg(test)] mod tests { use super::*; use crate::b::B; }";
        assert!(!is_circle(&[(A, test), b]));
        assert!(!is_circle(&[(A, "struct A; mod m { use super::A; pub struct M; }")]));
        assert!(is_circle(&[(A, "struct A; mod m { use super::super::b::B; }"), b]));
    }

    #[test]
    fn each_file_that_a_cfg_chooses_counts() {
        let parent = "#[cfg(y)] #[path = \"one.rs\"] mod child; #[cfg(z)] #[path = \"two.rs\"] mod child; pub use child::Thing;";
        let (one, two) = ("x/src/a/one.rs", "x/src/a/two.rs");
        let b = (B, "use crate::a::Thing; struct B;");
        let text = "use crate::b::B; struct Thing;";
        assert!(is_circle(&[(A_MOD, parent), (one, text), (two, "struct Thing;"), b]));
        assert!(is_circle(&[(A_MOD, parent), (one, "struct Thing;"), (two, text), b]));
    }
}
