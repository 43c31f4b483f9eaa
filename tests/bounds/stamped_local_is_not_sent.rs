//! A handle of a stamped pool is one thread's.

fn sent<T: Send>() {}

fn main() {
    sent::<stampool::StampedLocal<'static, u64, stampool::TaggedWide>>();
}
