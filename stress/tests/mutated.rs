//! 10,000 damaged traces: each is read or refused in one line, without a panic, in little memory.
//!
//! By a counting allocator, so this file is a program of its own with a single test that counts.

use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::alloc::System;
use std::collections::BTreeMap;
use std::panic;

use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use stress::replay::{Draft, Trace, TraceError};
use stress::rng::Rng;

/// The system's allocator, counted.
struct Counting;

/// Bytes allocated now, and the most there were.
static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(now, Relaxed);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's.
        unsafe { System.dealloc(block, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` gives, and the most bytes that it had allocated at a time.
fn counted<R>(work: impl FnOnce() -> R) -> (R, usize) {
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    let result = work();
    (result, PEAK.load(Relaxed) - before)
}

const SEED: u64 = 20;
const FILES: usize = 10_000;
/// Most bytes that a reader may use for any of them: its buffers, a zstd block or two, and the
/// lists whose number the header alone decides, one for each of 65,534 threads. The first file,
/// followed blindly, asks for 200 MB.
const BOUND_BYTES: usize = 4 << 20;

/// A sound trace: some threads, some hundred objects, most of them freed.
fn sound(rng: &mut Rng) -> Draft {
    let mut draft = Draft::default();
    let mut live = Vec::new();
    for _ in 0..rng.up_to(120) {
        let thread = u16::try_from(rng.below(5)).expect("few");
        if rng.coin() || live.is_empty() {
            let size = u32::try_from(rng.below(6000)).expect("small");
            live.push(draft.allocate(thread, size, 4, 10).expect("room"));
        } else {
            let object = live.swap_remove(rng.below(live.len()));
            draft.free(thread, object, 10).expect("room");
        }
    }
    draft
}

/// A file that promises as much as a file may, and holds one record, of the last object.
fn boastful() -> Vec<u8> {
    let many = 1_u32 << 24;
    let mut bytes = b"STPTRC01".to_vec();
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend(65_534_u32.to_le_bytes());
    bytes.extend([u64::from(many).to_le_bytes(), u64::from(many).to_le_bytes()].concat());
    bytes.extend([0, 4, 0, 0]);
    bytes.extend([many - 1, 8, 0].map(u32::to_le_bytes).concat());
    compress_to_vec(bytes.as_slice(), CompressionLevel::Fastest)
}

/// One byte, of the values that make trouble more often than others.
fn byte(rng: &mut Rng) -> u8 {
    let any = u8::try_from(rng.below(256)).expect("below 256");
    [any, any, 0, 0xFF, 0x80][rng.below(5)]
}

/// Changes, removes, inserts, repeats or cuts some bytes.
fn damage(rng: &mut Rng, bytes: &mut Vec<u8>) {
    for _ in 0..rng.up_to(3) {
        let at = rng.below(bytes.len());
        let some = at..(at + rng.up_to(8)).min(bytes.len());
        match rng.below(8) {
            0 => drop(bytes.drain(some)),
            1 => bytes.insert(at, byte(rng)),
            2 => bytes.extend_from_within(some),
            3 if at > 0 => bytes.truncate(at),
            4 => bytes[some].fill(0xFF),
            _ => bytes[at] = byte(rng),
        }
        if bytes.is_empty() {
            return;
        }
    }
}

/// A damaged file, in one of four ways.
fn damaged(rng: &mut Rng) -> Vec<u8> {
    let mut file = sound(rng).to_file();
    if rng.coin() {
        damage(rng, &mut file);
        return file;
    }
    // Inside: what is compressed is damaged, the compression is not.
    let mut inside = Vec::new();
    let mut decoder = ruzstd::decoding::StreamingDecoder::new(file.as_slice()).expect("zstd");
    std::io::Read::read_to_end(&mut decoder, &mut inside).expect("zstd");
    match rng.below(3) {
        0 => {
            // The header, first of all: it promises.
            let at = 8 + rng.below(24);
            inside[at] = byte(rng);
        }
        1 => {
            let at = 32 + rng.below(inside.len() - 32);
            inside[at] = byte(rng);
        }
        _ => damage(rng, &mut inside),
    }
    compress_to_vec(inside.as_slice(), CompressionLevel::Fastest)
}

/// The kind of an outcome, by the first word of its debug form.
fn kind(result: &Result<Trace, TraceError>) -> String {
    let text = match result {
        Ok(_) => return "read".to_owned(),
        Err(error) => format!("{error:?}"),
    };
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

#[test]
fn ten_thousand_damaged_files() {
    let mut rng = Rng::new(SEED, 0);
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut most = 0;
    for number in 0..FILES {
        let file = if number == 0 { boastful() } else { damaged(&mut rng) };
        let read = || panic::catch_unwind(|| Trace::read(file.as_slice()));
        let (result, bytes) = counted(read);
        let Ok(result) = result else {
            panic!("file {number} of seed {SEED} made the reader panic: {file:?}");
        };
        assert!(bytes <= BOUND_BYTES, "file {number} of seed {SEED}: {bytes} bytes");
        most = most.max(bytes);
        if let Err(error) = &result {
            let line = error.to_string();
            assert!(!line.is_empty() && !line.contains('\n'), "file {number}: {line:?}");
        }
        *kinds.entry(kind(&result)).or_default() += 1;
    }
    println!("{kinds:?}, at most {most} bytes");
    // The damage goes everywhere, or the test shows nothing.
    for expected in
        ["Zstd", "Checksum", "Foreign", "Version", "RecordSize", "Header", "Truncated", "Trailing"]
            .into_iter()
            .chain(["MissingObjects", "Record", "read"])
    {
        assert!(kinds.contains_key(expected), "no file was {expected}: {kinds:?}");
    }
}
