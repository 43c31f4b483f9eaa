//! Random plays on pools of objects against a plain list of what must be there.

mod common;

use core::ptr::NonNull;
use std::sync::Arc;
use std::thread;

use common::tracked::{Tracked, Tracks};
use proptest::prelude::*;
use stampool::{AllocError, ObjectPool, OwnedPooled, TaggedWide};

const CAPACITY: usize = 10;

#[derive(Clone, Debug)]
enum Play {
    Get,
    GetMany(usize),
    Create(u64),
    CreateMany(usize, u64),
    /// The object, of those that there are, and what is written to it.
    Write(usize, u64),
    Drop(usize),
    DropElsewhere(usize),
    MoveOut(usize),
    /// Detached, and attached again on the way back.
    Detach(usize),
    Attach(usize),
}

fn play() -> impl Strategy<Value = Play> {
    prop_oneof![
        3 => Just(Play::Get),
        1 => (0..8_usize).prop_map(Play::GetMany),
        2 => any::<u64>().prop_map(Play::Create),
        1 => (0..8_usize, any::<u64>()).prop_map(|(count, word)| Play::CreateMany(count, word)),
        3 => (any::<usize>(), any::<u64>()).prop_map(|(at, word)| Play::Write(at, word)),
        4 => any::<usize>().prop_map(Play::Drop),
        1 => any::<usize>().prop_map(Play::DropElsewhere),
        1 => any::<usize>().prop_map(Play::MoveOut),
        1 => any::<usize>().prop_map(Play::Detach),
        2 => any::<usize>().prop_map(Play::Attach),
    ]
}

type Pool = ObjectPool<Tracked, TaggedWide>;

/// An object, and what must be read from it.
struct Held {
    object: OwnedPooled<Tracked>,
    word: u64,
}

struct Table {
    pool: Arc<Pool>,
    tracks: Arc<Tracks>,
    keeps: bool,
    is_exact: bool,
    held: Vec<Held>,
    detached: Vec<(NonNull<Tracked>, u64)>,
}

impl Table {
    fn new(is_exact: bool, keeps: bool) -> Self {
        let tracks = Tracks::new();
        let source = Arc::clone(&tracks);
        let builder = ObjectPool::builder().capacity(CAPACITY).batch(3);
        let builder = if is_exact { builder.exact() } else { builder };
        let builder = if keeps {
            builder.keep(move || source.make(), Tracked::reset)
        } else {
            builder.make(move || source.make())
        };
        let pool = Arc::new(builder.build().unwrap());
        Self { pool, tracks, keeps, is_exact, held: Vec::new(), detached: Vec::new() }
    }

    fn live(&self) -> usize {
        self.held.len() + self.detached.len()
    }

    /// Enters objects, or sees that there was a reason for a refusal.
    fn had(&mut self, wanted: usize, had: Result<Vec<Held>, AllocError>) {
        match had {
            Ok(objects) => {
                assert_eq!(objects.len(), wanted);
                self.held.extend(objects);
                assert!(self.live() <= CAPACITY);
            }
            Err(error) => {
                assert_eq!(error, AllocError::Capacity);
                // With caches too: all is in this thread's, since other threads have ended.
                assert!(self.live() + wanted > CAPACITY, "refused too early");
            }
        }
    }

    fn owned(&self, objects: Vec<stampool::Pooled<'_, Tracked>>, word: u64) -> Vec<Held> {
        let owned = |object| {
            let detached = stampool::Pooled::detach(object);
            // SAFETY: detached from this pool just now.
            Held { object: unsafe { self.pool.attach_owned(detached) }, word }
        };
        objects.into_iter().map(owned).collect()
    }

    fn value(&self, word: u64) -> Tracked {
        let mut value = self.tracks.make();
        value.word = word;
        value
    }

    fn take(&mut self, at: usize) -> Option<Held> {
        let count = self.held.len();
        (count > 0).then(|| self.held.swap_remove(at % count))
    }

    fn play(&mut self, play: &Play) {
        match *play {
            Play::Get => {
                let had = self.pool.get_owned().map(|object| vec![Held { object, word: 0 }]);
                self.had(1, had);
            }
            Play::GetMany(count) => {
                let had = self.pool.get_many(count).map(|objects| self.owned(objects, 0));
                self.had(count, had);
            }
            Play::Create(word) => {
                let had = self.pool.create_owned(self.value(word));
                let had = had.map(|object| vec![Held { object, word }]).map_err(|full| {
                    assert_eq!(full.value.word, word);
                    full.error
                });
                self.had(1, had);
            }
            Play::CreateMany(count, word) => {
                let had = self.pool.create_many(count, |_| self.value(word));
                let had = had.map(|objects| self.owned(objects, word));
                self.had(count, had);
            }
            Play::Write(at, word) => {
                if let Some(mut held) = self.take(at) {
                    held.object.word = word;
                    self.held.push(Held { word, ..held });
                }
            }
            Play::Drop(at) => drop(self.take(at)),
            Play::DropElsewhere(at) => {
                if let Some(held) = self.take(at) {
                    thread::spawn(move || drop(held)).join().unwrap();
                }
            }
            Play::MoveOut(at) => {
                if let Some(held) = self.take(at) {
                    assert_eq!(OwnedPooled::into_inner(held.object).word, held.word);
                }
            }
            Play::Detach(at) => {
                if let Some(held) = self.take(at) {
                    self.detached.push((OwnedPooled::detach(held.object).1, held.word));
                }
            }
            Play::Attach(at) => {
                if !self.detached.is_empty() {
                    let (object, word) = self.detached.swap_remove(at % self.detached.len());
                    // SAFETY: detached from this pool, and attached once.
                    let object = unsafe { self.pool.attach_owned(object) };
                    self.held.push(Held { object, word });
                }
            }
        }
        assert!(self.held.iter().all(|held| held.object.word == held.word), "somebody wrote");
        let (alive, live) = (self.tracks.alive(), self.live());
        // The caches of a pool that keeps its values may hold some besides: 3TG + G, for the threads of
        // this play and the fallback cache.
        let cached = if self.is_exact { 0 } else { (3 * 3 + 1) * 3 };
        let most = if self.keeps { CAPACITY + cached } else { live };
        assert!((live..=most).contains(&alive), "{alive} values for {live} objects");
    }

    fn end(mut self) {
        while !self.detached.is_empty() {
            self.play(&Play::Attach(0));
        }
        drop(self.held);
        let mut pool = Arc::into_inner(self.pool).expect("no handle is left");
        assert_eq!(pool.census().free_blocks(), pool.stats().carved_blocks, "a block was lost");
        drop(pool);
        assert_eq!(self.tracks.alive(), 0);
    }
}

proptest! {
    #[test]
    fn every_play_ends_well(
        is_exact: bool, keeps: bool, plays in prop::collection::vec(play(), 0..80),
    ) {
        let mut table = Table::new(is_exact, keeps);
        plays.iter().for_each(|play| table.play(play));
        table.end();
    }
}
