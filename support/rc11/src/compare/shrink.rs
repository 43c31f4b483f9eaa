//! Reduces a program on which a check fails to a small one on which it still fails.

use crate::program::{Guard, Op, Order, Program, Step, Value};

/// Simpler orderings of the same kind of access, the simplest first.
fn weaker(order: Order, legal: &[Order]) -> Vec<Order> {
    legal.iter().copied().take_while(|simple| *simple != order).collect()
}

const LOADS: &[Order] = &[Order::Relaxed, Order::Acquire, Order::SeqCst];
const STORES: &[Order] = &[Order::Relaxed, Order::Release, Order::SeqCst];
const UPDATES: &[Order] =
    &[Order::Relaxed, Order::Acquire, Order::Release, Order::AcqRel, Order::SeqCst];

fn smaller(value: Value) -> Vec<Value> {
    match value {
        Value::Number(number) => (1..number).map(Value::Number).collect(),
        Value::LastRead => vec![Value::Number(1)],
    }
}

/// Simpler operations.
fn simpler(op: Op) -> Vec<Op> {
    let mut found = Vec::new();
    match op {
        Op::Load(at, order) => {
            found.extend(weaker(order, LOADS).into_iter().map(|o| Op::Load(at, o)));
        }
        Op::Store(at, value, order) => {
            found.extend(weaker(order, STORES).into_iter().map(|o| Op::Store(at, value, o)));
            found.extend(smaller(value).into_iter().map(|v| Op::Store(at, v, order)));
        }
        Op::Add(at, value, order) => {
            found.extend([Op::Load(at, Order::Relaxed), Op::Store(at, value, Order::Relaxed)]);
            found.extend(weaker(order, UPDATES).into_iter().map(|o| Op::Add(at, value, o)));
            found.extend(smaller(value).into_iter().map(|v| Op::Add(at, v, order)));
        }
        Op::Swap(at, value, order) => {
            found.extend([Op::Load(at, Order::Relaxed), Op::Store(at, value, Order::Relaxed)]);
            found.extend(weaker(order, UPDATES).into_iter().map(|o| Op::Swap(at, value, o)));
            found.extend(smaller(value).into_iter().map(|v| Op::Swap(at, v, order)));
        }
        Op::Exchange(at, old, new, success, failure) => {
            found.extend([Op::Load(at, Order::Relaxed), Op::Store(at, new, Order::Relaxed)]);
            found.push(Op::Swap(at, new, success));
            let exchange = |success, failure| Op::Exchange(at, old, new, success, failure);
            found.extend(weaker(success, UPDATES).into_iter().map(|o| exchange(o, failure)));
            found.extend(weaker(failure, LOADS).into_iter().map(|o| exchange(success, o)));
            let values = smaller(new).into_iter();
            found.extend(values.map(|v| Op::Exchange(at, old, v, success, failure)));
        }
        Op::Fence(order) => {
            found.extend(weaker(order, &UPDATES[1..]).into_iter().map(Op::Fence));
        }
    }
    found
}

/// Programs that are one change simpler.
fn candidates(program: &Program) -> Vec<Program> {
    let mut found = Vec::new();
    let mut add = |change: &dyn Fn(&mut Program)| {
        let mut candidate = program.clone();
        change(&mut candidate);
        found.push(candidate);
    };
    for thread in 0..program.threads.len() {
        add(&|candidate| drop(candidate.threads.remove(thread)));
    }
    for (thread, steps) in program.threads.iter().enumerate() {
        for (number, step) in steps.iter().enumerate() {
            add(&|candidate| {
                candidate.threads[thread].remove(number);
            });
            if step.guard != Guard::Always {
                let plain = Step { guard: Guard::Always, op: step.op };
                add(&|candidate| candidate.threads[thread][number] = plain);
            }
            for op in simpler(step.op) {
                add(&|candidate| candidate.threads[thread][number].op = op);
            }
        }
    }
    found
}

/// A program that `fails`, and of which no program that is one change simpler does.
pub fn shrink(program: Program, mut fails: impl FnMut(&Program) -> bool) -> Program {
    let mut smallest = program;
    while let Some(next) = candidates(&smallest).into_iter().find(|candidate| fails(candidate)) {
        smallest = next;
    }
    smallest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Change, executions, executions_with};

    #[test]
    fn a_fault_becomes_the_smallest_program_that_shows_it() {
        let program = "x<3.ar y=2.sc [1]z.rlx F.sc x.acq | y.sc z+1.rel x=2.rel x=1.sc | z=1.sc";
        let program = program.parse().expect("the text is correct");
        let smallest = shrink(program, |candidate| {
            executions(candidate).outcomes
                != executions_with(candidate, Some(Change::NoAtomicity)).outcomes
        });
        assert_eq!(smallest.to_string(), "x<2.rlx | x=1.rlx");
    }
}
