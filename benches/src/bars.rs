//! The ratios that the project promises, judged on the rows of one run.

use serde::{Deserialize, Serialize};
use stampool::{Strategy, TaggedWide};

use crate::batch::{self, Batch};
use crate::memory::Held;
use crate::row::Row;
use crate::statistics::{Summary, interval};
use crate::title::{Role, names};

/// What a promise is measured against.
#[derive(Clone, Copy, Debug)]
enum Against {
    /// The fastest general allocator of the row.
    Malloc,
    /// The fastest of all that a program could use in our place.
    Peer,
    /// This one.
    Named(&'static str),
}

use Against::{Malloc, Named, Peer};

/// A promise about the pool that a program has if it sets nothing: `subject` takes at most `limit`
/// times as long as what it is measured against.
type Promise = (&'static str, &'static str, Against, f64);

const HANDLE: &str = TaggedWide::<64>::NAME;

/// The batches of the pools that are judged: those that a pool chooses by itself.
const JUDGED: Batch = Batch::GROWING;

/// Workload, subject, against, limit.
const PROMISES: [Promise; 36] = [
    ("hit/1/64", HANDLE, Peer, 1.0),
    ("hit/1/64", HANDLE, Malloc, 0.48),
    ("hit/1/64", HANDLE, Named(names::ARRAY_STACK), 1.05),
    ("hit/1/64", names::PER_THREAD, Malloc, 0.65),
    ("hit/1/64", names::PER_THREAD, Named(HANDLE), 1.4),
    ("hit/1/64", names::CHECKED, Named(HANDLE), 2.0),
    ("hit/1/64", names::HARDENED, Named(HANDLE), 3.5),
    ("hit/2/64", HANDLE, Peer, 1.0),
    ("burst-lifo/1/64", HANDLE, Peer, 1.0),
    ("burst-lifo/2/64", HANDLE, Peer, 1.0),
    ("burst-fifo/1/64", HANDLE, Peer, 1.0),
    ("burst-fifo/2/64", HANDLE, Peer, 1.0),
    ("burst-shuffled/1/64", HANDLE, Peer, 1.0),
    ("burst-shuffled/2/64", HANDLE, Peer, 1.0),
    ("burst-shuffled/2/64", HANDLE, Malloc, 0.6),
    ("working-set/1/64", HANDLE, Peer, 1.0),
    ("working-set/2/64", HANDLE, Peer, 1.0),
    ("shared-bucket/1/64", HANDLE, Peer, 1.0),
    ("shared-bucket/1/64", HANDLE, Malloc, 0.8),
    ("shared-bucket/2/64", HANDLE, Peer, 1.0),
    ("shared-bucket/2/64", HANDLE, Malloc, 0.68),
    ("larson/1/64", HANDLE, Peer, 1.0),
    ("larson/2/64", HANDLE, Peer, 1.0),
    ("xmalloc/1P1C/64", HANDLE, Peer, 1.0),
    ("mstress/1/64", HANDLE, Peer, 1.0),
    ("mstress/2/64", HANDLE, Peer, 1.0),
    ("producer-consumer/1P1C/64/untouched", HANDLE, Peer, 0.42),
    ("producer-consumer/1P1C/64/untouched", HANDLE, Named(names::FLOOR), 1.35),
    ("producer-consumer/1P1C/64/touched", HANDLE, Peer, 0.95),
    ("producer-consumer/1P1C/64/touched", HANDLE, Named(names::FLOOR), 1.25),
    ("producer-consumer/2P2C/64/untouched", HANDLE, Peer, 0.42),
    ("producer-consumer/2P2C/64/untouched", HANDLE, Named(names::FLOOR), 1.7),
    ("producer-consumer/2P2C/64/touched", HANDLE, Peer, 0.65),
    ("producer-consumer/2P2C/64/touched", HANDLE, Named(names::FLOOR), 1.35),
    ("producer-consumer/1P3C/64/untouched", HANDLE, Peer, 0.42),
    ("producer-consumer/1P3C/64/touched", HANDLE, Peer, 0.65),
];

/// Of a crowd's throughput, so much of what as many threads as this have. Workload, the crowd's
/// threads, the others', the least share.
const CROWDS: [(&str, usize, usize, f64); 3] =
    [("hit", 8, 2, 0.95), ("burst-shuffled", 8, 2, 0.95), ("shared-bucket", 8, 2, 0.95)];

/// Blocks that the pool has carved over the most that were live at one time: workload, limit.
const CARVED: (&str, f64) = ("producer-consumer/1P1C/64", 1.3);

/// A promise, measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bar {
    /// The workload.
    pub workload: String,
    /// Its threads.
    pub threads: usize,
    /// What is judged.
    pub subject: String,
    /// The pool's batch.
    #[serde(flatten)]
    pub batch: Option<Batch>,
    /// What it is measured against.
    pub against: String,
    /// The median of the rounds' ratios; for a crowd, throughput over throughput.
    pub ratio: f64,
    /// The end of the interval that holds the median ratio with a confidence of 95% (see
    /// [`interval`]): the upper one, which is what is judged. The ratio itself for a crowd, whose
    /// two workloads do not take turns.
    #[serde(default)]
    pub worst: f64,
    /// The most, for a crowd the least, that was promised.
    pub limit: f64,
    /// Whether it was kept.
    pub met: bool,
    /// Of a promise that was missed: the harness alone over what it is measured against, where that
    /// is beyond the limit already.
    pub floor: Option<f64>,
}

