//! How many things are collected at a time.

/// Magazines per batch in the forms for benchmarks: half of what may wait per handle, if the pool's
/// builder is not told otherwise. Both libraries would rather have more: seize 32, haphazard 1,000.
pub const BATCH: usize = 8;
