//! stampool
