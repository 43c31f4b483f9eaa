//! The layout of the log. The library that writes the log and `stress record`, which reads it,
//! share this module. Both run on the same machine, so numbers are in its byte order.
//!
//! | bytes | header |
//! |---|---|
//! | 0..8 | [`MAGIC`] |
//! | 8..16 | places for events |
//! | 16..24 | places claimed so far, which may be more than there are |
//! | 24..28 | process that writes; 0 before there is one |
//! | 28..32 | why it does not, if it could not: an `errno`, or 0 |
//!
//! Events follow at [`HEADER_BYTES`], [`EVENT_BYTES`] each:
//!
//! | bytes | event |
//! |---|---|
//! | 0..8 | address |
//! | 8..16 | thread: what `pthread_self` gives, which a later thread may have again |
//! | 16..24 | time, in nanoseconds |
//! | 24..28 | size in bytes, at most 2^32 - 1; 0 for a free |
//! | 28 | log2 of the alignment; 0 for a free |
//! | 29 | [`ALLOCATE`], [`FREE`], or 0 if it was never written |

/// First bytes of a log.
pub const MAGIC: [u8; 8] = *b"STPLOG01";
/// Bytes of the header.
pub const HEADER_BYTES: usize = 64;
/// Bytes of an event.
pub const EVENT_BYTES: usize = 32;

/// Where the header has the number of places.
pub const AT_PLACES: usize = 8;
/// Where the header has the number of places claimed.
pub const AT_CLAIMED: usize = 16;
/// Where the header has the process.
pub const AT_PROCESS: usize = 24;
/// Where the header has the trouble.
pub const AT_TROUBLE: usize = 28;

/// Where an event has its address.
pub const AT_ADDRESS: usize = 0;
/// Where an event has its thread.
pub const AT_THREAD: usize = 8;
/// Where an event has its time.
pub const AT_NANOS: usize = 16;
/// Where an event has its size.
pub const AT_SIZE: usize = 24;
/// Where an event has its alignment.
pub const AT_ALIGN: usize = 28;
/// Where an event has its kind.
pub const AT_KIND: usize = 29;

/// The kind of an allocation.
pub const ALLOCATE: u8 = 1;
/// The kind of a free.
pub const FREE: u8 = 2;

/// The variable with the path of the log.
pub const VARIABLE: &str = "STAMPOOL_RECORD";
