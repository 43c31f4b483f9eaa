//! Stamped values are looked at by all threads at once.

fn main() {
    stampool::StampedPool::new(|| std::cell::Cell::new(0_u8)).unwrap();
}
