//! The "stampool trace" format, version 1: its constants and its faults.
//!
//! The format itself is described in `traces/README.md`.

use core::fmt;
use std::io;

/// First six bytes of every trace, of any version.
pub(super) const MAGIC: &[u8; 6] = b"STPTRC";
/// The version that this reader knows, as the two digits after the magic.
pub(super) const VERSION: u8 = 1;
/// Bytes of the header.
pub(super) const HEADER_BYTES: usize = 32;
/// Bytes of a record.
pub(super) const RECORD_BYTES: usize = 16;

/// Most records that are read: 16 million, the bound of the reader's memory (about 600 MB).
pub const MAX_RECORDS: u64 = 1 << 24;
/// Most threads: a stamp has 16 bits for the thread, of which 0 and the last stay free.
pub const MAX_THREADS: u16 = u16::MAX - 1;
/// Largest alignment that a record may ask for, as a power of two: 16 MiB.
pub const MAX_ALIGN_LOG2: u8 = 24;

/// Why a trace was not read.
#[derive(Debug)]
#[non_exhaustive]
pub enum TraceError {
    /// The file could not be opened or read.
    Io(io::Error),
    /// Not zstd, or broken zstd.
    Zstd(String),
    /// The bytes inside are not those that were compressed.
    Checksum,
    /// Something else is inside.
    Foreign,
    /// A trace of another version.
    Version {
        /// The two characters that stand for it.
        found: [u8; 2],
    },
    /// The header gives records another size.
    RecordSize {
        /// Size in the header, in bytes.
        found: u32,
    },
    /// The header's numbers contradict each other or go beyond the reader's limits.
    Header {
        /// Which number is wrong.
        what: &'static str,
        /// Its value.
        value: u64,
        /// The most it may be.
        limit: u64,
    },
    /// The file ends before its last record.
    Truncated {
        /// Records that were there.
        records: u64,
        /// Records that the header promises.
        promised: u64,
    },
    /// Bytes follow where the trace ends.
    Trailing,
    /// Fewer objects were allocated than the header promises.
    MissingObjects {
        /// Objects allocated.
        found: u64,
        /// Objects that the header promises.
        promised: u64,
    },
    /// A record makes no sense.
    Record {
        /// Its number, from 0.
        number: u64,
        /// What is wrong with it.
        fault: RecordFault,
    },
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordFault {
    /// Neither allocate nor free.
    Op(u8),
    /// Alignment beyond the limit.
    Alignment(u8),
    /// A thread that the header does not have.
    Thread(u16),
    /// An object that the header does not have.
    Object(u32),
    /// A second allocation of one object.
    AllocatedTwice(u32),
    /// A free of an object that is not live.
    NotLive(u32),
    /// A free with a size.
    SizeOfFree(u32),
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Zstd(error) => write!(f, "broken or not zstd: {error}"),
            Self::Checksum => f.write_str("the checksum does not match, the file is damaged"),
            Self::Foreign => f.write_str("not a stampool trace"),
            Self::Version { found } => write!(
                f,
                "trace version {:?}, this build reads version {VERSION:02}",
                String::from_utf8_lossy(found)
            ),
            Self::RecordSize { found } => {
                write!(f, "records of {found} bytes, version 1 has {RECORD_BYTES}")
            }
            Self::Header { what, value, limit } => {
                write!(f, "the header says {value} {what}, at most {limit} make sense")
            }
            Self::Truncated { records, promised } => {
                write!(f, "truncated: {records} of {promised} records")
            }
            Self::Trailing => f.write_str("there are bytes after the last record"),
            Self::MissingObjects { found, promised } => {
                write!(f, "{found} objects allocated, the header says {promised}")
            }
            Self::Record { number, fault } => write!(f, "record {number}: {fault}"),
        }
    }
}

impl fmt::Display for RecordFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Op(op) => write!(f, "unknown operation {op}"),
            Self::Alignment(log2) => {
                write!(f, "alignment of 2^{log2} bytes, above 2^{MAX_ALIGN_LOG2}")
            }
            Self::Thread(thread) => write!(f, "thread {thread} is not in the header"),
            Self::Object(object) => write!(f, "object {object} is not in the header"),
            Self::AllocatedTwice(object) => write!(f, "object {object} is allocated twice"),
            Self::NotLive(object) => write!(f, "object {object} is freed but not live"),
            Self::SizeOfFree(size) => write!(f, "a free with size {size}"),
        }
    }
}

impl core::error::Error for TraceError {}
