//! Blocks are counted when nobody moves any.

use std::alloc::Layout;

fn main() {
    let mut pool = stampool::Pool::builder(Layout::new::<u64>()).build().unwrap();
    let local = pool.local().unwrap();
    pool.census();
    drop(local);
}
