use stampool::alloc::Linear;

fn main() {
    let linear = Linear::default();
    std::thread::scope(|threads| {
        threads.spawn(|| linear.usage());
    });
}
