//! A handle is one thread's.

fn sent<T: Send>() {}

fn main() {
    sent::<stampool::Local<'static, stampool::TaggedWide>>();
}
