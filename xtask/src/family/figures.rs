//! What was measured: the shape of `target/stampool/family.json`.

use serde::Serialize;

use crate::common::made::Made;

/// Version of the JSON's shape. New fields may come without a new version.
pub(super) const FORMAT: u32 = 1;

/// The family's members, by the names that the measuring programs give them. All others are peers.
const MEMBERS: &[&str] = &[
    "Linear",
    "Static",
    "Stack",
    "AsyncLinear",
    "AsyncLinear, run",
    "AsyncStatic",
    "Blocks",
    "Bitmap",
    "Buddy",
    "GoodFit",
    "BestFit",
    "SignPost",
    "StrategyPool",
    "SlabArena",
    "Locked<Linear>",
    "Locked<GoodFit>",
];

/// What is measured. Less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Measure {
    /// Instructions of a call, or of an event of a trace.
    Instructions,
    /// The smallest heap in which a trace can be replayed, over the trace's peak.
    Heap,
    /// Nanoseconds on one thread.
    Time,
    /// Nanoseconds on several threads.
    Threads,
}

impl Measure {
    pub(super) const ALL: [Self; 4] = [Self::Instructions, Self::Heap, Self::Time, Self::Threads];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Instructions => "instructions",
            Self::Heap => "heap",
            Self::Time => "time",
            Self::Threads => "threads",
        }
    }

    pub(super) const fn unit(self) -> &'static str {
        match self {
            Self::Instructions => "instructions",
            Self::Heap => "smallest heap / peak",
            Self::Time | Self::Threads => "ns per operation",
        }
    }
}

/// One number of one allocator.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figure {
    pub(super) measure: Measure,
    pub(super) workload: String,
    pub(super) subject: String,
    pub(super) is_member: bool,
    pub(super) value: f64,
}

impl Figure {
    pub(super) fn new(measure: Measure, workload: &str, subject: &str, value: f64) -> Self {
        let is_member = MEMBERS.contains(&subject);
        Self { measure, workload: workload.into(), subject: subject.into(), is_member, value }
    }
}

/// A member's figure is at most so many times a peer's, or so large.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Bar {
    pub(super) measure: Measure,
    pub(super) workload: String,
    pub(super) member: String,
    /// None if the figure itself is compared.
    pub(super) peer: Option<String>,
    pub(super) ratio: f64,
    pub(super) most: f64,
    /// The ratio above which the command fails. None where a figure depends on the machine and on what
    /// else it does.
    pub(super) fails_above: Option<f64>,
}

impl Bar {
    pub(super) fn is_kept(&self) -> bool {
        self.ratio <= self.most
    }

    /// Whether it is missed by more than is known.
    pub(super) fn fails(&self) -> bool {
        self.fails_above.is_some_and(|limit| self.ratio > limit)
    }

    pub(super) fn words(&self) -> String {
        let of = self.peer.as_ref().map_or(String::new(), |peer| format!(" of {peer}'s"));
        let verdict = if self.is_kept() { "kept" } else { "missed" };
        let (measure, most) = (self.measure.title(), self.most);
        format!(
            "{}, {}: {measure} {:.2}{of}, at most {most}: {verdict}",
            self.member, self.workload, self.ratio
        )
    }
}

/// All that was found.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    pub(super) format: u32,
    pub(super) made: Made,
    pub(super) figures: Vec<Figure>,
    pub(super) bars: Vec<Bar>,
    /// What was run, and how, one entry per program.
    pub(super) ran: Vec<String>,
    /// What was left out, and why.
    pub(super) left: Vec<String>,
    /// What must not be: a member that broke its contract.
    pub(super) faults: Vec<String>,
}

impl Found {
    pub(super) fn new(made: Made) -> Self {
        let (figures, bars, ran, left, faults) = (vec![], vec![], vec![], vec![], vec![]);
        Self { format: FORMAT, made, figures, bars, ran, left, faults }
    }

    /// The figures of one workload.
    pub(super) fn of(&self, measure: Measure, workload: &str) -> impl Iterator<Item = &Figure> {
        let is = move |one: &&Figure| one.measure == measure && one.workload == workload;
        self.figures.iter().filter(is)
    }

    pub(super) fn value(&self, measure: Measure, workload: &str, subject: &str) -> Option<f64> {
        let found = self.of(measure, workload).find(|figure| figure.subject == subject);
        found.map(|figure| figure.value)
    }

    /// The peer with the least figure of one workload.
    pub(super) fn best_peer(&self, measure: Measure, workload: &str) -> Option<&Figure> {
        let peers = self.of(measure, workload).filter(|figure| !figure.is_member);
        peers.min_by(|a, b| a.value.total_cmp(&b.value))
    }

    /// The workloads of a measure, in the order in which they were measured.
    pub(super) fn workloads(&self, measure: Measure) -> Vec<&str> {
        let mut workloads: Vec<&str> = Vec::new();
        for figure in self.figures.iter().filter(|figure| figure.measure == measure) {
            if !workloads.contains(&&*figure.workload) {
                workloads.push(&figure.workload);
            }
        }
        workloads
    }

    /// The bars of one figure.
    pub(super) fn bars_of(&self, figure: &Figure) -> impl Iterator<Item = &Bar> {
        self.bars.iter().filter(|bar| {
            bar.measure == figure.measure
                && bar.workload == figure.workload
                && bar.member == figure.subject
        })
    }

    /// What makes the command fail.
    pub(super) fn failures(&self) -> Vec<String> {
        let worse = self.bars.iter().filter(|bar| bar.fails()).map(Bar::words);
        worse.chain(self.faults.iter().cloned()).collect()
    }

    /// One line. A bar is what a member promises of a figure, mostly beside another allocator; a fault
    /// is a member that broke its contract.
    pub(super) fn verdict(&self) -> String {
        let kept = self.bars.iter().filter(|bar| bar.is_kept()).count();
        let (all, missed) = (self.bars.len(), self.bars.len() - kept);
        if all == 0 {
            return "no bar was measured: what is missing stands above".into();
        }
        format!("{kept} of {all} bars kept, {missed} missed; {} faults", self.faults.len())
    }
}
