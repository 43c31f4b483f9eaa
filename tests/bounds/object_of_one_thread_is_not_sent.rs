//! An object goes where its value may go.

fn sent<T: Send>() {}

fn main() {
    sent::<stampool::Pooled<'static, std::rc::Rc<u8>>>();
}