impl Bar {
    /// The subject's name and batch.
    pub fn title(&self) -> String {
        batch::title(&self.subject, self.batch)
    }

    /// What else is to be said of the verdict, on a machine with so many cores.
    pub fn remark(&self, cores: usize) -> String {
        let crowd = if self.threads > cores { ", on too few cores" } else { "" };
        let floor = self.floor.map(|ratio| format!(", the harness alone stands at {ratio:.2}"));
        format!("{crowd}{}", floor.unwrap_or_default())
    }
}

/// Whether something is promised of the workload of this name.
pub fn is_promised(workload: &str) -> bool {
    let is_of = |&(kind, crowd, few, _): &(&str, usize, usize, f64)| {
        [crowd, few].iter().any(|threads| workload == format!("{kind}/{threads}/64"))
    };
    PROMISES.iter().any(|promise| promise.0 == workload) || CROWDS.iter().any(is_of)
}

/// Judges all promises whose rows are there.
pub fn judge(rows: &[Row], memory: &[Held]) -> Vec<Bar> {
    let costs = PROMISES.iter().map(|promise| judged(rows, promise));
    let crowds = CROWDS.iter().map(|crowd| crowded(rows, crowd));
    costs.chain(crowds).flatten().chain(memory.iter().filter_map(carved)).collect()
}

fn carved(held: &Held) -> Option<Bar> {
    let (workload, limit) = CARVED;
    let is_judged =
        held.workload.starts_with(workload) && held.subject == HANDLE && held.batch == Some(JUDGED);
    let ratio = held.blocks_per_live().filter(|_| is_judged)?;
    Some(Bar {
        workload: held.workload.clone(),
        threads: 2,
        subject: HANDLE.into(),
        batch: Some(JUDGED),
        against: "the blocks that were live".into(),
        ratio,
        worst: ratio,
        limit,
        met: ratio <= limit,
        floor: None,
    })
}

fn judged(rows: &[Row], &(workload, subject, against, limit): &Promise) -> Option<Bar> {
    let of = |name: &str, batch| {
        rows.iter()
            .find(|row| row.workload == workload && row.subject == name && row.batch == batch)
    };
    let ours = of(subject, Some(JUDGED))?;
    let theirs = match against {
        Malloc => best(rows, workload, |role| role == Role::Malloc)?,
        Peer => best(rows, workload, Role::is_peer)?,
        Named(name) => of(name, None).or_else(|| of(name, Some(JUDGED)))?,
    };
    let ratios: Vec<f64> =
        ours.rounds_ns.iter().zip(&theirs.rounds_ns).map(|(ours, theirs)| ours / theirs).collect();
    let (ratio, [_, worst]) = (Summary::of(&ratios).median_ns, interval(&ratios));
    let floor = of(names::FLOOR, None)
        .filter(|_| matches!(against, Malloc | Peer))
        .map(|row| row.summary.median_ns / theirs.summary.median_ns)
        .filter(|&floor| worst > limit && floor > limit);
    let against = match against {
        Malloc => format!("{}, the best malloc", theirs.subject),
        Peer => format!("{}, the best peer", theirs.subject),
        Named(name) => name.into(),
    };
    Some(Bar {
        workload: workload.into(),
        threads: ours.threads,
        subject: subject.into(),
        batch: Some(JUDGED),
        against,
        ratio,
        worst,
        limit,
        met: worst <= limit,
        floor,
    })
}

