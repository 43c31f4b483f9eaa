//! One thread is stopped for ever before each of its steps: who must still come to an end, and who
//! waits.

mod stops;

use core::array;
use std::sync::Arc;

use porf::model::{Awaits, Builder, Standstill, Stops, operation};
use porf::sync::atomic::AtomicUsize;
use porf::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use porf::sync::{Condvar, Mutex, RwLock};
use porf::{hint, thread};

use stops::{builder, is_lock_free, standstills, texts, threads, waits};

/// Two counters, the second one guarded by the first.
fn pair() -> [AtomicUsize; 2] {
    array::from_fn(|_| AtomicUsize::new(0))
}

fn spin_lock([lock, count]: &[AtomicUsize; 2]) {
    operation("lock");
    while lock.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
        hint::spin_loop();
    }
    operation("locked");
    count.store(count.load(Relaxed) + 1, Relaxed);
    lock.store(0, Release);
    operation("unlocked");
}

#[test]
fn a_spin_lock_waits_for_its_holder() {
    assert_eq!(waits(threads(pair, [spin_lock, spin_lock])), texts(["locked <- lock"]));
}

#[test]
fn a_lock_that_writes_while_it_waits_does_not_pass() {
    fn lock([lock, _]: &[AtomicUsize; 2]) {
        while lock.swap(1, Acquire) == 1 {
            hint::spin_loop();
        }
        lock.store(0, Release);
    }
    let run = || {
        let mut builder = builder();
        builder.max_branches = 60;
        builder.check(threads(pair, [lock, lock]));
    };
    assert!(message(run).contains("not finished, and therefore not passed"));
}

/// What the function panics with.
fn message<T>(run: impl FnOnce() -> T) -> String {
    let result = std::panic::catch_unwind(core::panic::AssertUnwindSafe(run));
    let payload = result.err().expect("it panics");
    payload.downcast_ref::<String>().expect("a text").clone()
}

#[test]
fn a_ticket_lock_waits_for_each_earlier_ticket() {
    fn lock([next, serving]: &[AtomicUsize; 2]) {
        operation("take a ticket");
        let ticket = next.fetch_add(1, Relaxed);
        operation("wait");
        while serving.load(Acquire) != ticket {
            hint::spin_loop();
        }
        operation("locked");
        serving.store(ticket + 1, Release);
        operation("unlocked");
    }
    // Whether the thread has the lock or only its ticket, nobody can tell.
    assert_eq!(waits(threads(pair, [lock, lock])), texts(["wait <- wait"]));
}

#[test]
fn a_reader_of_a_sequence_lock_waits_for_the_writer() {
    fn write([sequence, data]: &[AtomicUsize; 2]) {
        operation("write");
        sequence.fetch_add(1, AcqRel);
        data.store(1, Release);
        sequence.fetch_add(1, Release);
        operation("written");
    }
    fn read([sequence, data]: &[AtomicUsize; 2]) {
        operation("read");
        loop {
            let before = sequence.load(Acquire);
            if before % 2 == 1 {
                hint::spin_loop();
                continue;
            }
            let value = data.load(Acquire);
            if sequence.load(Relaxed) == before {
                assert_eq!(value, before / 2);
                return;
            }
        }
    }
    assert_eq!(waits(threads(pair, [write, read])), texts(["write <- read"]));
    assert!(waits(threads(pair, [read, read])).is_empty());
}

#[test]
fn a_mutex_waits_for_its_holder() {
    fn lock(mutex: &Mutex<usize>) {
        operation("lock");
        let mut guard = mutex.lock().unwrap();
        operation("locked");
        *guard += 1;
        drop(guard);
        operation("unlocked");
    }
    let (_, standstills) = standstills(threads(|| Mutex::new(0), [lock, lock]));
    assert!(!standstills.is_empty());
    for standstill in standstills {
        let [waiter] = &standstill.waiters[..] else { panic!("one waits: {standstill}") };
        let Awaits::Lock { made, holder } = waiter.awaits else { panic!("{standstill}") };
        assert_eq!((holder, waiter.operation), (standstill.thread, Some("lock")));
        assert!(made.file().ends_with("progress.rs"), "{made}");
    }
}

#[test]
fn a_try_lock_waits_for_nobody() {
    fn attempt(mutex: &Mutex<usize>) {
        if let Ok(mut guard) = mutex.try_lock() {
            *guard += 1;
        }
    }
    is_lock_free(threads(|| Mutex::new(0), [attempt, attempt]));
}

#[test]
fn a_writer_waits_for_a_reader_and_readers_do_not_wait_for_each_other() {
    fn read(lock: &RwLock<usize>) {
        operation("read");
        drop(lock.read().unwrap());
    }
    fn write(lock: &RwLock<usize>) {
        operation("write");
        *lock.write().unwrap() += 1;
    }
    is_lock_free(threads(|| RwLock::new(0), [read, read]));
    let expected = texts(["read <- write", "write <- read"]);
    assert_eq!(waits(threads(|| RwLock::new(0), [read, write])), expected);
}

