//! A handle is used by one thread at a time.

fn shared<T: Sync>() {}

fn main() {
    shared::<stampool::Local<'static, stampool::TaggedWide>>();
}
