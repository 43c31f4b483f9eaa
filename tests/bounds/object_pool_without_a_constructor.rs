//! Only a pool that was given a constructor makes objects by itself.

fn main() {
    let pool = stampool::ObjectPool::<u32>::builder().build().unwrap();
    pool.get();
}
