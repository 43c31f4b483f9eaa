//! Merges the ledgers of shards into the ledger of the whole run. It is an error if a row is
//! missing, occurs twice, or is of another build.

use std::collections::{BTreeMap, BTreeSet};

use super::Shard;
use super::file::{Ledger, Plan};

/// A ledger and the name of its file.
pub(super) type Named = (String, Ledger);

/// The ledger of the whole run, or all errors.
pub(super) fn merge(files: &[Named]) -> Result<Ledger, Vec<String>> {
    let Some((first_name, first)) = files.first() else {
        return Err(vec!["no file to merge".into()]);
    };
    let strange: Vec<String> = files[1..]
        .iter()
        .flat_map(|(name, ledger)| {
            let of_other_run = other_run(&first.plan, &ledger.plan);
            of_other_run.into_iter().map(move |what| format!("{name} against {first_name}: {what}"))
        })
        .collect();
    // Ledgers of different runs are not compared further.
    if !strange.is_empty() {
        return Err(strange);
    }
    let faults = gaps_and_doubles(&first.plan, files);
    if !faults.is_empty() {
        return Err(faults);
    }
    let plan = Plan { shard: Shard::WHOLE, ..first.plan.clone() };
    let rows = files.iter().flat_map(|(_, ledger)| ledger.rows.iter().cloned()).collect();
    Ok(Ledger::new(plan, rows))
}

/// The differences that show that `other` is not of the same run as `first`.
fn other_run(first: &Plan, other: &Plan) -> Vec<String> {
    let mut all: Vec<String> = first.build.differences(&other.build);
    if first.shard.n != other.shard.n {
        all.push(format!("shard {} is of another split than {}", other.shard, first.shard));
    }
    if first.selection != other.selection {
        let (this, that) = (&first.selection, &other.selection);
        all.push(format!("another selection of rows: {that:?}, not {this:?}"));
    }
    all.extend(lists("registered", &first.registered, &other.registered));
    all.extend(lists("asked for", &first.asked, &other.asked));
    all
}

fn lists(what: &str, first: &[String], other: &[String]) -> Vec<String> {
    let set = |keys: &[String]| keys.iter().cloned().collect::<BTreeSet<_>>();
    let (first, other) = (set(first), set(other));
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>, word| {
        a.difference(b).map(|key| format!("{key} is {word} {what}")).collect::<Vec<_>>()
    };
    [only(&first, &other, "not"), only(&other, &first, "only here")].concat()
}

