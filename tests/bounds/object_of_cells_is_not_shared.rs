//! Several threads look at an object only where they may look at its value.

fn shared<T: Sync>() {}

fn main() {
    shared::<stampool::Pooled<'static, std::cell::Cell<u8>>>();
}
