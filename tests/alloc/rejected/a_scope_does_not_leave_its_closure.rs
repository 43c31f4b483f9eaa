fn main() {
    let mut stack = stampool::alloc::Stack::default();
    let scope = stack.scope(|scope| scope);
    drop(scope);
}
