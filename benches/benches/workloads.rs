//! `cargo bench -p benches`: one benchmark per workload and subject, over the same code as `bench`.
//!
//! Criterion keeps baselines (`-- --save-baseline NAME`, `-- --baseline NAME`) and says how sure it
//! is of a change. It runs one subject after the other: for ratios take `cargo xtask bench`, which
//! lets them take turns.

use core::time::Duration;

use benches::contenders::{Suite, contenders};
use benches::workload::Workload;
use criterion::{Criterion, criterion_group, criterion_main};

fn workloads(criterion: &mut Criterion) {
    for workload in Workload::list(&[1, 2], &[64]) {
        // Of a crowd criterion's statistics say nothing: the scheduler decides.
        if workload.is_crowded() {
            continue;
        }
        let mut group = criterion.benchmark_group(workload.to_string());
        for contender in contenders(workload, Suite::Peers, |_| true) {
            group.bench_function(contender.title.to_string(), |bencher| {
                bencher.iter_custom(|operations| {
                    let sample = contender.entry.sample(operations);
                    // Workloads round the number of operations up.
                    Duration::from_secs_f64(sample.nanoseconds() * 1e-9 * operations as f64)
                });
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = all;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20);
    targets = workloads
}
criterion_main!(all);
