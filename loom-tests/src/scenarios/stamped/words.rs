//! Names in shared words, wide and packed.

use core::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};
use std::collections::BTreeSet;

use stampool::raw::sync::{AtomicU64, thread};
use stampool::{AtomicPackedStamped, AtomicStamped, PackedStamped, Stamped, StampedPool};

use super::scenario::{Scenario, row};
use super::shared::{Leaked, SentHandle};
use super::turns::{Value, single};
use crate::one_at_a_time::operation;
use crate::spec::{self, Object};

/// The rows of this module.
pub const SCENARIOS: &[Scenario] = &[
    row("stamped/atomic_aba", || aba::<AtomicStamped<Value>>(single(Value::new)), || allowed(&ABA)),
    row(
        "stamped/atomic_packed_aba",
        || aba::<AtomicPackedStamped<Value>>(single(Value::new)),
        || allowed(&ABA),
    ),
    row("stamped/atomic_whole", whole::<AtomicStamped<Value>>, || allowed(&WHOLE)),
    row("stamped/atomic_packed_whole", whole::<AtomicPackedStamped<Value>>, || allowed(&WHOLE)),
];

// The specification: turns are numbered from 1, 0 is null.

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Op {
    /// Load, and keep what was found.
    Load,
    /// Put null for what was found, if it is still there and not null.
    Exchange,
    /// Take what is there, and put null.
    Take,
    /// Put the next turn, if something was taken.
    PutNext,
    /// Put this.
    Put(u8),
}

#[derive(Clone, PartialEq, Eq, Hash, Default)]
struct Word {
    holds: u8,
    /// What each thread has found.
    found: [u8; 3],
    exchanged: [bool; 3],
}

impl Object for Word {
    type Op = Op;

    fn apply(&self, thread: usize, op: &Op) -> Vec<Self> {
        let mut next = self.clone();
        let found = self.found[thread];
        match *op {
            Op::Load => next.found[thread] = self.holds,
            Op::Exchange if found != 0 && found == self.holds => {
                next.holds = 0;
                next.exchanged[thread] = true;
            }
            Op::Take => (next.found[thread], next.holds) = (self.holds, 0),
            Op::PutNext if found != 0 => next.holds = found + 1,
            Op::Exchange | Op::PutNext => {}
            Op::Put(turn) => next.holds = turn,
        }
        vec![next]
    }

    fn outcome(&self) -> String {
        outcome(self.found[0], self.exchanged[0], self.holds)
    }
}

fn outcome(found: u8, exchanged: bool, left: u8) -> String {
    format!("found {found}, exchanged {exchanged}, left {left}")
}

fn allowed((start, threads): &(u8, &[&[Op]])) -> BTreeSet<String> {
    let threads: Vec<Vec<Op>> = threads.iter().map(|ops| ops.to_vec()).collect();
    spec::interleavings(Word { holds: *start, ..Word::default() }, &threads)
}

const ABA: (u8, &[&[Op]]) = (1, &[&[Op::Load, Op::Exchange], &[Op::Take, Op::PutNext]]);
const WHOLE: (u8, &[&[Op]]) = (0, &[&[Op::Load], &[Op::Put(1), Op::Put(2)]]);

// The bodies.

/// Both words, under one name.
pub(crate) trait NameWord: Send + Sync + 'static {
    type Name: Copy + PartialEq + Send + 'static;
    fn new(name: Stamped<Value>) -> Self;
    fn pack(name: Stamped<Value>) -> Self::Name;
    /// `None`: stale.
    fn unpack(name: Self::Name, pool: &StampedPool<Value>) -> Option<Stamped<Value>>;
    fn load(&self, order: Ordering) -> Self::Name;
    fn store(&self, name: Stamped<Value>, order: Ordering);
    fn swap(&self, name: Stamped<Value>, order: Ordering) -> Self::Name;
    fn exchange(&self, old: Self::Name, new: Stamped<Value>) -> bool;
}

