//! `RUSTFLAGS="--cfg loom" cargo test` runs this. The package named loom is porf: see Cargo.toml.
#![cfg(loom)]

use exact_outcomes::{Porf, Scenario};
use own_stack::Stack;

#[derive(Clone, Debug)]
enum Op {
    Push(u32),
    Pop,
}
use Op::{Pop, Push};

/// What a stack is, for one thread alone. Tells what was popped.
fn of_one_thread(stack: &mut Vec<u32>, op: &Op) -> Option<u32> {
    match *op {
        Push(value) => stack.push(value),
        Pop => return stack.pop(),
    }
    None
}

fn check(scenario: Scenario<Vec<u32>, Op, Option<u32>>) {
    let checked = scenario.check(&Porf::default(), Stack::default, |stack, op| match *op {
        Push(value) => {
            stack.push(value);
            None
        }
        Pop => stack.pop(),
    });
    match checked {
        Ok(all) => println!("{} executions, {} outcomes", all.executions, all.outcomes.len()),
        Err(fault) => panic!("{fault}"),
    }
}

#[test]
fn a_pop_beside_a_push() {
    check(Scenario::new(Vec::new(), of_one_thread).thread([Pop, Pop]).thread([Push(1), Push(2)]));
}

#[test]
fn two_pops_and_what_is_left() {
    let scenario = Scenario::new(Vec::new(), of_one_thread).before([Push(1), Push(2)]);
    check(scenario.thread([Pop]).thread([Pop, Push(3)]).after([Pop, Pop]));
}
