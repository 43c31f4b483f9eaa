//! All pools, all paths.

mod handles;
mod mutants;
mod pools;
mod script;

use atomics::{Report, Row, Rule};
use stampool::raw::each_strategy;
use stampool::raw::free_list::Reclaimer;
use stampool::{Checking, Pool, PoolBuilder, Strategy, TaggedWide};

use pools::layout;
use script::Tally;

/// A pool whose batches do not grow: one that adapts would soon exchange nothing.
fn builder() -> PoolBuilder {
    Pool::builder(layout()).batch(64)
}

/// Counts everything.
pub(crate) fn report() -> Report {
    let mut rows = Vec::new();
    each_strategy!(S => strategy::<S>(&mut rows));
    let name = <TaggedWide>::NAME;
    let checked = || builder().checked();
    rows.extend(pool(&format!("{name}, checked"), Rule::Kept, checked));
    let hardened = || builder().hardened();
    rows.extend(pool(&format!("{name}, hardened"), Rule::Kept, hardened));
    rows.extend(per_thread());
    rows.extend(in_static());
    each_strategy!(S => {
        // A pool without caches refuses what defers.
        if !<S as Strategy>::Reclaimer::DEFERS {
            exact::<S>(&mut rows);
        }
    });
    rows.sort_by_key(|row| row.path);
    Report { rows, mutants: mutants::all() }
}

fn strategy<S: Strategy>(rows: &mut Vec<Row>) {
    rows.extend(pool(S::NAME, Rule::Free, || builder().strategy::<S>()));
}

/// Two pools with handles: what one script leaves behind is not met in the other.
fn pool<S: Strategy, C: Checking>(
    name: &str,
    hit: Rule,
    built: impl Fn() -> PoolBuilder<S, C>,
) -> Vec<Row> {
    let mut tally = Tally::new(name, hit);
    let pool = built().build().expect("a pool");
    let local = pool.local().expect("memory");
    script::run(&pools::Handle { pool: &pool, local }, &mut tally);
    let pool = built().build().expect("a pool");
    handles::run(|| pool.local().expect("memory"), |local| local, &mut tally);
    tally.into_rows()
}

fn per_thread() -> Vec<Row> {
    let built = || builder().build_thread_local().expect("a pool");
    let mut tally = Tally::new("ThreadLocalPool", Rule::Free);
    let pool = built();
    handles::first_call(&pool, &mut tally);
    script::run(&pool, &mut tally);
    let pool = built();
    // The slot that all share comes with the first look.
    _ = pool.stats();
    // SAFETY: dropped when `run` returns, before the pool.
    let make = || unsafe { pool.detached_local() }.expect("memory");
    handles::run(make, |local| local, &mut tally);
    tally.into_rows()
}

stampool::static_pool! {
    static STATIC: ThreadLocalPool = builder();
}

/// Hits only: behind them it is a [`per_thread`] one.
fn in_static() -> impl Iterator<Item = Row> {
    let mut tally = Tally::new("static ThreadLocalPool", Rule::Kept);
    script::run(&STATIC, &mut tally);
    tally.into_rows().into_iter().filter(|row| row.path.is_hit())
}

fn exact<S: Strategy>(rows: &mut Vec<Row>) {
    let mut tally = Tally::new(&format!("ExactPool, {}", S::NAME), Rule::Kept);
    let pool = Pool::builder(layout()).strategy::<S>().build_exact().expect("a pool");
    script::run(&pool, &mut tally);
    rows.extend(tally.into_rows());
}