#[test]
fn who_waits_for_a_notification_waits_for_who_is_to_give_it() {
    fn wait((mutex, changed): &(Mutex<bool>, Condvar)) {
        operation("wait");
        drop(changed.wait_while(mutex.lock().unwrap(), |is_set| !*is_set).unwrap());
    }
    fn set((mutex, changed): &(Mutex<bool>, Condvar)) {
        operation("set");
        *mutex.lock().unwrap() = true;
        changed.notify_one();
    }
    let new = || (Mutex::new(false), Condvar::new());
    let (_, standstills) = standstills(threads(new, [wait, set]));
    let awaits_a_notification = |standstill: &Standstill| {
        matches!(standstill.waiters[0].awaits, Awaits::Notification { .. })
            && standstill.operation == Some("set")
    };
    assert!(standstills.iter().any(awaits_a_notification), "{standstills:?}");
}

/// Threads of plain accesses, of which the length is known.
fn straight(lengths: [usize; 3]) -> impl Fn() + Send + Sync + 'static {
    move || {
        let shared: Arc<[AtomicUsize; 2]> = Arc::new(pair());
        let steps: [fn(&[AtomicUsize; 2]); 4] = [
            |[x, y]| x.store(y.load(Acquire) + 1, Release),
            |[x, y]| _ = y.fetch_add(x.load(Relaxed), SeqCst),
            |[x, _]| x.store(3, SeqCst),
            |[x, y]| _ = x.swap(y.load(SeqCst), AcqRel),
        ];
        for (thread, length) in lengths.into_iter().enumerate() {
            let shared = Arc::clone(&shared);
            let steps = steps.into_iter().skip(thread % 2).take(length);
            _ = thread::spawn(move || steps.for_each(|step| step(&shared)));
        }
    }
}

/// The graphs in which a thread is stopped behind its nth step are those of the program in which
/// the thread has n steps. Here each step ends with what can be noticed.
#[test]
fn a_thread_that_is_stopped_is_a_thread_that_ends_early() {
    let executions = |lengths| {
        let mut builder = Builder::new();
        builder.check_duplicates = true;
        builder.explore(straight(lengths)).executions
    };
    for lengths in [[3, 2, 0], [2, 2, 1], [1, 3, 1]] {
        let mut stopped = 0;
        for thread in 0..3 {
            for shorter in 0..=lengths[thread] {
                let mut lengths = lengths;
                lengths[thread] = shorter;
                stopped += executions(lengths);
            }
        }
        // Thread 0 spawns the others, each spawn a step: 1, 2 and all 3 of them are there.
        let [a, b, _] = lengths;
        stopped += executions([a, 0, 0]) + executions([a, b, 0]) + executions(lengths);
        let report = builder().explore(straight(lengths));
        assert_eq!(report.stopped, stopped, "{lengths:?}");
        assert_eq!(report.executions, executions(lengths), "{lengths:?}");
    }
}

#[test]
fn a_check_names_who_is_stopped_and_who_waits() {
    let run = || builder().check(threads(pair, [spin_lock, spin_lock]));
    let text = message(run);
    assert!(text.contains("is stopped for ever before its step at"), "{text}");
    assert!(text.contains("(in `lock`) waits at"), "{text}");
    assert!(text.contains("for another value of what was made at"), "{text}");
}

#[test]
fn only_named_threads_are_stopped() {
    let mut builder = builder();
    builder.stops = Stops::Threads(vec![2]);
    let (_, standstills) = builder.explore_standstills(threads(pair, [spin_lock, spin_lock]));
    assert!(!standstills.is_empty());
    assert!(standstills.iter().all(|standstill| standstill.thread == 2));
}

#[test]
#[should_panic(expected = "no execution has a thread that could be stopped")]
fn a_check_that_stops_nobody_is_refused() {
    let mut builder = builder();
    builder.stops = Stops::Threads(vec![5]);
    builder.check(threads(pair, [|[x, _]| x.store(1, Relaxed)]));
}

#[test]
fn a_fault_beside_a_stopped_thread_is_found() {
    let run = || {
        builder().check(threads(
            pair,
            [
                |[x, y]| {
                    x.store(1, SeqCst);
                    y.store(1, SeqCst);
                },
                |[x, y]| {
                    // Two values that no thread sees that runs to its end before.
                    let seen = [y.load(SeqCst), x.load(SeqCst)];
                    assert_ne!(seen, [0, 1], "between");
                },
            ],
        ));
    };
    assert!(message(run).contains("between"));
}
