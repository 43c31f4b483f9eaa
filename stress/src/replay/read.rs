//! The reader of traces: strict, and in memory proportional to what the file really holds.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use ruzstd::decoding::StreamingDecoder;

use super::class::{CLASSES, Shape};
use super::format::{
    HEADER_BYTES, MAGIC, MAX_ALIGN_LOG2, MAX_RECORDS, MAX_THREADS, RECORD_BYTES, RecordFault,
    TraceError, VERSION,
};
use crate::num;

/// One thing that a thread of the trace did.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// The object; each is allocated once.
    pub object: u32,
    /// Whether this is its allocation; else its end.
    pub allocates: bool,
    /// The thread that allocates it, the same at both.
    pub allocator: u16,
    /// Its shape, the same at both.
    pub shape: Shape,
}

/// What the trace asks of one size class, or of the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassUse {
    /// Objects allocated.
    pub objects: usize,
    /// Most objects live at once, in the order of the recording.
    pub peak_live: usize,
    /// Objects live now, and in the end: those that are never freed.
    pub live: usize,
}

/// A trace that was read and makes sense.
#[derive(Debug)]
pub struct Trace {
    /// What each thread did, in its own order.
    pub threads: Vec<Vec<Event>>,
    /// The thread of each record, in the order of the recording.
    pub order: Vec<u16>,
    /// Number of objects.
    pub objects: usize,
    /// Number of records.
    pub records: u64,
    /// Use of each class; the last entry is the system's.
    pub classes: [ClassUse; CLASSES + 1],
}

/// What the reader knows of an object that was allocated.
#[derive(Clone, Copy)]
enum Object {
    Live(Birth),
    Dead,
}

/// The objects that were allocated so far. Traces number them as they come; numbers ahead of that
/// are kept apart, so that one record with a high number does not make a long list.
#[derive(Default)]
struct Objects {
    in_order: Vec<Object>,
    ahead: HashMap<u32, Object>,
}

impl Objects {
    fn get_mut(&mut self, object: u32) -> Option<&mut Object> {
        match self.in_order.get_mut(num::index(object)) {
            None => self.ahead.get_mut(&object),
            known => known,
        }
    }

    /// Adds one that is not there yet.
    fn add(&mut self, object: u32, born: Object) {
        if num::index(object) == self.in_order.len() {
            self.in_order.push(born);
        } else {
            self.ahead.insert(object, born);
        }
    }
}

/// What an object's allocation says of it.
#[derive(Clone, Copy)]
struct Birth {
    shape: Shape,
    allocator: u16,
}

struct Header {
    threads: u16,
    records: u64,
    objects: u32,
}

impl Trace {
    /// Reads a trace from a file.
    ///
    /// # Errors
    /// The file cannot be read or is not a trace of version 1, whole and in order.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        if path.is_dir() {
            return Err(TraceError::Io(io::ErrorKind::IsADirectory.into()));
        }
        Self::read(BufReader::new(File::open(path).map_err(TraceError::Io)?))
    }

    /// Reads a compressed trace, to the end of the input.
    ///
    /// # Errors
    /// As [`Trace::open`].
    pub fn read(compressed: impl Read) -> Result<Self, TraceError> {
        let decoder =
            StreamingDecoder::new(compressed).map_err(|error| TraceError::Zstd(cause(&error)))?;
        let mut input = BufReader::with_capacity(1 << 16, decoder);
        let header = read_header(&mut input)?;
        let trace = read_records(&mut input, &header)?;
        if input.read(&mut [0]).map_err(broken)? != 0 {
            return Err(TraceError::Trailing);
        }
        let (mut rest, frame) = input.into_inner().into_parts();
        let stored = frame.get_checksum_from_data();
        if stored.is_some() && stored != frame.get_calculated_checksum() {
            return Err(TraceError::Checksum);
        }
        if rest.read(&mut [0]).map_err(TraceError::Io)? != 0 {
            return Err(TraceError::Trailing);
        }
        Ok(trace)
    }

    /// All events, in the order of the recording.
    pub fn in_order(&self) -> impl Iterator<Item = &Event> {
        let mut threads: Vec<_> = self.threads.iter().map(|events| events.iter()).collect();
        self.order.iter().filter_map(move |thread| threads[usize::from(*thread)].next())
    }
}

fn read_header(input: &mut impl Read) -> Result<Header, TraceError> {
    let mut bytes = [0; HEADER_BYTES];
    if !fill(input, &mut bytes)? || bytes[..6] != *MAGIC {
        return Err(TraceError::Foreign);
    }
    let version = [bytes[6], bytes[7]];
    if version != [b'0', b'0' + VERSION] {
        return Err(TraceError::Version { found: version });
    }
    let record_bytes = u32::from_le_bytes(field(&bytes, 8));
    if num::index(record_bytes) != RECORD_BYTES {
        return Err(TraceError::RecordSize { found: record_bytes });
    }
    let records = at_most("records", u64::from_le_bytes(field(&bytes, 16)), MAX_RECORDS)?;
    let limit = records.min(u64::from(MAX_THREADS));
    let threads = at_most("threads", u32::from_le_bytes(field(&bytes, 12)).into(), limit)?;
    let objects = at_most("objects", u64::from_le_bytes(field(&bytes, 24)), records)?;
    Ok(Header {
        threads: u16::try_from(threads).expect("limited above"),
        records,
        objects: u32::try_from(objects).expect("limited by MAX_RECORDS"),
    })
}

