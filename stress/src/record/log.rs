//! The log that the preloaded library writes. This module creates it and reads it.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _};

use super::layout::{
    ALLOCATE, AT_ADDRESS, AT_ALIGN, AT_CLAIMED, AT_KIND, AT_NANOS, AT_PLACES, AT_PROCESS, AT_SIZE,
    AT_THREAD, AT_TROUBLE, EVENT_BYTES, FREE, HEADER_BYTES, MAGIC,
};

/// A call of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The block.
    pub address: u64,
    /// The thread; one that comes after it has ended may have the same.
    pub thread: u64,
    /// When, in nanoseconds since some time.
    pub nanos: u64,
    /// What it was; `None` for a free.
    pub allocates: Option<Asked>,
}

/// What an allocation asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Bytes, at most 2^32 - 1.
    pub size: u32,
    /// The alignment as a power of two.
    pub align_log2: u8,
}

/// A log in a file without a name, which is gone when it is closed.
#[derive(Debug)]
pub struct Log {
    file: File,
    places: u64,
}

/// What the header says when the program has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The process that wrote; 0 where the library was never loaded.
    pub(super) process: u32,
    /// What kept it from writing: an `errno`, or 0.
    pub(super) trouble: u32,
    /// Places claimed, more than there are where the log was full.
    pub(super) claimed: u64,
}

impl Log {
    /// Makes an empty log for so many events. It takes no room before the program begins.
    ///
    /// # Errors
    /// No temporary file can be made.
    pub fn new(places: u64) -> io::Result<Self> {
        let mut file = tempfile::tempfile()?;
        let mut header = [0; HEADER_BYTES];
        header[..MAGIC.len()].copy_from_slice(&MAGIC);
        header[AT_PLACES..AT_PLACES + 8].copy_from_slice(&places.to_ne_bytes());
        file.write_all(&header)?;
        Ok(Self { file, places })
    }

    /// The file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn header(&mut self) -> io::Result<Header> {
        let mut bytes = [0; HEADER_BYTES];
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_exact(&mut bytes)?;
        Ok(Header {
            process: u32::from_ne_bytes(field(&bytes, AT_PROCESS)),
            trouble: u32::from_ne_bytes(field(&bytes, AT_TROUBLE)),
            claimed: u64::from_ne_bytes(field(&bytes, AT_CLAIMED)),
        })
    }

    /// Number of events that found the log full.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn lost(&mut self) -> io::Result<u64> {
        Ok(self.header()?.claimed.saturating_sub(self.places))
    }

    /// The events in order; places that were never written are left out.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn events(&mut self) -> io::Result<impl Iterator<Item = io::Result<Event>>> {
        let there = self.header()?.claimed.min(self.places);
        self.file.seek(SeekFrom::Start(HEADER_BYTES as u64))?;
        let mut input = BufReader::with_capacity(1 << 16, &self.file);
        let all = (0..there).map(move |_| {
            let mut bytes = [0; EVENT_BYTES];
            input.read_exact(&mut bytes)?;
            Ok(event(&bytes))
        });
        Ok(all.filter_map(io::Result::transpose))
    }
}

fn event(bytes: &[u8; EVENT_BYTES]) -> Option<Event> {
    let asked =
        Asked { size: u32::from_ne_bytes(field(bytes, AT_SIZE)), align_log2: bytes[AT_ALIGN] };
    let allocates = match bytes[AT_KIND] {
        ALLOCATE => Some(asked),
        FREE => None,
        _ => return None,
    };
    let number = |at| u64::from_ne_bytes(field(bytes, at));
    Some(Event {
        address: number(AT_ADDRESS),
        thread: number(AT_THREAD),
        nanos: number(AT_NANOS),
        allocates,
    })
}

fn field<const N: usize>(bytes: &[u8], start: usize) -> [u8; N] {
    bytes[start..start + N].try_into().expect("a field lies within its record")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_log_has_no_events() {
        let mut log = Log::new(3).expect("a temporary file");
        assert_eq!(log.header().expect("reads"), Header { process: 0, trouble: 0, claimed: 0 });
        assert_eq!(log.events().expect("reads").count(), 0);
        assert_eq!(log.lost().expect("reads"), 0);
    }

    #[test]
    fn events_are_read_and_places_left_empty_are_not() {
        let mut log = Log::new(3).expect("a temporary file");
        let mut places = [0; 3 * EVENT_BYTES];
        places[AT_ADDRESS] = 5;
        places[AT_THREAD] = 6;
        places[AT_NANOS] = 7;
        places[AT_SIZE..AT_SIZE + 4].copy_from_slice(&8_u32.to_ne_bytes());
        places[AT_ALIGN] = 4;
        places[AT_KIND] = ALLOCATE;
        let last = 2 * EVENT_BYTES;
        places[last + AT_KIND] = FREE;
        log.file.write_all(&places).expect("room");
        log.file.seek(SeekFrom::Start(AT_CLAIMED as u64)).expect("within");
        log.file.write_all(&10_u64.to_ne_bytes()).expect("room");

        let events: Vec<_> = log.events().expect("reads").collect::<Result<_, _>>().expect("reads");
        let asked = Asked { size: 8, align_log2: 4 };
        let little = |byte: u8| u64::from_ne_bytes([byte, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(events.len(), 2, "the place between was never written");
        assert_eq!(
            events[0],
            Event {
                address: little(5),
                thread: little(6),
                nanos: little(7),
                allocates: Some(asked)
            }
        );
        assert_eq!(events[1].allocates, None);
        assert_eq!(log.lost().expect("reads"), 7);
    }
}
