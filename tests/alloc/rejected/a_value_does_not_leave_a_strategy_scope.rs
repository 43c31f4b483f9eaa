fn main() {
    let pool = stampool::alloc::StrategyPool::default();
    let value = pool.scope(|scope| scope.alloc_value(7).unwrap());
    drop(value);
}
