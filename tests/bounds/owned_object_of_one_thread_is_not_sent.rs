//! The same, with the pool along.

fn sent<T: Send>() {}

fn main() {
    sent::<stampool::OwnedPooled<std::rc::Rc<u8>>>();
}
