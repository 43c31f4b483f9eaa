//! Hits that are not free: each with one access more, of each kind once. Who judges them must see
//! it.

use atomics::{Kind, Mutant, Path, Rule};
use stampool::raw::sync::{AtomicU64, Mutex, Ordering, fence, lock};
use stampool::{Local, Pool, Strategy};
use steered::count;

use super::pools::layout;
use super::script::Tally;

/// Operations of each mutant.
const OPERATIONS: usize = 100;

/// One for each kind.
pub(super) fn all() -> Vec<Mutant> {
    let pool = Pool::builder(layout()).build().expect("a pool");
    let local = pool.local().expect("memory");
    hit(&local);
    Kind::ALL.into_iter().map(|kind| mutant(kind, &local)).collect()
}

fn mutant<S: Strategy>(kind: Kind, local: &Local<'_, S>) -> Mutant {
    let (word, mutex) = (AtomicU64::new(0), Mutex::new(()));
    let mut tally = Tally::new(&format!("mutant with one {kind}"), Rule::Free);
    for _ in 0..OPERATIONS {
        let accesses = count::accesses(|| {
            hit(local);
            access(kind, &word, &mutex);
        });
        tally.add(Path::HitFree, 0, &accesses);
    }
    let row = tally.into_rows().pop().expect("a row of hits");
    Mutant { kind, row }
}

fn hit<S: Strategy>(local: &Local<'_, S>) {
    let block = local.allocate().expect("memory");
    // SAFETY: allocated just now.
    unsafe { local.deallocate(block) };
}

fn access(kind: Kind, word: &AtomicU64, mutex: &Mutex<()>) {
    let relaxed = Ordering::Relaxed;
    match kind {
        Kind::Load => _ = word.load(relaxed),
        Kind::Store => word.store(0, relaxed),
        Kind::Cas => _ = word.compare_exchange(0, 0, relaxed, relaxed),
        Kind::FailedCas => _ = word.compare_exchange(1, 1, relaxed, relaxed),
        Kind::Fetch => _ = word.fetch_add(0, relaxed),
        Kind::Fence => fence(Ordering::SeqCst),
        Kind::Lock => drop(lock(mutex)),
    }
}
