//! A pool that several threads use hands values from one to the other.

fn shared<T: Sync>() {}

fn main() {
    shared::<stampool::ObjectPool<std::rc::Rc<u8>>>();
}
