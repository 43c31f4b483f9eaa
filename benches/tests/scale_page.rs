//! The page of `scale`, in a browser: are the plots drawn, is the console empty, does it fit a
//! narrow screen? Of two machines that are made up: one with 2 cores, one with 16.

use std::fs;
use std::path::PathBuf;

use benches::batch::Batch;
use benches::scale::sweep::{BATCHES, Point};
use benches::scale::{self, Machine, Report, Row, Throughput, Work};
use benches::statistics::Summary;
use benches::title::Role;
use page::browser::Browser;

/// What a subject is, its batch, what an operation takes on one thread, and how much longer with
/// each further thread.
type Told = (&'static str, Role, Option<Batch>, f64, f64);

const SUBJECTS: [Told; 12] = [
    ("harness alone", Role::Floor, None, 0.6, 0.0),
    ("TaggedWide", Role::Ours, Some(Batch::SMALL), 1.5, 0.1),
    ("TaggedWide", Role::Ours, Some(Batch::GROWING), 1.4, 0.05),
    ("TaggedPacked", Role::Ours, Some(Batch::SMALL), 1.6, 0.12),
    ("EpochDeferred", Role::Ours, Some(Batch::SMALL), 3.5, 0.2),
    ("Quiescent", Role::Ours, Some(Batch::SMALL), 1.8, 0.4),
    ("Locked", Role::Ours, Some(Batch::SMALL), 1.7, 1.5),
    ("ExactPool", Role::Ours, None, 30.0, 40.0),
    ("mimalloc", Role::Malloc, None, 4.0, 0.01),
    ("jemalloc", Role::Malloc, None, 5.0, 0.02),
    ("system malloc", Role::Malloc, None, 12.0, 0.5),
    ("crossbeam ArrayQueue", Role::Pool, None, 14.0, 20.0),
];

fn report(threads: &[usize], cores: usize) -> Report {
    let works =
        [Work::Hit, Work::BurstShuffled, Work::BurstSmallBatches, Work::SharedBucket, Work::Pairs];
    let mut rows = Vec::new();
    for work in works {
        for &threads in threads.iter().filter(|&&threads| work.with(threads).is_some()) {
            rows.extend(SUBJECTS.iter().map(|one| row(work, threads, cores, one)));
        }
    }
    let alone = || threads.iter().copied().filter(|&threads| threads <= cores);
    let strategies = ["TaggedWide", "EpochDeferred"];
    let points = strategies.map(|name| {
        alone().flat_map(move |threads| BATCHES.map(|batch| point(name, threads, batch)))
    });
    let sweep = points.into_iter().flatten().collect();
    let mut report = Report::new((9, 2), 64, rows, sweep, Vec::new());
    report.machine = Machine {
        cores,
        processor: Some("made up for a test".into()),
        first_two_are_one: Some(cores == 16),
    };
    report
}

fn row(work: Work, threads: usize, cores: usize, told: &Told) -> Row {
    let &(subject, role, batch, ns, further) = told;
    let time = ns + further * (threads as f64 - 1.0);
    let mops = threads as f64 * 1e3 / time;
    Row {
        work,
        threads,
        crowded: threads > cores,
        subject: subject.into(),
        role,
        batch,
        summary: Summary::of(&[time * 0.9, time, time * 1.1]),
        throughput: Throughput {
            lower_mops: mops * 0.9,
            median_mops: mops,
            upper_mops: mops * 1.1,
        },
        efficiency: 1.0,
        disturbed_rounds: if threads == 2 { 9 } else { 0 },
    }
}

fn point(strategy: &str, threads: usize, batch: usize) -> Point {
    let further = threads as f64 - 1.0;
    let exchange = 60.0 + 30.0 * further + 1.5 * further * threads as f64;
    // Noise that repeats, so that the fit has something to be wrong about.
    let noise = 1.0 + 0.02 * ((threads * 7 + batch * 3) % 5) as f64;
    Point {
        strategy: strategy.into(),
        batch,
        threads,
        summary: Summary::of(&[noise * (1.5 + exchange / batch as f64)]),
        exchanges: 1000,
        late_cas: 0.05 * further,
        disturbed_rounds: 0,
    }
}

fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("scale-page");
    fs::create_dir_all(&folder).expect("a folder");
    folder.join(name)
}

#[test]
fn the_page_is_drawn_and_fits() {
    for (name, threads, cores, bars) in
        [("2", &[1, 2][..], 2, 1), ("crowd", &[1, 2, 4], 2, 0), ("16", &[1, 2, 4, 8, 16], 16, 0)]
    {
        let html = scale::page(&report(threads, cores), "cargo xtask scale --quick").html();
        let file = scratch(&format!("{name}.html"));
        fs::write(&file, &html).expect("written");
        for word in ["<script", "http:", "https:", "src=", "NaN", "inf "] {
            assert!(!html.contains(word), "{word}");
        }
        assert!(html.contains("extrapolation") && html.contains("ideal"));
        assert_eq!(html.contains("one physical core"), cores == 16);
        assert_eq!(html.contains("more threads than cores"), name == "crowd");
        let Some(browser) = Browser::find(scratch("browser")) else { return };
        let (dom, console) = browser.open(&file, false);
        assert!(dom.contains("throughput over threads"));
        assert_eq!(console, Vec::<String>::new());
        for width in [1280, 400] {
            let shown = browser.show(&html, width, false);
            assert_eq!(shown.window, width);
            assert!(shown.scroll <= width, "{width}: {}", shown.scroll);
            // Two for each work, but for pairs where there is one of them; two for each strategy.
            assert_eq!(shown.plots.len(), 5 * 2 - bars + 2 * 2);
            for plot in &shown.plots {
                assert_eq!(plot.fault(), None, "{width}: {plot:?}");
            }
            // Four peers, or a model. Bars have neither.
            let dashed = shown.plots.iter().filter(|plot| plot.dashed >= 2).count();
            assert_eq!(dashed, shown.plots.len() - bars);
        }
    }
}
