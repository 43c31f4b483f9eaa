//! Killed runs and what is left of them.

use core::time::Duration;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use ledger::Verdict;
use tempfile::TempDir;

use super::*;
use crate::checks::run_queue;
use crate::common::run_rows::Job;
use crate::ledgers::file::tests::{plan, row};

const SCENARIOS: [&str; 4] = ["a", "b", "c", "d"];
/// Where the victim's folder stands in its environment.
const VICTIM: &str = "XTASK_TEST_QUEUE";

/// A model binary that notes what it is asked for in `calls`, and hangs at row c until there is a
/// file `go`, or the folder is gone.
fn fake_model(folder: &Path) -> PathBuf {
    let path = folder.join("model.sh");
    if path.exists() {
        // A file that was just written may still be open in a process that another test forks.
        return path;
    }
    let rows: String = SCENARIOS
        .iter()
        .map(|scenario| {
            let json = serde_json::to_string(&row(scenario)).unwrap();
            format!("  {}) echo '{json}' ;;\n", row(scenario).key())
        })
        .collect();
    let script = format!(
        "#!/bin/sh\ncd '{}'\necho \"$2\" >> calls\n\
         case \"$2\" in s/c/*) while [ -e calls ] && [ ! -e go ]; do sleep 0.02; done ;; esac\n\
         case \"$2\" in\n{rows}esac\n",
        folder.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn calls(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("calls")).unwrap_or_default();
    text.lines().map(Into::into).collect()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what} did not come");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Runs the queue in `folder` and returns the keys that came of it, sorted.
fn run_in(folder: &Path, resume: bool) -> Vec<String> {
    let (queue, finished) = Queue::open(&folder.join("queue"), &whole(), resume).unwrap();
    let model = fake_model(folder);
    let jobs = SCENARIOS.map(|scenario| Job::new(row(scenario), &model));
    let mut rows = run_queue(&jobs, &queue, finished, 1).unwrap();
    ledger::sort(&mut rows);
    assert!(rows.iter().all(Row::is_ok), "{rows:?}");
    rows.iter().map(Row::key).collect()
}

fn whole() -> Plan {
    plan("1/1", &SCENARIOS)
}

/// No test by itself: the process that [`after_a_kill_finished_rows_are_not_run_again`] kills.
#[test]
fn victim() {
    if let Some(folder) = std::env::var_os(VICTIM) {
        run_in(Path::new(&folder), true);
    }
}

#[test]
fn after_a_kill_finished_rows_are_not_run_again() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "checks::queue::tests::victim"])
        .env(VICTIM, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("row c", || calls(folder).len() == 3);
    let busy = Queue::open(&folder.join("queue"), &whole(), true).err().unwrap();
    assert!(busy.to_string().contains("another run is at work"), "{busy}");
    victim.kill().unwrap();
    victim.wait().unwrap();

    fs::write(folder.join("go"), "").unwrap();
    let keys = run_in(folder, true);
    assert_eq!(keys, whole().asked);
    let key = |scenario| row(scenario).key();
    assert_eq!(calls(folder), ["a", "b", "c", "c", "d"].map(key));
}

fn open(folder: &TempDir, plan: &Plan, resume: bool) -> Result<(Queue, Vec<Row>)> {
    Queue::open(folder.path(), plan, resume)
}

#[test]
fn the_lock_ends_with_the_queue_although_a_child_still_has_the_file() {
    let folder = TempDir::new().unwrap();
    let (queue, _) = open(&folder, &whole(), false).unwrap();
    let of_a_child = queue.lock.try_clone().unwrap();
    assert!(open(&folder, &whole(), false).is_err(), "locked");
    drop(queue);
    assert!(open(&folder, &whole(), false).is_ok());
    drop(of_a_child);
}

#[test]
fn what_another_run_left_is_never_used() {
    let folder = TempDir::new().unwrap();
    let (queue, finished) = open(&folder, &whole(), true).unwrap();
    assert!(finished.is_empty(), "nothing to resume");
    queue.keep(&row("a")).unwrap();
    drop(queue);
    assert_eq!(open(&folder, &whole(), true).unwrap().1, [row("a")]);

    let others = [
        ("sources x", (|plan| plan.build.sources = "x".into()) as fn(&mut Plan)),
        ("toolchain t, not x", |plan| plan.build.toolchain = "x".into()),
        ("other binaries", |plan| plan.build.binaries = "x".into()),
        ("other rows", |plan| _ = plan.registered.pop()),
        ("shard 1/1", |plan| plan.shard = "1/2".parse().unwrap()),
        ("deep_limit_s: 9", |plan| plan.selection.deep_limit_s = 10),
    ];
    for (words, make) in others {
        let mut other = whole();
        make(&mut other);
        let refused = open(&folder, &other, true).err().unwrap().to_string();
        let words = words.replace("sources x", "sources s (commit c), not x");
        assert!(refused.contains(&words), "{refused}");
    }
    let mut same = whole();
    same.build.commit = "of a text".into();
    assert_eq!(open(&folder, &same, true).unwrap().1.len(), 1);
    // The refusals have left it as it was; a run that does not resume throws it away.
    assert_eq!(open(&folder, &whole(), true).unwrap().1.len(), 1);
    assert!(open(&folder, &whole(), false).unwrap().1.is_empty());
    assert!(open(&folder, &whole(), true).unwrap().1.is_empty());
}

#[test]
fn only_whole_rows_of_this_run_count_as_finished() {
    let folder = TempDir::new().unwrap();
    let (queue, _) = open(&folder, &whole(), false).unwrap();
    let stopped = Row { verdict: Verdict::Stopped, ..row("c") };
    queue.keep(&row("a")).unwrap();
    queue.keep(&Row { verdict: Verdict::Broken, ..row("b") }).unwrap();
    queue.keep(&stopped).unwrap();
    queue.keep(&row("d")).unwrap();
    // Half a file, another row's file, another run's file, and what a kill left beside one.
    let path = |scenario: &str| queue.path_of(&row(scenario).key());
    let text = fs::read_to_string(path("a")).unwrap();
    fs::write(path("d"), &text[..text.len() / 2]).unwrap();
    fs::write(path("b"), &text).unwrap();
    fs::write(path("a").with_extension("part"), "{").unwrap();
    assert_eq!(queue.finished(&whole()).unwrap(), [row("a"), stopped]);
    fs::write(path("a"), text.replace(&queue.run, "another")).unwrap();
    assert_eq!(queue.finished(&whole()).unwrap().len(), 1);
    queue.clear().unwrap();
    assert!(open(&folder, &whole(), true).unwrap().1.is_empty());
}
