use stampool::alloc::StrategyPool;

fn main() {
    let mut pool = StrategyPool::default();
    let value = pool.alloc_value(String::from("kept")).unwrap();
    pool.reset();
    drop(value);
}
