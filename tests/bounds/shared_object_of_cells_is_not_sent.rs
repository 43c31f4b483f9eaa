//! Who has a shared object has others beside it.

fn sent<T: Send>() {}

fn main() {
    sent::<stampool::SharedPooled<std::cell::Cell<u8>>>();
}