fn read_records(input: &mut impl Read, header: &Header) -> Result<Trace, TraceError> {
    let mut builder = Builder {
        header,
        objects: Objects::default(),
        allocated: 0,
        threads: vec![Vec::new(); usize::from(header.threads)],
        order: Vec::new(),
        classes: Default::default(),
    };
    let mut bytes = [0; RECORD_BYTES];
    for number in 0..header.records {
        if !fill(input, &mut bytes)? {
            return Err(TraceError::Truncated { records: number, promised: header.records });
        }
        builder.add(&bytes).map_err(|fault| TraceError::Record { number, fault })?;
    }
    if builder.allocated != header.objects {
        return Err(TraceError::MissingObjects {
            found: builder.allocated.into(),
            promised: header.objects.into(),
        });
    }
    Ok(Trace {
        threads: builder.threads,
        order: builder.order,
        objects: num::index(header.objects),
        records: header.records,
        classes: builder.classes,
    })
}

/// A trace in the making. Its lists grow with the records, not with the header's promises.
struct Builder<'a> {
    header: &'a Header,
    objects: Objects,
    allocated: u32,
    threads: Vec<Vec<Event>>,
    order: Vec<u16>,
    classes: [ClassUse; CLASSES + 1],
}

impl Builder<'_> {
    fn add(&mut self, bytes: &[u8; RECORD_BYTES]) -> Result<(), RecordFault> {
        let [op, align_log2, ..] = *bytes;
        let thread = u16::from_le_bytes(field(bytes, 2));
        let object = u32::from_le_bytes(field(bytes, 4));
        let size = u32::from_le_bytes(field(bytes, 8));
        if thread >= self.header.threads {
            return Err(RecordFault::Thread(thread));
        }
        if object >= self.header.objects {
            return Err(RecordFault::Object(object));
        }
        if align_log2 > MAX_ALIGN_LOG2 {
            return Err(RecordFault::Alignment(align_log2));
        }
        let Birth { shape, allocator } = match op {
            0 => {
                let shape = Shape::new(size, align_log2);
                self.allocate(object, Birth { shape, allocator: thread })?
            }
            1 if size != 0 => return Err(RecordFault::SizeOfFree(size)),
            1 => self.free(object)?,
            _ => return Err(RecordFault::Op(op)),
        };
        let event = Event { object, allocates: op == 0, allocator, shape };
        self.threads[usize::from(thread)].push(event);
        self.order.push(thread);
        Ok(())
    }

    fn allocate(&mut self, object: u32, birth: Birth) -> Result<Birth, RecordFault> {
        if self.objects.get_mut(object).is_some() {
            return Err(RecordFault::AllocatedTwice(object));
        }
        self.objects.add(object, Object::Live(birth));
        self.allocated += 1;
        let class = self.class(birth.shape);
        class.objects += 1;
        class.live += 1;
        class.peak_live = class.peak_live.max(class.live);
        Ok(birth)
    }

    fn free(&mut self, object: u32) -> Result<Birth, RecordFault> {
        let Some(known) = self.objects.get_mut(object) else {
            return Err(RecordFault::NotLive(object));
        };
        let Object::Live(birth) = *known else {
            return Err(RecordFault::NotLive(object));
        };
        *known = Object::Dead;
        self.class(birth.shape).live -= 1;
        Ok(birth)
    }

    fn class(&mut self, shape: Shape) -> &mut ClassUse {
        &mut self.classes[shape.class().unwrap_or(CLASSES)]
    }
}

/// The `N` bytes at `start`.
fn field<const N: usize>(bytes: &[u8], start: usize) -> [u8; N] {
    bytes[start..start + N].try_into().expect("a field lies within its record")
}

fn at_most(what: &'static str, value: u64, limit: u64) -> Result<u64, TraceError> {
    if value > limit { Err(TraceError::Header { what, value, limit }) } else { Ok(value) }
}

/// Fills `bytes`; false if the input ends first.
fn fill(input: &mut impl Read, bytes: &mut [u8]) -> Result<bool, TraceError> {
    match input.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(broken(error)),
    }
}

/// The decoder reports its own faults as I/O errors.
fn broken(error: io::Error) -> TraceError {
    TraceError::Zstd(cause(&error))
}

/// What lies at the bottom of an error: those above it quote it as code would.
fn cause(error: &dyn core::error::Error) -> String {
    let mut bottom = error;
    while let Some(below) = bottom.source() {
        bottom = below;
    }
    bottom.to_string()
}
