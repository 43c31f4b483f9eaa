use std::alloc::Layout;

use stampool::alloc::Stack;

fn main() {
    let mut stack = Stack::default();
    let scope = stack.open();
    _ = stack.allocate(Layout::new::<u8>());
    drop(scope);
}
