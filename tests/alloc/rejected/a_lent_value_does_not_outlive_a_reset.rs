use stampool::alloc::Linear;

fn main() {
    let mut linear = Linear::default();
    let number = linear.alloc(7_u64).unwrap();
    linear.reset();
    *number += 1;
}
