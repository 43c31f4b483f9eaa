//! Raw blocks go back by an unsafe call.

use std::alloc::Layout;

fn main() {
    let pool = stampool::Pool::builder(Layout::new::<u64>()).build_exact().unwrap();
    let block = pool.allocate().unwrap();
    pool.deallocate(block);
}
