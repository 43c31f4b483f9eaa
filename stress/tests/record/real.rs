//! Programs as Debian ships them, unchanged. One that is not here is skipped, and says so.

use core::time::Duration;
use std::env;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Instant;

use super::{PATIENCE, begin, record};

/// Whether `programs` are all there; else it says what is not.
fn found(programs: &[&str]) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    programs.iter().all(|program| {
        let there = env::split_paths(&path).any(|folder| folder.join(program).is_file());
        if !there {
            skips::skip(program, "it is not installed");
        }
        there
    })
}

#[test]
fn sqlite3() {
    if !found(&["sqlite3"]) {
        return;
    }
    let statements = "create table t(a integer primary key, b text); \
        with recursive n(x) as (select 1 union all select x + 1 from n where x < 3000) \
        insert into t select x, hex(randomblob(x % 50)) from n; \
        create index i on t(b); update t set b = b || a where a % 3 = 0; \
        select count(distinct substr(b, 1, 3)) from t group by a % 7;";
    let trace = record(&[], &[], &["sqlite3", ":memory:", statements]).ended(0).replayed();
    assert!(trace.records > 10_000, "{} records", trace.records);
}

#[test]
fn python3_with_threads() {
    if !found(&["python3"]) {
        return;
    }
    let program = "import json, queue, threading
work = queue.Queue(8)
def consume():
    while (item := work.get()) is not None:
        json.loads(json.dumps({str(n): [n] * (n % 9) for n in item}))
threads = [threading.Thread(target=consume) for _ in range(3)]
[thread.start() for thread in threads]
[work.put(range(n % 40)) for n in range(60)]
[work.put(None) for _ in threads]
[thread.join() for thread in threads]";
    let settings = [("PYTHONMALLOC", "malloc")];
    let trace = record(&[], &settings, &["python3", "-c", program]).ended(0).replayed();
    assert!(trace.threads.len() >= 3, "{} threads", trace.threads.len());
    assert!(trace.records > 10_000, "{} records", trace.records);
}

#[test]
fn python3_that_dies_with_threads_at_work() {
    if !found(&["python3"]) {
        return;
    }
    let program = "import os, signal, threading, time
def work():
    while True: [str(n) for n in range(1000)]
[threading.Thread(target=work, daemon=True).start() for _ in range(3)]
time.sleep(0.2)
os.kill(os.getpid(), signal.SIGSEGV)";
    let settings = [("PYTHONMALLOC", "malloc")];
    let recorded = record(&["--max-records", "30000"], &settings, &["python3", "-c", program]);
    recorded.ended(128 + libc::SIGSEGV).replayed();
}

#[test]
fn ripgrep() {
    if !found(&["rg"]) {
        return;
    }
    let program = ["rg", "--threads", "3", "--count", "fn [a-z]+", env!("CARGO_MANIFEST_DIR")];
    let trace = record(&[], &[], &program).ended(0).replayed();
    assert!(trace.threads.len() >= 3, "{} threads", trace.threads.len());
    assert!(trace.records > 1_000, "{} records", trace.records);
}

#[test]
fn redis_under_its_benchmark() {
    let programs = ["redis-server", "redis-benchmark", "redis-cli"];
    if !found(&programs) {
        return;
    }
    // A socket's path must be short, so not below the build's folder.
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("s");
    let socket = socket.to_str().expect("text");
    let [server, benchmark, client] = programs;
    let mut words = vec![server, "--port", "0", "--save", "", "--appendonly", "no"];
    words.extend(["--unixsocket", socket, "--dir", folder.path().to_str().expect("text")]);
    let server = begin(&["--max-records", "100000"], &[], &words);
    let ask = |program, words: &[&str]| -> Output {
        let mut command = Command::new(program);
        command.args(["-s", socket]).args(words).stdin(Stdio::null());
        command.output().expect("a program")
    };
    let limit = Instant::now() + PATIENCE;
    while ask(client, &["ping"]).stdout != b"PONG\n" {
        assert!(Instant::now() < limit, "{}", server.said());
        thread::sleep(Duration::from_millis(20));
    }
    let tests = ["-q", "-n", "1500", "-c", "10", "-r", "500", "-t", "set,get,lpush,hset,sadd"];
    let measured = ask(benchmark, &tests);
    ask(client, &["shutdown", "nosave"]);
    let trace = server.end().ended(0).replayed();
    assert!(measured.status.success(), "{measured:?}");
    assert!(trace.records > 10_000, "{} records", trace.records);
}
