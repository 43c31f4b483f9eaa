use stampool::alloc::Linear;

fn main() {
    let mut linear = Linear::default();
    let borrowed = &linear;
    linear.reset();
    _ = borrowed.usage();
}