/// The rows that no shard ran, that two shards ran, and that are in the wrong shard.
fn gaps_and_doubles(plan: &Plan, files: &[Named]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut ran: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut shards: BTreeMap<Shard, Vec<&str>> = BTreeMap::new();
    for (name, ledger) in files {
        shards.entry(ledger.plan.shard).or_default().push(name);
        for row in &ledger.rows {
            ran.entry(row.key()).or_default().push(name);
            if !ledger.plan.shard.has(&row.key()) {
                faults.push(format!(
                    "{} does not belong to shard {}, {name}",
                    row.key(),
                    ledger.plan.shard
                ));
            }
        }
    }
    for (shard, names) in shards.iter().filter(|(_, names)| names.len() > 1) {
        faults.push(format!("shard {shard} is there more than once: {}", names.join(", ")));
    }
    let missing = (1..=plan.shard.n).map(|k| Shard { k, ..plan.shard });
    faults.extend(
        missing
            .filter(|shard| !shards.contains_key(shard))
            .map(|shard| format!("shard {shard} is missing")),
    );
    let asked: BTreeSet<&str> = plan.asked.iter().map(String::as_str).collect();
    for key in asked.iter().filter(|key| !ran.contains_key(**key)) {
        faults.push(format!("gap: nobody ran {key}"));
    }
    for (key, names) in &ran {
        if names.len() > 1 {
            faults.push(format!("double: {key} was run in {}", names.join(", ")));
        }
        if !asked.contains(&**key) {
            faults.push(format!("{key} was not asked for, {}", names[0]));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::{plan, row};
    use super::*;

    const SCENARIOS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

    /// The ledgers of all shards of a run of `n`.
    fn shards(n: u32) -> Vec<Named> {
        let ledger = |k| {
            let plan = plan(&format!("{k}/{n}"), &SCENARIOS);
            let mine = |scenario: &&&str| plan.shard.has(&row(scenario).key());
            let rows = SCENARIOS.iter().filter(mine).map(|scenario| row(scenario)).collect();
            (format!("f{k}"), Ledger::new(plan, rows))
        };
        (1..=n).map(ledger).collect()
    }

    fn change(named: &mut Named, change: impl FnOnce(&mut Ledger)) {
        change(&mut named.1);
        named.1 = Ledger::new(named.1.plan.clone(), named.1.rows.clone());
    }

    #[track_caller]
    fn refused(files: &[Named], words: &str) -> Vec<String> {
        let faults = merge(files).unwrap_err();
        assert!(faults.iter().any(|fault| fault.contains(words)), "{faults:?}");
        faults
    }

    #[test]
    fn shards_make_the_whole_in_any_order() {
        let whole = shards(1).remove(0).1;
        for n in 1..=17 {
            let mut files = shards(n);
            assert_eq!(merge(&files), Ok(whole.clone()), "{n} shards");
            files.reverse();
            assert_eq!(merge(&files), Ok(whole.clone()), "{n} shards backwards");
        }
    }

    #[test]
    fn a_gap_is_named() {
        let mut files = shards(3);
        let full = files.iter().position(|(_, ledger)| !ledger.rows.is_empty()).unwrap();
        let lost = files[full].1.rows[0].key();
        change(&mut files[full], |ledger| _ = ledger.rows.remove(0));
        assert_eq!(refused(&files, &format!("gap: nobody ran {lost}")).len(), 1);
        files.remove(full);
        refused(&files, "is missing");
        assert!(merge(&[]).is_err());
    }

    #[test]
    fn a_double_is_named() {
        let mut files = shards(3);
        let again = files.iter().find(|(_, ledger)| !ledger.rows.is_empty()).unwrap().clone();
        let key = again.1.rows[0].key();
        files.push(("again".into(), again.1.clone()));
        refused(&files, &format!("double: {key} was run in f"));
        refused(&files, "is there more than once");
        // The same row twice in one file.
        let mut files = shards(1);
        change(&mut files[0], |ledger| ledger.rows.push(row("a")));
        assert_eq!(refused(&files, "double: s/a/loom/unbounded").len(), 1);
    }

    #[test]
    fn strangers_are_refused() {
        let mut files = shards(3);
        files[1] = shards(2).remove(1);
        refused(&files, "shard 2/2 is of another split than 1/3");
        for (words, make) in [
            ("f2 against f1: sources x", (|plan| plan.build.sources = "x".into()) as fn(&mut Plan)),
            ("toolchain x, not t", |plan| plan.build.toolchain = "x".into()),
            ("s/h/loom/unbounded is not registered", |plan| _ = plan.registered.pop()),
            ("new is only here registered", |plan| plan.registered.push("new".into())),
            ("another selection of rows", |plan| plan.selection.tier = 3),
        ] {
            let mut files = shards(3);
            change(&mut files[1], |ledger| make(&mut ledger.plan));
            refused(&files, words);
        }
        let mut files = shards(1);
        change(&mut files[0], |ledger| ledger.rows.push(row("z")));
        refused(&files, "s/z/loom/unbounded was not asked for");
        let mut files = shards(2);
        let moved = files[0].1.rows[0].clone();
        change(&mut files[0], |ledger| _ = ledger.rows.remove(0));
        change(&mut files[1], |ledger| ledger.rows.push(moved));
        refused(&files, "does not belong to shard 2/2, f2");
    }

    #[test]
    fn another_machine_is_no_stranger() {
        let mut files = shards(2);
        change(&mut files[1], |ledger| ledger.plan.build.binaries = "elsewhere".into());
        assert!(merge(&files).is_ok());
    }
}
