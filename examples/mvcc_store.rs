//! A key-value store that keeps old versions for its readers, in an arena with a capacity.
//!
//! `cargo run --release --example mvcc_store --features allocator-api2-02`
//!
//! Writers add versions. A reader sees the store as it was when its snapshot was taken, however much is
//! written meanwhile. All keys, versions and values lie in a `SlabArena` of 8 MiB, also the tables of
//! hashbrown and the vectors: when it is full, a write is refused, the writer drops the versions that no
//! snapshot can see any more, and writes again. So the store never needs more than its budget.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, RwLock};
use std::thread;

use allocator_api2_02::vec::Vec;
use hashbrown::{DefaultHashBuilder, HashMap};
use stampool::alloc::SlabArena;

const CAPACITY: usize = 8 << 20;
const SHARDS: usize = 16;
const KEYS: u64 = 2_000;
const WRITES_EACH: u64 = 20_000;
const WRITERS: u64 = 3;
const SNAPSHOTS: usize = 40;

/// A value and the time from which on it is the key's.
struct Version<'a> {
    since: u64,
    value: Vec<u8, &'a SlabArena>,
}

/// The versions of a key, the oldest first.
type Versions<'a> = Vec<Version<'a>, &'a SlabArena>;
type Shard<'a> = HashMap<u64, Versions<'a>, DefaultHashBuilder, &'a SlabArena>;

/// The arena is full.
#[derive(Debug)]
struct Full;

struct Store<'a> {
    arena: &'a SlabArena,
    shards: std::vec::Vec<RwLock<Shard<'a>>>,
    clock: AtomicU64,
    /// Snapshots in use, and how often each.
    snapshots: Mutex<BTreeMap<u64, usize>>,
    /// Notified when a snapshot ends.
    ended: Condvar,
}

/// A snapshot, which ends when this is dropped.
struct Snapshot<'s, 'a> {
    store: &'s Store<'a>,
    at: u64,
}

impl Drop for Snapshot<'_, '_> {
    fn drop(&mut self) {
        let mut snapshots = self.store.snapshots.lock().expect("no panic");
        let users = snapshots.get_mut(&self.at).expect("ours");
        *users -= 1;
        if *users == 0 {
            snapshots.remove(&self.at);
        }
        self.store.ended.notify_all();
    }
}

impl<'a> Store<'a> {
    fn new(arena: &'a SlabArena) -> Self {
        let shards = (0..SHARDS).map(|_| RwLock::new(HashMap::new_in(arena))).collect();
        Self {
            arena,
            shards,
            clock: AtomicU64::new(1),
            snapshots: Mutex::default(),
            ended: Condvar::new(),
        }
    }

