use stampool::alloc::{Scope, Stack};

fn open() -> Scope<'static> {
    let mut stack = Stack::default();
    stack.open()
}

fn main() {
    drop(open());
}