/// The fastest row of a workload among these roles.
pub fn best<'r>(rows: &'r [Row], workload: &str, role: impl Fn(Role) -> bool) -> Option<&'r Row> {
    rows.iter()
        .filter(|row| row.workload == workload && role(row.role))
        .min_by(|a, b| a.summary.median_ns.total_cmp(&b.summary.median_ns))
}

fn crowded(rows: &[Row], &(kind, crowd, few, limit): &(&str, usize, usize, f64)) -> Option<Bar> {
    let throughput = |threads: usize| {
        let workload = format!("{kind}/{threads}/64");
        let is_it = |row: &&Row| {
            row.workload == workload && row.subject == HANDLE && row.batch == Some(JUDGED)
        };
        let row = rows.iter().find(is_it)?;
        Some(row.threads as f64 / row.summary.median_ns)
    };
    let ratio = throughput(crowd)? / throughput(few)?;
    Some(Bar {
        workload: format!("{kind}/{crowd}/64"),
        threads: crowd,
        subject: HANDLE.into(),
        batch: Some(JUDGED),
        against: format!("the throughput of {few} threads"),
        ratio,
        worst: ratio,
        limit,
        met: ratio >= limit,
        floor: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contenders::Suite;
    use crate::row::tests::row;
    use crate::subject::SIZES;
    use crate::workload::Workload;

    #[test]
    fn a_bar_is_met_or_missed_or_not_there() {
        let of = |subject: &str, role, batch, ns| row("hit/1/64", subject, role, batch, ns);
        let mut rows = vec![
            of(names::ARRAY_STACK, Role::Limit, None, 2.0),
            of(HANDLE, Role::Ours, Some(JUDGED), 2.08),
        ];
        let bars = judge(&rows, &[]);
        assert_eq!(bars.len(), 1);
        assert_eq!(bars[0].limit, 1.05);
        assert!(bars[0].met && (bars[0].ratio - 1.04).abs() < 1e-9);
        rows[1] = of(HANDLE, Role::Ours, Some(JUDGED), 2.2);
        assert!(!judge(&rows, &[])[0].met);
        rows.remove(0);
        assert!(judge(&rows, &[]).is_empty());
    }

    #[test]
    fn the_best_is_the_fastest_and_a_list_is_no_malloc() {
        let of =
            |subject: &str, role, batch, ns| row("burst-shuffled/2/64", subject, role, batch, ns);
        let rows = [
            of(HANDLE, Role::Ours, Some(JUDGED), 5.0),
            of("slow", Role::Malloc, None, 20.0),
            of("fast", Role::Malloc, None, 10.0),
            of("list", Role::Pool, None, 4.0),
            of("not ours alone", Role::Adapted, Some(JUDGED), 1.0),
        ];
        let bars = judge(&rows, &[]);
        let found: Vec<_> = bars.iter().map(|bar| (&*bar.against, bar.met)).collect();
        assert_eq!(found, [("list, the best peer", false), ("fast, the best malloc", true)]);
    }

    #[test]
    fn a_floor_beyond_the_limit_is_said_and_is_no_excuse() {
        let of = |subject: &str, role, batch, ns| row("burst-lifo/2/64", subject, role, batch, ns);
        let rows = |floor| {
            [
                of(names::FLOOR, Role::Floor, None, floor),
                of(HANDLE, Role::Ours, Some(JUDGED), 10.5),
                of("peer", Role::Pool, None, 10.0),
            ]
        };
        let bar = &judge(&rows(10.3), &[])[0];
        assert!(!bar.met && bar.remark(2).ends_with("the harness alone stands at 1.03"));
        let mut faster = rows(10.3);
        faster[1] = of(HANDLE, Role::Ours, Some(JUDGED), 9.5);
        assert!(judge(&faster, &[])[0].met && judge(&faster, &[])[0].floor.is_none());
        let bar = &judge(&rows(9.0), &[])[0];
        assert!(!bar.met && bar.remark(2).is_empty());
    }

    #[test]
    fn the_upper_end_of_the_interval_is_judged() {
        let of = |subject: &str, role, batch, ns: [f64; 15]| Row {
            rounds_ns: ns.to_vec(),
            ..row("burst-lifo/2/64", subject, role, batch, ns[7])
        };
        let ours = core::array::from_fn(|round| if round < 11 { 9.0 } else { 12.0 });
        let rows =
            [of(HANDLE, Role::Ours, Some(JUDGED), ours), of("peer", Role::Pool, None, [10.0; 15])];
        let bar = &judge(&rows, &[])[0];
        assert_eq!((bar.ratio, bar.worst, bar.met), (0.9, 1.2, false));
    }

    #[test]
    fn pools_with_fixed_batches_are_not_judged() {
        let of = |role, batch, subject: &str| row("burst-lifo/2/64", subject, role, batch, 5.0);
        let rows = [of(Role::Ours, Some(Batch::SMALL), HANDLE), of(Role::Pool, None, "peer")];
        assert!(judge(&rows, &[]).is_empty());
    }

    #[test]
    fn what_a_pool_carves_is_judged_where_memory_was_measured() {
        let held = |workload: &str, blocks| Held {
            workload: workload.into(),
            subject: HANDLE.into(),
            batch: Some(JUDGED),
            role: Role::Ours,
            live_blocks: 100,
            blocks: Some(blocks),
            bound_blocks: None,
            resident_kib: 0,
            kept_kib: None,
        };
        let all = [
            held("producer-consumer/1P1C/64/touched", 130),
            held("producer-consumer/1P1C/64/untouched", 131),
            held("larson/2/64", 500),
        ];
        let met: Vec<bool> = judge(&[], &all).iter().map(|bar| bar.met).collect();
        assert_eq!(met, [true, false]);
    }

    #[test]
    fn a_crowd_is_judged_by_throughput() {
        let of = |threads, ns| {
            let mut row = row(&format!("hit/{threads}/64"), HANDLE, Role::Ours, Some(JUDGED), ns);
            row.threads = threads;
            row
        };
        assert!(judge(&[of(2, 10.0), of(8, 41.0)], &[])[0].met);
        assert!(!judge(&[of(2, 10.0), of(8, 44.0)], &[])[0].met);
    }

    #[test]
    fn the_promised_workloads_are_those_of_the_bars() {
        let all = Workload::list(&[1, 2, 4, 8], &SIZES);
        let names = all.iter().map(Workload::to_string).filter(|name| is_promised(name));
        let names: Vec<String> = names.collect();
        assert!(PROMISES.iter().all(|promise| names.iter().any(|name| name == promise.0)));
        for (name, is_there) in [("hit/8/64", true), ("hit/4/64", false), ("bulk-8/2/64", false)] {
            assert_eq!(names.iter().any(|one| one == name), is_there, "{name}");
        }
    }

    #[test]
    fn promises_name_what_there_is() {
        let all = Workload::list(&[1, 2, 8], &SIZES);
        for (workload, subject, against, _) in PROMISES {
            let found = all.iter().find(|one| one.to_string() == workload);
            let found = *found.unwrap_or_else(|| panic!("no workload is called {workload}"));
            let subjects = crate::contenders::contenders(found, Suite::All, |_| true);
            let has = |name| subjects.iter().any(|one| one.title.name == name);
            assert!(has(subject), "{workload} lacks {subject}");
            if let Named(name) = against {
                assert!(has(name), "{workload} lacks {name}");
            }
        }
    }
}
