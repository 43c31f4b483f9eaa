//! The pool behind a thread-local pool is not handed out to be replaced.

use std::alloc::Layout;

fn main() {
    let builder = || stampool::Pool::builder(Layout::new::<u64>());
    let mut pool = builder().build_thread_local().unwrap();
    *pool = builder().build().unwrap();
}
