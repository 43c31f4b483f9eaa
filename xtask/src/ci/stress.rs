//! The steps with real threads.

use super::step::{Program, Step};

/// All of them.
pub(super) fn stress(deep: bool) -> [Step; 9] {
    use Program::Cargo;
    let run = if deep {
        Step::new(
            "stress",
            "every strategy x scenario, the default batches, 1, 2 and 8 threads, 10 minutes in all",
            Cargo,
            "run --quiet --release -p stress --no-default-features -- run --threads 1,2,8 --total 10m",
        )
    } else {
        Step::new(
            "stress",
            "every strategy x scenario, the default batches, 2 and 4 threads, 20 s in all",
            Cargo,
            "run --quiet --release -p stress --no-default-features -- run --threads 2,4 --total 20s",
        )
    };
    [
        run,
        Step::new(
            "stress B=1",
            "every strategy x scenario, batches of one: the most exchanges, 4 threads, 9 s in all",
            Cargo,
            "run --quiet --release -p stress --no-default-features -- run --threads 4 --batch 1 --total 9s",
        ),
        Step::new(
            "stress, growing",
            "every strategy x scenario, batches of 2 to 16, histories, 4 threads, 6 s in all",
            Cargo,
            "run --quiet --release -p stress --no-default-features -- run --threads 4 --batch 2 --batch-up-to 16 --histories --total 6s",
        ),
        Step::new(
            "stress, stalled",
            "late recyclers beside a thread that sleeps in an exchange, 4 threads, 6 s in all",
            Cargo,
            "run --quiet --release -p stress --no-default-features -- run --strategy EpochDeferred,Quiescent --threads 4 --total 6s --stall",
        ),
        Step::new(
            "stress, checking",
            "pools that look for misuse, in the scenarios in which threads come and go, 3 s in all",
            Cargo,
            "run --quiet --release -p stress --no-default-features -- run --scenario churn,bleeding,survivors,exhaustion --threads 4 --checking checked,hardened --total 3s",
        ),
        if deep {
            Step::new(
                "stress bump",
                "the allocators that threads share, with and without resets, 1, 2 and 8 threads, 2 minutes in all",
                Cargo,
                "run --quiet --release -p stress --no-default-features -- bump --threads 1,2,8 --total 2m",
            )
        } else {
            Step::new(
                "stress bump",
                "the allocators that threads share, with and without resets, 2 and 4 threads, 6 s in all",
                Cargo,
                "run --quiet --release -p stress --no-default-features -- bump --threads 2,4 --total 6s",
            )
        },
        if deep {
            Step::new(
                "stress arena",
                "an arena filled and freed by 100 threads at once, a billion calls",
                Cargo,
                "run --quiet --release -p stress --no-default-features -- arena --capacity 67108864 --threads 100 --ops 1000000000",
            )
        } else {
            Step::new(
                "stress arena",
                "arenas of 1 MiB and 64 MiB filled and freed by 2 and 8 threads at once, 4 s in all",
                Cargo,
                "run --quiet --release -p stress --no-default-features -- arena --total 4s",
            )
        },
        Step::new(
            "replay 1",
            "trace sqlite, every strategy, oracles on",
            Cargo,
            "run --quiet --release -p stress --no-default-features -- replay stress/traces/sqlite.stpt.zst --rounds 1",
        ),
        Step::new(
            "replay 2",
            "trace python-pipeline, every strategy, oracles on",
            Cargo,
            "run --quiet --release -p stress --no-default-features -- replay stress/traces/python-pipeline.stpt.zst --rounds 1",
        ),
    ]
}
