//! The same scenario under loom and shuttle, as far as this build has them.

#[cfg(any(feature = "loom", feature = "shuttle"))]
macro_rules! tickets {
    ($checker:ident, $settings:expr) => {{
        use $checker::sync::atomic::{AtomicU32, Ordering::Relaxed};

        #[derive(Clone, Debug)]
        struct Take;

        let specified = |next: &mut u32, _: &Take| {
            *next += 1;
            *next
        };
        let scenario = || exact_outcomes::Scenario::new(0, specified).thread([Take]).thread([Take]);
        let make = || AtomicU32::new(0);
        let sound = scenario().check(&$settings, make, |next, _| next.fetch_add(1, Relaxed) + 1);
        assert_eq!(sound.expect("no ticket comes twice").outcomes.len(), 2);
        let faulty = scenario().check(&$settings, make, |next, _| {
            let ticket = next.load(Relaxed) + 1;
            next.store(ticket, Relaxed);
            ticket
        });
        let fault = faulty.expect_err("a ticket comes twice").to_string();
        let twice = "thread 0: Take -> 1 | thread 1: Take -> 1";
        assert!(fault.contains(twice), "{fault}");
    }};
}

#[cfg(feature = "loom")]
#[test]
fn loom() {
    use exact_outcomes::explore::Bound;

    tickets!(loom, exact_outcomes::Loom(Bound::Unbounded));
}

#[cfg(feature = "shuttle")]
#[test]
fn shuttle() {
    tickets!(shuttle, exact_outcomes::Shuttle::Dfs);
    let sampled = exact_outcomes::Shuttle::Random { schedules: 200, seed: 1 };
    tickets!(shuttle, sampled);
}
