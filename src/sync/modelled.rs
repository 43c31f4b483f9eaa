//! What loom, porf and shuttle model alike: a machine that has both CASes.

/// True.
pub const fn is_lock_free_u64() -> bool {
    true
}

/// True.
pub const fn is_lock_free_u128() -> bool {
    true
}
