//! The reader of traces: the recordings, every kind of bad file, and mutated bytes.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use stress::replay::{RecordFault, Trace, TraceError};
use stress::replay::{SYSTEM, mallocs, round_on_malloc, round_on_pools};
use stress::strategies::STRATEGIES;

fn recording(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "traces", name].iter().collect()
}

/// A record in the making.
#[derive(Clone, Copy, Debug)]
struct Record {
    op: u8,
    align_log2: u8,
    thread: u16,
    object: u32,
    size: u32,
}

fn allocate(thread: u16, object: u32, size: u32) -> Record {
    Record { op: 0, align_log2: 4, thread, object, size }
}

fn free(thread: u16, object: u32) -> Record {
    Record { op: 1, align_log2: 4, thread, object, size: 0 }
}

/// The bytes of a trace, before compression.
fn raw(threads: u32, objects: u64, records: &[Record]) -> Vec<u8> {
    let mut bytes = b"STPTRC01".to_vec();
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend(threads.to_le_bytes());
    bytes.extend((records.len() as u64).to_le_bytes());
    bytes.extend(objects.to_le_bytes());
    for record in records {
        bytes.extend([record.op, record.align_log2]);
        bytes.extend(record.thread.to_le_bytes());
        bytes.extend(record.object.to_le_bytes());
        bytes.extend(record.size.to_le_bytes());
        bytes.extend([0; 4]);
    }
    bytes
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

fn read(bytes: &[u8]) -> Result<Trace, TraceError> {
    Trace::read(compressed(bytes).as_slice())
}

/// Two threads, two objects, one freed by the other thread.
fn small() -> Vec<u8> {
    raw(2, 2, &[allocate(0, 0, 40), allocate(1, 1, 9000), free(1, 0)])
}

/// A small trace with `bytes` written over it at `at`.
fn spoilt(at: usize, bytes: &[u8]) -> Result<Trace, TraceError> {
    let mut all = small();
    all[at..at + bytes.len()].copy_from_slice(bytes);
    read(&all)
}

#[test]
fn events_come_in_the_order_of_the_recording() {
    let records =
        [allocate(1, 0, 8), allocate(0, 1, 16), free(0, 0), allocate(1, 2, 24), free(1, 1)];
    let trace = read(&raw(2, 3, &records)).expect("a trace");
    let order: Vec<_> =
        trace.in_order().map(|event| (event.object, event.allocates, event.allocator)).collect();
    assert_eq!(order, [(0, true, 1), (1, true, 0), (0, false, 1), (2, true, 1), (1, false, 0)]);
}

#[test]
fn the_recordings_are_what_their_readme_says() {
    let sqlite = Trace::open(&recording("sqlite.stpt.zst")).expect("reads");
    assert_eq!((sqlite.records, sqlite.threads.len()), (400_000, 1));
    let python = Trace::open(&recording("python-pipeline.stpt.zst")).expect("reads");
    assert_eq!((python.records, python.threads.len()), (436_751, 5));
    assert!(python.classes.iter().map(|class| class.peak_live).sum::<usize>() >= 42_279);
    let remote = python.threads.iter().enumerate().flat_map(|(thread, events)| {
        let remote = move |event: &&_| {
            let event: &stress::replay::Event = event;
            !event.allocates && usize::from(event.allocator) != thread
        };
        events.iter().filter(remote)
    });
    assert!(remote.count() > 20_000, "12% of the frees are remote");
}

#[test]
fn a_small_trace_is_read_as_written() {
    let trace = read(&small()).expect("reads");
    assert_eq!((trace.records, trace.objects, trace.threads.len()), (3, 2, 2));
    assert_eq!(trace.threads[0].len(), 1);
    let freed = trace.threads[1][1];
    assert!(!freed.allocates);
    assert_eq!((freed.object, freed.allocator, freed.shape.class()), (0, 0, Some(3)));
    assert_eq!(trace.threads[1][0].shape.class(), None, "9000 bytes go to the system");
    assert_eq!(trace.classes[3].peak_live, 1);
    assert_eq!(trace.classes[3].live, 0);
}

#[test]
fn objects_may_come_in_any_order() {
    let order = [2, 0, 3, 1];
    let mut records: Vec<_> = order.iter().map(|object| allocate(0, *object, 8)).collect();
    records.extend(order.iter().map(|object| free(0, *object)));
    assert_eq!(read(&raw(1, 4, &records)).expect("reads").objects, 4);
    for object in 0..4 {
        let again = [&records[..4], &[allocate(0, object, 8)]].concat();
        let error = read(&raw(1, 4, &again)).expect_err("allocated twice");
        let fault = RecordFault::AllocatedTwice(object);
        assert!(matches!(error, TraceError::Record { number: 4, fault: f } if f == fault));
    }
}

#[test]
fn no_records_make_a_trace() {
    let empty = read(&raw(0, 0, &[])).expect("reads");
    assert_eq!(empty.records, 0);
}

#[test]
fn foreign_and_newer_files_are_told_apart() {
    assert!(matches!(Trace::read(&b"hello world, this is text"[..]), Err(TraceError::Zstd(_))));
    assert!(matches!(Trace::read(&b""[..]), Err(TraceError::Zstd(_))));
    assert!(matches!(read(b"short"), Err(TraceError::Foreign)));
    assert!(matches!(spoilt(0, b"XTPTRC01"), Err(TraceError::Foreign)));
    let newer = spoilt(6, b"02").expect_err("version 2");
    assert!(matches!(newer, TraceError::Version { found: [b'0', b'2'] }));
    assert_eq!(newer.to_string(), "trace version \"02\", this build reads version 01");
}

#[test]
fn headers_that_cannot_be_are_refused() {
    let too_many = u64::MAX.to_le_bytes();
    assert!(matches!(spoilt(8, &[24]), Err(TraceError::RecordSize { found: 24 })));
    let header = |what| move |error: &TraceError| matches!(error, TraceError::Header { what: found, .. } if *found == what);
    assert!(spoilt(12, &u32::MAX.to_le_bytes()).is_err_and(|error| header("threads")(&error)));
    assert!(spoilt(16, &too_many).is_err_and(|error| header("records")(&error)));
    assert!(spoilt(24, &too_many).is_err_and(|error| header("objects")(&error)));
    assert!(matches!(
        spoilt(24, &3_u64.to_le_bytes()),
        Err(TraceError::MissingObjects { found: 2, promised: 3 })
    ));
}

#[test]
fn files_that_end_early_or_late_are_refused() {
    let all = small();
    for length in 32..all.len() {
        assert!(matches!(read(&all[..length]), Err(TraceError::Truncated { promised: 3, .. })));
    }
    assert!(matches!(read(&[&all[..], b"x"].concat()), Err(TraceError::Trailing)));
    let packed = compressed(&all);
    assert!(matches!(
        Trace::read([&packed[..], b"x"].concat().as_slice()),
        Err(TraceError::Trailing)
    ));
    for length in 0..packed.len() {
        assert!(Trace::read(&packed[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn a_damaged_recording_is_noticed() {
    let mut bytes = fs::read(recording("sqlite.stpt.zst")).expect("the recording");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert!(matches!(Trace::read(bytes.as_slice()), Err(TraceError::Checksum)));
}

#[test]
fn records_that_make_no_sense_are_refused_by_number() {
    use RecordFault::{Alignment, AllocatedTwice, NotLive, Object, Op, SizeOfFree, Thread};
    let first = allocate(0, 0, 8);
    for (record, expected) in [
        (Record { op: 2, ..first }, Op(2)),
        (Record { align_log2: 25, object: 1, ..first }, Alignment(25)),
        (allocate(1, 1, 8), Thread(1)),
        (allocate(0, 2, 8), Object(2)),
        (allocate(0, 0, 8), AllocatedTwice(0)),
        (free(0, 1), NotLive(1)),
        (Record { size: 1, ..free(0, 0) }, SizeOfFree(1)),
    ] {
        let error = read(&raw(1, 2, &[first, record])).expect_err("makes no sense");
        assert!(
            matches!(error, TraceError::Record { number: 1, fault } if fault == expected),
            "{error}"
        );
    }
    let twice = raw(1, 1, &[first, free(0, 0), free(0, 0)]);
    assert!(matches!(read(&twice), Err(TraceError::Record { number: 2, fault: NotLive(0) })));
}

#[test]
fn each_kind_of_bad_file_ends_the_command_with_1_and_one_line() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("bad-traces");
    fs::create_dir_all(&folder).expect("ours");
    let mut damaged = compressed(&small());
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let mut newer = small();
    newer[6..8].copy_from_slice(b"02");
    let mut misplaced = small();
    misplaced[24..32].copy_from_slice(&9_u64.to_le_bytes());
    for (name, bytes, says) in [
        ("empty", Vec::new(), "broken or not zstd"),
        ("text", b"hello world, this is text".to_vec(), "broken or not zstd"),
        ("foreign", compressed(b"hello world, this is text"), "not a stampool trace"),
        ("newer", compressed(&newer), "trace version \"02\", this build reads version 01"),
        ("header", compressed(&misplaced), "the header says 9 objects, at most 3"),
        ("cut", compressed(&small())[..30].to_vec(), "broken or not zstd"),
        ("short", compressed(&small()[..50]), "truncated: 1 of 3 records"),
        ("long", [compressed(&small()), vec![0]].concat(), "bytes after the last record"),
        ("damaged", damaged, "the checksum does not match"),
        ("record", compressed(&raw(1, 1, &[free(0, 0)])), "record 0: object 0 is freed but not"),
    ] {
        let file = folder.join(name);
        fs::write(&file, bytes).expect("ours");
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_stress"))
            .arg("replay")
            .arg(&file)
            .arg("--out")
            .arg(folder.join("out.json"))
            .output()
            .expect("the binary under test");
        assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(said.starts_with("error: ") && said.contains(says), "{name}: {said}");
        assert!(said.ends_with('\n') && said.lines().count() == 1, "{name}: {said}");
        assert_eq!(output.stdout, b"", "{name}");
    }
}

#[test]
fn every_strategy_replays_the_recordings() {
    for name in ["sqlite.stpt.zst", "python-pipeline.stpt.zst"] {
        let trace = Trace::open(&recording(name)).expect("reads");
        for entry in &STRATEGIES {
            for checked in [true, false] {
                let round = (entry.replay)(&trace, 16, checked).expect("pools and threads");
                assert_eq!(round.violations, [], "{} {name}", entry.name);
                assert_eq!(round.classes.iter().all(|class| class.limit.is_some()), checked);
            }
        }
        for malloc in mallocs() {
            let round = round_on_malloc(&trace, &malloc, true).expect("threads");
            assert_eq!(round.violations, [], "{} {name}", malloc.name);
        }
    }
}

#[test]
fn a_free_waits_for_its_allocation() {
    // Thread 0 frees what thread 1 allocates, and the other way round, many times.
    let pairs = 2000_u32;
    let records: Vec<_> = (0..pairs)
        .flat_map(|object| {
            let (giver, taker) = if object % 2 == 0 { (0, 1) } else { (1, 0) };
            [allocate(giver, object, 32), free(taker, object)]
        })
        .collect();
    let trace = read(&raw(2, pairs.into(), &records)).expect("reads");
    for entry in &STRATEGIES {
        let round = (entry.replay)(&trace, 4, true).expect("pools and threads");
        assert_eq!(round.violations, [], "{}", entry.name);
    }
}

#[test]
fn a_pool_that_cannot_be_built_is_an_error() {
    let trace = read(&small()).expect("reads");
    assert!((STRATEGIES[0].replay)(&trace, 0, true).is_err());
    let refuse =
        |_| Err::<stampool::Pool<stampool::Locked>, _>(stress::subject::Refused("no".into()));
    assert!(round_on_pools(&trace, refuse, true).is_err());
}

/// Sequences of records over few threads and objects: some make sense, most nearly do.
fn records() -> impl Strategy<Value = Vec<Record>> {
    let record = (0_u8..3, 0_u8..26, 0_u16..3, 0_u32..6, prop_oneof![Just(0), 1_u32..6000])
        .prop_map(|(op, align_log2, thread, object, size)| Record {
            op,
            align_log2,
            thread,
            object,
            size,
        });
    prop::collection::vec(record, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn mutated_bytes_before_compression_never_panic(
        at in 0_usize..80, byte: u8, cut in 0_usize..90,
    ) {
        let mut bytes = small();
        let last = bytes.len() - 1;
        bytes[at.min(last)] = byte;
        bytes.truncate(cut);
        let _ = read(&bytes);
    }

    #[test]
    fn mutated_compressed_bytes_never_panic(
        changes in prop::collection::vec((0_usize..200, any::<u8>()), 1..4), cut in 0_usize..200,
    ) {
        let mut bytes = compressed(&small());
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        bytes.truncate(cut);
        let _ = Trace::read(bytes.as_slice());
    }

    #[test]
    fn arbitrary_records_are_refused_or_can_be_replayed(records in records()) {
        let objects = records.iter().filter(|record| record.op == 0).count() as u64;
        if let Ok(trace) = read(&raw(3, objects, &records)) {
            prop_assert_eq!(trace.threads.iter().map(Vec::len).sum::<usize>(), records.len());
            let round = round_on_malloc(&trace, &SYSTEM, true).expect("threads");
            prop_assert_eq!(round.violations, []);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn a_damaged_real_recording_never_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = fs::read(recording("sqlite.stpt.zst")).expect("the recording");
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = Trace::read(bytes.as_slice());
    }
}
