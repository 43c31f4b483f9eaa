//! Random programs are of use only if they show faults of the model.

use std::collections::BTreeSet;

use rc11_reference::{Change, Graph, Program, executions, executions_with, random_ring};

/// Rings, with their graphs.
fn rings(threads: usize, programs: u64) -> Vec<(Program, BTreeSet<Graph>)> {
    let programs = (0..programs).map(|number| random_ring(threads, 1, number));
    programs.map(|program| (program.clone(), executions(&program).graphs)).collect()
}

#[test]
fn random_programs_show_every_fault() {
    let families = [rings(2, 500), rings(3, 3_000)];
    let mut unseen = Vec::new();
    for change in Change::ALL {
        let shows = |(program, graphs): &(Program, BTreeSet<Graph>)| {
            executions_with(program, Some(*change)).graphs != *graphs
        };
        let first = families.each_ref().map(|programs| programs.iter().position(shows));
        println!("{change:?}: shown by number {first:?} of the rings of two and three threads");
        if first == [None, None] {
            unseen.push(change);
        }
    }
    assert!(unseen.is_empty(), "{unseen:?}");
}
