//! Bytes to a program of pool operations; the program and its reference are in `support/pool-ops/`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    pool_ops::follow_bytes_tidily(bytes);
});
