//! Is a history linearizable? Wing and Gong's search with Lowe's memory.
//!
//! A history is linearizable if its calls can be put in an order, as if each were one atomic step
//! somewhere between its beginning and its return, so that the specification allows every result.
//! Again and again, the search takes a call that began before any of the remaining calls returned,
//! and goes back if the specification does not allow it. It remembers which calls were taken and to
//! what state that led (Lowe 2017), so it examines the same pair only once.
//!
//! All calls have returned, because a history is checked after all threads have been joined.
//!
//! Source: Wing and Gong, Testing and verifying concurrent objects, 1993; Lowe, Testing for
//! linearizability, 2017.

use std::collections::HashSet;

use crate::{Call, Object};

/// The most calls of a history.
pub const MAX_CALLS: usize = 64;

/// No order of the calls explains them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotLinearizable {
    /// The longest explained part of the history, as indices of calls.
    pub explained: Vec<usize>,
    /// States that were looked at.
    pub states: usize,
}

/// An order of the calls in `history`, as indices, that `start` allows.
///
/// # Errors
/// There is none.
///
/// # Panics
/// On more than [`MAX_CALLS`], or one that returned before it began.
pub fn linearize<O: Object>(
    start: O,
    history: &[Call<O::Op>],
) -> Result<Vec<usize>, NotLinearizable> {
    assert!(history.len() <= MAX_CALLS, "{} calls, at most {MAX_CALLS}", history.len());
    assert!(
        history.iter().all(|call| call.invoked < call.returned),
        "a call ended before it began"
    );
    let all = (0..history.len()).fold(0_u64, |all, call| all | 1 << call);
    let mut seen = HashSet::from([(0_u64, start.clone())]);
    let (mut order, mut explained) = (Vec::new(), Vec::new());
    // One level per call taken: the state after it, and what else could be taken there.
    let mut levels = vec![steps(&start, history, 0)];
    let mut taken = 0_u64;
    while let Some(level) = levels.last_mut() {
        if taken == all {
            return Ok(order);
        }
        match level.pop() {
            Some((call, state)) => {
                let next = taken | 1 << call;
                if !seen.insert((next, state.clone())) {
                    continue;
                }
                taken = next;
                order.push(call);
                if order.len() > explained.len() {
                    explained.clone_from(&order);
                }
                levels.push(steps(&state, history, taken));
            }
            None => {
                levels.pop();
                if let Some(call) = order.pop() {
                    taken &= !(1 << call);
                }
            }
        }
    }
    Err(NotLinearizable { explained, states: seen.len() })
}

/// Every call that may come next, with a state that it may lead to.
fn steps<O: Object>(state: &O, history: &[Call<O::Op>], taken: u64) -> Vec<(usize, O)> {
    let left = || history.iter().enumerate().filter(|(nth, _)| taken & (1 << nth) == 0);
    // Whatever began later than this, some call that is left was over before.
    let first_return = left().map(|(_, call)| call.returned).min().unwrap_or(0);
    let may_be_next = left().filter(|(_, call)| call.invoked < first_return);
    may_be_next
        .flat_map(|(nth, call)| {
            state.apply(call.thread, &call.op).into_iter().map(move |next| (nth, next))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A word that is written and read.
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Register(u32);

    #[derive(Clone, Copy, PartialEq, Eq, Hash)]
    enum Op {
        Write(u32),
        Read(u32),
    }

    impl Object for Register {
        type Op = Op;

        fn apply(&self, _thread: usize, op: &Op) -> Vec<Self> {
            match *op {
                Op::Write(value) => vec![Self(value)],
                Op::Read(value) if value == self.0 => vec![self.clone()],
                Op::Read(_) => vec![],
            }
        }

        fn outcome(&self) -> String {
            self.0.to_string()
        }
    }

    fn call(thread: usize, op: Op, invoked: usize, returned: usize) -> Call<Op> {
        Call { thread, op, invoked, returned }
    }

    #[test]
    fn nothing_is_linearizable() {
        assert_eq!(linearize(Register(0), &[]), Ok(vec![]));
    }

    #[test]
    fn a_read_beside_a_write_sees_either_value() {
        for seen in [0, 1] {
            let history = [call(0, Op::Write(1), 0, 3), call(1, Op::Read(seen), 1, 2)];
            assert!(linearize(Register(0), &history).is_ok(), "{seen}");
        }
        let history = [call(0, Op::Write(1), 0, 3), call(1, Op::Read(2), 1, 2)];
        assert!(linearize(Register(0), &history).is_err());
    }

    #[test]
    fn a_read_after_a_write_sees_it() {
        let history = [call(0, Op::Write(1), 0, 1), call(1, Op::Read(0), 2, 3)];
        let error = linearize(Register(0), &history).unwrap_err();
        assert_eq!(error.explained, [0]);
    }

    #[test]
    fn two_readers_agree_on_the_order_of_writes() {
        // Herlihy and Wing's example: each read alone is fine, both together are not.
        let history = [
            call(0, Op::Write(1), 0, 10),
            call(1, Op::Write(2), 1, 11),
            call(2, Op::Read(1), 12, 13),
            call(2, Op::Read(2), 14, 15),
        ];
        assert!(linearize(Register(0), &history).is_err());
        assert!(linearize(Register(0), &history[..3]).is_ok());
    }

    #[test]
    fn the_order_found_keeps_what_was_over_before() {
        let history = [
            call(1, Op::Read(1), 1, 8),
            call(0, Op::Write(1), 0, 2),
            call(0, Op::Write(3), 3, 4),
            call(1, Op::Read(3), 9, 10),
        ];
        assert_eq!(linearize(Register(0), &history), Ok(vec![1, 0, 2, 3]));
    }

    #[test]
    fn a_full_history_is_searched() {
        let reads = (0..MAX_CALLS).map(|nth| call(nth, Op::Read(0), nth, 1_000 + nth));
        let history: Vec<_> = reads.collect();
        assert_eq!(linearize(Register(0), &history).map(|order| order.len()), Ok(MAX_CALLS));
        let mut wrong = history;
        wrong[MAX_CALLS - 1].op = Op::Read(1);
        // Without the memory this would take all subsets.
        wrong.truncate(14);
        wrong[13].op = Op::Read(1);
        assert!(linearize(Register(0), &wrong).is_err());
    }
}
