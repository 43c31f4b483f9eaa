//! The mutants under porf: which row kills which, and which mutants no row can see.

use anyhow::{Result, ensure};

use super::{Killer, Mutant};

/// Mutants that another row kills than the one of the scenario that loom or shuttle runs, or that
/// only a test kills otherwise.
const KILLERS: &[(&str, &str)] = &[
    ("a popper that leaves before its exchange", "Quiescent/list/pop_push_3/"),
    ("nobody counts what arrives in a shard", "TaggedPacked/mediator/shards_behind_two_looks/"),
];

/// Mutants with a row as their killer that no row of porf can see, with the reason.
const NOT_SEEN: &[(&str, &str)] = &[(
    "several partial magazines taken by one request",
    "needs three threads that leave and come back, which porf does not exhaust; shuttle samples it",
)];

/// Mutants that porf meets as a data race, before an outcome can show what loom shows.
const RACES: &[&str] = &["a slot claimed by a load and a store"];

/// How every data race is reported. porf may meet another pair of accesses first than loom.
const RACE: &str = "Causality violation: Concurrent";

/// The `mutants` that rows of porf must kill, with those as their killers. Says which of the others
/// are not asked.
///
/// # Errors
/// If the tables above name what there is not.
pub(super) fn asked(mutants: &[(usize, &Mutant)]) -> Result<Vec<(usize, Mutant)>> {
    let all = super::list::all();
    let names = KILLERS.iter().chain(NOT_SEEN).map(|(name, _)| name).chain(RACES);
    for name in names {
        ensure!(all.iter().any(|mutant| mutant.name == *name), "no mutant is called `{name}`");
    }
    let mut asked = Vec::new();
    for (number, mutant) in mutants {
        let not_seen = NOT_SEEN.iter().find(|(name, _)| *name == mutant.name);
        match (not_seen, row_of(mutant)) {
            (Some((name, reason)), _) => println!("not seen by a row of porf: {name}: {reason}"),
            (None, Some(row)) => asked.push((*number, under_porf(mutant, row))),
            (None, None) => println!("a test of the library alone: {}", mutant.name),
        }
    }
    Ok(asked)
}

/// The part of the keys of the rows that kill the mutant.
fn row_of(mutant: &Mutant) -> Option<&'static str> {
    if let Some((_, row)) = KILLERS.iter().find(|(name, _)| *name == mutant.name) {
        return Some(row);
    }
    match mutant.killer {
        Killer::Loom(part) | Killer::Shuttle(part) | Killer::Porf(part) => Some(scenario(part)),
        Killer::Test { .. } => None,
    }
}

/// A part of a key without the checker and what follows.
fn scenario(part: &'static str) -> &'static str {
    let at = ["/loom/", "/shuttle-"].iter().find_map(|checker| part.find(checker));
    at.map_or(part, |at| &part[..=at])
}

fn under_porf(mutant: &Mutant, row: &'static str) -> Mutant {
    let Mutant { name, edits, words, .. } = *mutant;
    let is_race = words.starts_with(RACE) || RACES.contains(&name);
    let words = if is_race { RACE } else { words };
    Mutant { name, edits, killer: Killer::Porf(row), words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_another_checker_stands_for_its_scenario() {
        assert_eq!(scenario("TaggedPacked/list/aba/loom/"), "TaggedPacked/list/aba/");
        assert_eq!(scenario("S/pool/x/shuttle-dfs/"), "S/pool/x/");
        assert_eq!(scenario("Rundown/rundown/enter_close/"), "Rundown/rundown/enter_close/");
    }

    #[test]
    fn the_tables_name_mutants_that_there_are() {
        assert!(asked(&[]).is_ok());
    }
}
