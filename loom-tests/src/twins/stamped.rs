//! Stamps that do not change, and stamps that are not checked.

use std::sync::Arc;

use stampool::raw::chunk::{StampWidth, StampWord};
use stampool::raw::sync::thread;
use stampool::{AtomicStamped, StampedPool};

use super::twin::Twin;
use crate::explore::Bound;
use crate::scenarios::stamped::structures::{STACK_ABA, stack_of};
use crate::scenarios::stamped::turns::{Value, reader_and_reuse, single};
use crate::scenarios::stamped::{STRATEGY, words};

pub(super) fn twins() -> Vec<Twin> {
    vec![
        twin("twin/stamped/stack_0_bits", "a value was lost", || {
            stack_of(&STACK_ABA, |pool| narrow(pool, 0))
        }),
        twin("twin/stamped/atomic_0_bits", "an exchange succeeded that came too late", || {
            words::aba::<AtomicStamped<Value>>(narrow(single(Value::new), 0))
        }),
        twin("twin/stamped/read_not_validated", "read [1, 2]", || reader_and_reuse(|_, _| true)),
        twin("twin/stamped/free_by_load_and_store", "a block was freed twice", || {
            retire_twice(|word, stamp| {
                let mine = word.is(stamp);
                if mine {
                    word.publish(stamp + 1);
                }
                mine
            })
        }),
    ]
}

/// A pool whose stamps repeat after 2^bits generations.
fn narrow<T: Send + Sync>(pool: StampedPool<T>, bits: u32) -> StampedPool<T> {
    // SAFETY: what happens then is what is looked for, and the pool outlives it.
    unsafe { pool.narrow_stamps(bits) }
}

fn twin(
    name: &'static str,
    because: &'static str,
    body: impl Fn() -> String + Send + Sync + 'static,
) -> Twin {
    Twin {
        strategy: STRATEGY,
        name,
        bound: Bound::Unbounded,
        under_loom: because,
        under_shuttle: Some(because),
        body: Box::new(body),
    }
}

/// A body without a fault.
pub struct Sound {
    /// Unique.
    pub name: &'static str,
    /// Runs it once; its own assertions judge.
    pub body: fn() -> String,
}

/// What stands beside the twins, and must pass: stamps of one bit, and an end by one exchange.
pub const SOUND: [Sound; 2] = [
    Sound {
        name: "stamped/atomic_aba_1_bit",
        body: || words::aba::<AtomicStamped<Value>>(narrow(single(Value::new), 1)),
    },
    Sound {
        name: "stamped/retire_retire",
        body: || retire_twice(|word, stamp| word.retire(stamp, StampWidth::FULL)),
    },
];

/// Two threads end one generation.
fn retire_twice(retire: fn(&StampWord, u64) -> bool) -> String {
    let word = Arc::new(StampWord::fresh());
    word.constructed();
    let stamp = word.begin();
    word.publish(stamp);
    let other = Arc::clone(&word);
    let thread = thread::spawn(move || retire(&other, stamp));
    let ours = retire(&word, stamp);
    let theirs = thread.join().expect("no panic unreported");
    assert!(!(ours && theirs), "a block was freed twice");
    assert!(ours || theirs, "a block was lost");
    format!("ours {ours}")
}