macro_rules! name_word {
    ($atomic:ident, $name:ident, $pack:expr, $unpack:expr) => {
        impl NameWord for $atomic<Value> {
            type Name = $name<Value>;
            fn new(name: Stamped<Value>) -> Self {
                $atomic::new($pack(name))
            }
            fn pack(name: Stamped<Value>) -> Self::Name {
                $pack(name)
            }
            fn unpack(name: Self::Name, pool: &StampedPool<Value>) -> Option<Stamped<Value>> {
                $unpack(name, pool)
            }
            fn load(&self, order: Ordering) -> Self::Name {
                $atomic::load(self, order)
            }
            fn store(&self, name: Stamped<Value>, order: Ordering) {
                $atomic::store(self, $pack(name), order);
            }
            fn swap(&self, name: Stamped<Value>, order: Ordering) -> Self::Name {
                $atomic::swap(self, $pack(name), order)
            }
            fn exchange(&self, old: Self::Name, new: Stamped<Value>) -> bool {
                self.compare_exchange(old, $pack(new), AcqRel, Acquire).is_ok()
            }
        }
    };
}

name_word!(AtomicStamped, Stamped, |name| name, |name, _| Some(name));
name_word!(AtomicPackedStamped, PackedStamped, Stamped::pack, |name, pool: &StampedPool<_>| pool
    .unpack(name));

/// The pool's one block is taken out of a word, freed, and comes back, while another thread is
/// between its load and its exchange.
pub(crate) fn aba<W: NameWord>(pool: StampedPool<Value>) -> String {
    let pool = Leaked::new(pool);
    let handle = SentHandle::of(pool.get());
    let first = handle.0.allocate().expect("memory");
    let word = Leaked::new(W::new(first));
    let (pool_of, word_of) = (pool.get(), word.get());
    let other = thread::spawn(move || {
        let (handle, null) = (handle, W::pack(Stamped::NULL));
        let taken = operation(|| word_of.swap(Stamped::NULL, AcqRel));
        if taken == null {
            return (None, handle);
        }
        let name = W::unpack(taken, pool_of).expect("who takes it out may use it");
        operation(|| handle.0.free(name).expect("current"));
        let next = operation(|| handle.0.allocate().expect("the block just freed"));
        operation(|| word_of.store(next, Release));
        (Some(next), handle)
    });
    let found = operation(|| word.get().load(Acquire));
    let is_name = found != W::pack(Stamped::NULL);
    let exchanged = is_name && operation(|| word.get().exchange(found, Stamped::NULL));
    let (next, handle) = other.join().expect("no panic unreported");
    let left = word.get().load(Acquire);
    let is_next = |name| next.is_some_and(|next| W::pack(next) == name);
    assert!(
        !(exchanged && found == W::pack(first) && next.is_some()),
        "an exchange succeeded that came too late"
    );
    let turn = |name| match name {
        name if name == W::pack(Stamped::NULL) => 0,
        name if name == W::pack(first) => 1,
        name if is_next(name) => 2,
        _ => panic!("a word holds what nobody put there"),
    };
    let outcome = outcome(turn(found), exchanged, turn(left));
    drop(handle);
    // SAFETY: the thread is joined and the handle dropped.
    _ = unsafe { word.end() };
    // SAFETY: as above.
    _ = unsafe { pool.end() };
    outcome
}

/// Names are loaded as they were stored, and what was written before with them.
fn whole<W: NameWord>() -> String {
    let builder = StampedPool::<Value>::builder().batch(2);
    let pool = Leaked::new(builder.build_stamped(Value::new).expect("no requirement"));
    let handle = SentHandle::of(pool.get());
    let names = [1, 2].map(|_| handle.0.allocate().expect("memory"));
    let word = Leaked::new(W::new(Stamped::NULL));
    let note = Leaked::new(AtomicU64::new(0));
    let (word_of, note_of) = (word.get(), note.get());
    let other = thread::spawn(move || {
        for (turn, name) in (1..).zip(names) {
            note_of.store(turn, Relaxed);
            operation(|| word_of.store(name, Release));
        }
    });
    let found = operation(|| word.get().load(Acquire));
    let noted = note.get().load(Relaxed);
    other.join().expect("no panic unreported");
    let turn = |name| {
        let stored = names.iter().position(|stored| W::pack(*stored) == name);
        stored.map_or(0, |at| at as u64 + 1)
    };
    assert!(turn(found) != 0 || found == W::pack(Stamped::NULL), "a torn name");
    assert!(noted >= turn(found), "a name came before what was written before it");
    let left = word.get().load(Relaxed);
    let turns = [found, left].map(|name| u8::try_from(turn(name)).expect("two"));
    drop(handle);
    // SAFETY: the thread is joined and the handle dropped.
    _ = unsafe { word.end() };
    // SAFETY: as above.
    _ = unsafe { note.end() };
    // SAFETY: as above.
    _ = unsafe { pool.end() };
    outcome(turns[0], false, turns[1])
}
