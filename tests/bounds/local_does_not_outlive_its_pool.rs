//! A handle borrows its pool.

use std::alloc::Layout;

fn main() {
    let pool = stampool::Pool::builder(Layout::new::<u64>()).build().unwrap();
    let local = pool.local().unwrap();
    drop(pool);
    drop(local);
}
