//! A panic may leave an object half changed, so `catch_unwind` wants to know that the caller knows.

use std::cell::Cell;

fn main() {
    let pool = stampool::ObjectPool::new(|| Cell::new(7)).unwrap();
    let object = pool.get().unwrap();
    let _ = std::panic::catch_unwind(|| object.set(8));
}
