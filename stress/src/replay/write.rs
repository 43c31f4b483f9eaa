//! The writer of traces.

use std::io::Read as _;

use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::format::{
    HEADER_BYTES, MAGIC, MAX_ALIGN_LOG2, MAX_RECORDS, MAX_THREADS, RECORD_BYTES, VERSION,
};

/// A trace in the making. Whatever is refused leaves it as it was.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    records: Vec<u8>,
    threads: u16,
    objects: u32,
}

/// The trace has no room for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Draft {
    /// Adds an allocation of `size` bytes by a thread, `nanos` nanoseconds after the record
    /// before; gives the object's number. An alignment above what a trace may ask for is lowered
    /// to that.
    ///
    /// # Errors
    /// There are [`MAX_RECORDS`] records, or the thread's number is not below [`MAX_THREADS`].
    pub fn allocate(
        &mut self,
        thread: u16,
        size: u32,
        align_log2: u8,
        nanos: u32,
    ) -> Result<u32, Full> {
        let object = self.objects;
        self.add([0, align_log2.min(MAX_ALIGN_LOG2)], thread, object, size, nanos)?;
        self.objects += 1;
        Ok(object)
    }

    /// Adds the free of an object, which must be live.
    ///
    /// # Errors
    /// As [`Draft::allocate`].
    pub fn free(&mut self, thread: u16, object: u32, nanos: u32) -> Result<(), Full> {
        debug_assert!(object < self.objects, "no such object");
        self.add([1, 0], thread, object, 0, nanos)
    }

    /// Number of records so far.
    pub fn records(&self) -> u64 {
        (self.records.len() / RECORD_BYTES) as u64
    }

    /// Number of threads so far.
    pub fn threads(&self) -> u16 {
        self.threads
    }

    /// Number of objects so far.
    pub fn objects(&self) -> u32 {
        self.objects
    }

    /// The file, compressed. ruzstd writes it, as it reads it: no second library of one format.
    ///
    /// # Panics
    /// Never: the size of a record fits 32 bits.
    pub fn to_file(&self) -> Vec<u8> {
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.extend(MAGIC);
        header.extend([b'0', b'0' + VERSION]);
        let record_bytes = u32::try_from(RECORD_BYTES).expect("16");
        header.extend(record_bytes.to_le_bytes());
        header.extend(u32::from(self.threads).to_le_bytes());
        header.extend(self.records().to_le_bytes());
        header.extend(u64::from(self.objects).to_le_bytes());
        compress_to_vec(header.chain(self.records.as_slice()), CompressionLevel::Fastest)
    }

    fn add(
        &mut self,
        op_and_align: [u8; 2],
        thread: u16,
        object: u32,
        size: u32,
        nanos: u32,
    ) -> Result<(), Full> {
        if self.records() >= MAX_RECORDS || thread >= MAX_THREADS {
            return Err(Full);
        }
        self.records.extend(op_and_align);
        self.records.extend(thread.to_le_bytes());
        self.records.extend(object.to_le_bytes());
        self.records.extend(size.to_le_bytes());
        self.records.extend(nanos.to_le_bytes());
        self.threads = self.threads.max(thread + 1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::Trace;
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut draft = Draft::default();
        let first = draft.allocate(0, 40, 4, 0).expect("room");
        let second = draft.allocate(2, u32::MAX, 60, 7).expect("room");
        draft.free(1, first, 5).expect("room");
        assert_eq!((first, second, draft.records()), (0, 1, 3));
        let trace = Trace::read(draft.to_file().as_slice()).expect("a trace");
        assert_eq!((trace.records, trace.objects, trace.threads.len()), (3, 2, 3));
        let free = trace.threads[1][0];
        assert!(!free.allocates && free.object == 0 && free.allocator == 0);
        assert_eq!(trace.threads[2][0].shape.layout().align(), 1 << MAX_ALIGN_LOG2);
    }

    #[test]
    fn an_empty_draft_is_a_trace() {
        let trace = Trace::read(Draft::default().to_file().as_slice()).expect("a trace");
        assert_eq!((trace.records, trace.threads.len()), (0, 0));
    }

    #[test]
    fn too_many_threads_are_refused() {
        let mut draft = Draft::default();
        assert_eq!(draft.allocate(MAX_THREADS, 8, 4, 0), Err(Full));
        assert_eq!(draft.allocate(MAX_THREADS - 1, 8, 4, 0), Ok(0));
        assert_eq!(draft.free(MAX_THREADS, 0, 0), Err(Full));
        assert_eq!((draft.records(), draft.objects()), (1, 1));
    }
}