    fn shard(&self, key: u64) -> &RwLock<Shard<'a>> {
        &self.shards[usize::try_from(key).expect("small") % SHARDS]
    }

    /// Writes a value that names its key and its time, of `len` bytes.
    fn write(&self, key: u64, len: usize) -> Result<(), Full> {
        let mut value = Vec::new_in(self.arena);
        value.try_reserve_exact(len).map_err(|_| Full)?;
        let mut shard = self.shard(key).write().expect("no panic");
        shard.try_reserve(1).map_err(|_| Full)?;
        // Under the lock, so that the versions of a key are in the order of their times.
        let since = self.clock.fetch_add(1, Ordering::Relaxed);
        value.extend(key.to_le_bytes());
        value.extend(since.to_le_bytes());
        value.resize(len, key.to_le_bytes()[0]);
        let versions = shard.entry(key).or_insert_with(|| Vec::new_in(self.arena));
        versions.try_reserve(1).map_err(|_| Full)?;
        versions.push(Version { since, value });
        Ok(())
    }

    /// Drops the versions that no snapshot can see, and returns how many these were.
    fn collect(&self) -> usize {
        let snapshots = self.snapshots.lock().expect("no panic");
        let oldest = snapshots.keys().next().copied();
        let oldest = oldest.unwrap_or_else(|| self.clock.load(Ordering::Relaxed));
        let mut dropped = 0;
        for shard in &self.shards {
            for versions in shard.write().expect("no panic").values_mut() {
                // The newest one that is older than the oldest snapshot is still seen.
                let seen = versions.iter().rposition(|version| version.since < oldest);
                dropped += versions.drain(..seen.unwrap_or(0)).count();
            }
        }
        dropped
    }

    /// Calls `read` with a snapshot of the store.
    fn snapshot<R>(&self, read: impl FnOnce(u64) -> R) -> R {
        let at = {
            let mut snapshots = self.snapshots.lock().expect("no panic");
            let at = self.clock.load(Ordering::Relaxed);
            *snapshots.entry(at).or_default() += 1;
            at
        };
        let _end = Snapshot { store: self, at };
        read(at)
    }

    /// Waits until a snapshot ends, if there is one.
    fn wait(&self) {
        let snapshots = self.snapshots.lock().expect("no panic");
        if !snapshots.is_empty() {
            drop(self.ended.wait(snapshots).expect("no panic"));
        }
    }

    /// The time of the version of a key that the snapshot sees. Checks the value.
    fn read(&self, key: u64, snapshot: u64) -> Option<u64> {
        let shard = self.shard(key).read().expect("no panic");
        let mut versions = shard.get(&key)?.iter().rev();
        let version = versions.find(|version| version.since < snapshot)?;
        let (head, rest) = version.value.split_at(16);
        assert_eq!(head[..8], key.to_le_bytes(), "the value of another key");
        assert_eq!(head[8..], version.since.to_le_bytes(), "another version");
        assert!(rest.iter().all(|byte| *byte == key.to_le_bytes()[0]), "a byte was written");
        Some(version.since)
    }
}

fn main() {
    let mut arena = SlabArena::new(CAPACITY).expect("room for the arena");
    let store = Store::new(&arena);
    let (refused, collected, reads) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|threads| {
        for writer in 0..WRITERS {
            let (store, refused, collected) = (&store, &refused, &collected);
            threads.spawn(move || {
                let mut random = writer * 77 + 1;
                for _ in 0..WRITES_EACH {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
                    let len = 16 + usize::try_from(random >> 33).expect("31 bits") % 1000;
                    while store.write(random >> 40 & (KEYS - 1), len).is_err() {
                        refused.fetch_add(1, Ordering::Relaxed);
                        let dropped = u64::try_from(store.collect()).expect("64 bits");
                        collected.fetch_add(dropped, Ordering::Relaxed);
                        // A snapshot sees all versions that are left, so it has to end first.
                        if dropped == 0 {
                            store.wait();
                        }
                    }
                }
            });
        }
        threads.spawn(|| {
            for _ in 0..SNAPSHOTS {
                store.snapshot(|at| {
                    let first: std::vec::Vec<_> =
                        (0..KEYS).map(|key| store.read(key, at)).collect();
                    for key in (0..KEYS).rev() {
                        let key_first = first[usize::try_from(key).expect("small")];
                        assert_eq!(store.read(key, at), key_first, "the snapshot has changed");
                    }
                });
                reads.fetch_add(2 * KEYS, Ordering::Relaxed);
            }
        });
    });
    store.collect();
    let stats = arena.stats();
    println!("{} writes, {} reads of snapshots", WRITERS * WRITES_EACH, reads.into_inner());
    let (refused, collected) = (refused.into_inner(), collected.into_inner());
    println!("the arena was full {refused} times; {collected} versions were dropped for room");
    println!(
        "of {CAPACITY} bytes classes have {}, {:.0}% in use",
        stats.heap_bytes,
        stats.utilisation() * 100.0
    );
    let mut classes = arena.classes();
    classes.sort_by_key(|class| core::cmp::Reverse(class.heap_bytes));
    for class in classes.iter().take(3) {
        let (bytes, part) = (class.block_bytes, class.utilisation() * 100.0);
        println!("  {bytes:5} bytes: {} blocks, {part:.0}% in use", class.allocated_blocks);
    }
    assert!(refused > 0 && collected > 0, "the arena is too large to show anything");
    assert!(stats.heap_bytes <= CAPACITY);
    drop(store);
    assert_eq!(arena.census().allocated_blocks, 0, "the store has freed everything");
    println!("ok");
}

#[test]
fn its_claims_hold() {
    main();
}
