//! `cargo xtask path`: which of our functions an allocation, a refill, a carve and a flush call.
//!
//! Callgrind records the calls of an unoptimised build, in which only functions that are always
//! inlined are missing. A closure counts as part of the function that it is written in. A function
//! that calls none of ours is an accessor: it is listed in brackets behind its first caller, and is
//! not counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::common::workspace;
use crate::instructions;

/// Reads and prints; there is nothing to choose.
#[derive(clap::Args)]
pub(crate) struct Options {}

/// What is printed: a name, the path of `benches/atomics/examples/paths.rs` in which it happens,
/// and the function in which it begins.
const WALKS: [(&str, &str, &str); 5] = [
    ("hit", "hit", "Local::allocate"),
    ("hit (free)", "hit", "Local::deallocate"),
    ("refill", "exchange", "Local::refill"),
    ("carve", "carve", "Shared::grow"),
    ("flush", "exchange", "Local::flush"),
];

/// By function of ours: the functions of ours that it calls, in the order of the record.
type Calls = BTreeMap<String, Vec<String>>;

/// Runs the command.
///
/// # Errors
/// Where valgrind is missing, or a path no longer begins where it did.
pub(crate) fn run(_: &Options) -> Result<()> {
    let example = instructions::build("paths", &[])?;
    let mut counts = Vec::new();
    for (name, path, root) in WALKS {
        let calls = calls(&record(&example, path)?);
        ensure!(calls.contains_key(root), "{path} does not call {root} any more");
        let (lines, count) = walk(&calls, root);
        println!("\n{name}: {count} functions\n{}", lines.join("\n"));
        counts.push(format!("{name} {count}"));
    }
    println!("\nfunctions: {}", counts.join(", "));
    Ok(())
}

/// Callgrind's record of one path.
fn record(example: &Path, path: &str) -> Result<String> {
    let file = workspace::output()?.join(format!("path-{path}.callgrind"));
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--compress-strings=no", "--compress-pos=no"])
        .args(["--toggle-collect=*counted*"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(example)
        .arg(path)
        .output()
        .context("there is no valgrind")?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "callgrind failed on {path}: {text}");
    Ok(fs::read_to_string(file)?)
}

/// The calls among functions of ours in a record.
fn calls(record: &str) -> Calls {
    let (mut calls, mut caller) = (Calls::new(), None);
    for line in record.lines() {
        if let Some(name) = line.strip_prefix("fn=") {
            caller = short(name);
            if let Some(caller) = &caller {
                calls.entry(caller.clone()).or_default();
            }
        } else if let Some(callee) = line.strip_prefix("cfn=").and_then(short)
            && let Some(caller) = caller.as_ref().filter(|caller| **caller != callee)
        {
            let callees = calls.entry(caller.clone()).or_default();
            if !callees.contains(&callee) {
                callees.push(callee);
            }
        }
    }
    calls
}

/// `Type::function` for a function of ours; `None` for others.
fn short(name: &str) -> Option<String> {
    let name = name.split("::{{closure}}").next()?;
    let (owner, function) = name.rsplit_once("::")?;
    let owner = match owner.split_once("<impl ") {
        Some((_, owner)) => owner,
        None => owner.strip_prefix('<').unwrap_or(owner).split(" as ").next()?,
    };
    let path = owner.strip_prefix("stampool::")?;
    let path = path.split(['<', '>']).next()?;
    Some(format!("{}::{function}", path.rsplit("::").next()?))
}

/// The functions that are called from `root` on, each where it is called first, and how many of
/// them are no accessors.
fn walk(calls: &Calls, root: &str) -> (Vec<String>, usize) {
    let is_accessor = |name: &str| calls.get(name).is_none_or(Vec::is_empty);
    let (mut lines, mut count, mut seen) = (Vec::new(), 0, BTreeSet::from([root]));
    let mut open = vec![(root, 1)];
    while let Some((name, depth)) = open.pop() {
        count += 1;
        let callees = calls.get(name).map_or(&[][..], Vec::as_slice);
        let new: Vec<&str> =
            callees.iter().map(String::as_str).filter(|callee| seen.insert(callee)).collect();
        let (accessors, others): (Vec<&str>, Vec<&str>) =
            new.into_iter().partition(|name| is_accessor(name));
        let indent = "  ".repeat(depth);
        lines.push(match accessors.is_empty() {
            true => format!("{indent}{name}"),
            false => format!("{indent}{name} ({})", accessors.join(", ")),
        });
        open.extend(others.into_iter().rev().map(|name| (name, depth + 1)));
    }
    (lines, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shortened_and_others_left_out() {
        let of = |name| short(name).unwrap_or_default();
        assert_eq!(of("stampool::pool::local::Local<S,C>::refill"), "Local::refill");
        assert_eq!(of("stampool::pool::local::Local<S,C>::refill::{{closure}}"), "Local::refill");
        let array = "stampool::slot::array::<impl stampool::slot::SlotRef>::flush::{{closure}}";
        assert_eq!(of(array), "SlotRef::flush");
        let list = "<stampool::tagged::TaggedList as stampool::free_list::MagazineList>::pop";
        assert_eq!(of(list), "TaggedList::pop");
        assert_eq!(of("stampool::checking::batch::enters"), "batch::enters");
        assert_eq!(of("core::option::Option<T>::map"), "");
        assert_eq!(of("<portable_atomic::AtomicU128 as stampool::head::Word>::load"), "");
    }

    #[test]
    fn each_function_stands_where_it_is_called_first() {
        let record = "fn=stampool::a::A::root\ncfn=stampool::a::A::get\ncfn=stampool::b::B::step\n\
                      fn=core::ops::call\ncfn=stampool::a::A::root::{{closure}}\n\
                      fn=stampool::a::A::root::{{closure}}\ncfn=stampool::c::C::step\n\
                      fn=stampool::b::B::step\ncfn=stampool::a::A::get\ncfn=stampool::c::C::step\n\
                      fn=stampool::c::C::step\ncfn=stampool::c::C::len\n\
                      fn=stampool::a::A::get\nfn=stampool::c::C::len\n";
        let (lines, count) = walk(&calls(record), "A::root");
        assert_eq!(lines, ["  A::root (A::get)", "    B::step", "    C::step (C::len)"]);
        assert_eq!(count, 3);
    }
}
