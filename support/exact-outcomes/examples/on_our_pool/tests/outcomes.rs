//! `RUSTFLAGS='--cfg stampool_model="porf"' cargo test` runs this: the stack, the pool below it and
//! its lists, all on porf's atomics.
#![cfg(stampool_model = "porf")]

use exact_outcomes::{Porf, Scenario};
use on_our_pool::Stack;

#[derive(Clone, Debug)]
enum Op {
    Push(u64),
    Pop,
}
use Op::{Pop, Push};

/// What a stack is, for one thread alone. Tells what was popped.
fn of_one_thread(stack: &mut Vec<u64>, op: &Op) -> Option<u64> {
    match *op {
        Push(value) => stack.push(value),
        Pop => return stack.pop(),
    }
    None
}

fn check(scenario: Scenario<Vec<u64>, Op, Option<u64>>) {
    let checked = scenario.check_threads(&Porf::default(), Stack::new, |stack, steps| {
        let handle = stack.handle().expect("memory for a cache");
        steps.each(|op| match *op {
            Push(value) => {
                handle.push(value).expect("memory for a node");
                None
            }
            Pop => handle.pop(),
        });
    });
    match checked {
        Ok(all) => println!("{} executions, {} outcomes", all.executions, all.outcomes.len()),
        Err(fault) => panic!("{fault}"),
    }
}

#[test]
fn a_pop_beside_a_push() {
    let scenario = Scenario::new(Vec::new(), of_one_thread).before([Push(1)]);
    check(scenario.thread([Pop]).thread([Push(2)]).after([Pop, Pop]));
}

/// A node comes off while a thread looks at it, and goes back on top with another value.
#[test]
fn a_node_that_is_used_again() {
    let scenario = Scenario::new(Vec::new(), of_one_thread).before([Push(1)]);
    check(scenario.thread([Pop]).thread([Pop, Push(2)]).after([Pop]));
}
