//! Only its caller knows that a pointer is a detached object of this pool.

fn main() {
    let pool = stampool::ObjectPool::<u64>::builder().build().unwrap();
    let detached = stampool::Pooled::detach(pool.create(7).ok().unwrap());
    pool.attach(detached);
}
