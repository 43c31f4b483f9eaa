//! The recommendation: one sentence, computed from the JSON and from nothing else.
//!
//! 1. A strategy is out if a model check broke, a stress run found a violation, either was not run
//!    at all, or the machine lacks it.
//! 2. A blocking one is out if a lock-free one is in, unless it costs less than half.
//! 3. Of the others the cheapest wins. Cost: the geometric mean, over all measures, of the time in
//!    relation to the best one's.
//! 4. Costs within a tenth of the best are a tie: then the longer wrap time wins (no tag at all
//!    counts as longest), then the order of the table.
//!
//! A second sentence recommends a strategy without a tag, for readers whose machine has no
//! double-width CAS and who cannot accept that a tag of 32 bits wraps. Of the strategies that make
//! progress beside a thread that sleeps in an exchange, the sentence names the cheapest first; in a
//! tie, the one that costs least beside a sleeper.

use super::data::{Comparison, Strategy, time_in_words};

/// Differences in cost below this do not count.
const TIE: f64 = 1.1;
/// How much cheaper blocking must be to be worth it.
const BLOCKING: f64 = 2.0;

/// The sentence.
pub(crate) fn recommend(comparison: &Comparison) -> String {
    sentence(comparison, true)
}

/// The sentence without the prices of the other strategies, which [`prices`] has.
pub(super) fn recommend_without_prices(comparison: &Comparison) -> String {
    sentence(comparison, false)
}

/// What each sound strategy costs in relation to the recommended one, and whether it waits.
pub(super) fn prices(comparison: &Comparison) -> Vec<[String; 3]> {
    let all = &comparison.strategies;
    let sound: Vec<&Strategy> = all.iter().filter(|one| fault(one).is_none()).collect();
    let Some(best) = choose(&sound) else { return Vec::new() };
    let progress = |one: &Strategy| match (one.lock_free, one.stops_all) {
        (true, _) => "lock-free",
        (false, false) => "takes a lock at times",
        (false, true) => "blocks",
    };
    let price = |one: &&Strategy| {
        let percent = 100.0 * cost(one, &sound) / cost(best, &sound);
        [one.name.clone(), format!("{percent:.0}%"), progress(one).into()]
    };
    sound.iter().map(price).collect()
}

fn sentence(comparison: &Comparison, with_prices: bool) -> String {
    let all = &comparison.strategies;
    let faults: Vec<String> = all
        .iter()
        .filter_map(|one| fault(one).map(|fault| format!("{} is out: {fault}", one.name)))
        .collect();
    let sound: Vec<&Strategy> = all.iter().filter(|one| fault(one).is_none()).collect();
    let Some(best) = choose(&sound) else {
        return format!("None can be recommended: {}.", list(&faults, "nothing was compared"));
    };
    let left = match best.checks.left {
        0 => String::new(),
        left => format!(", {left} more are left to --full"),
    };
    let mut parts = vec![format!(
        "its {} model checks ({} exhaustive{left}) and {} stress runs passed",
        best.checks.run, best.checks.exhaustive, best.stress.run
    )];
    parts.push(match best.lock_free {
        true => "it is lock-free".into(),
        false if sound.iter().any(|one| one.lock_free) => {
            "it blocks, but costs less than half of every lock-free one".into()
        }
        false => "it blocks, and no lock-free one is left".into(),
    });
    if let Some(seconds) = best.wrap_seconds {
        parts.push(format!(
            "its tag wraps after {} at ten million exchanges a second",
            time_in_words(seconds)
        ));
    }
    let others = sound.iter().filter(|one| with_prices && one.name != best.name);
    parts.extend(others.map(|one| price(one, best, &sound)));
    parts.extend(faults);
    let as_far = match (comparison.left.is_empty(), comparison.busy) {
        (true, false) => "",
        (false, false) => ", as far as a short run tells",
        (true, true) => ", as far as times tell that other work disturbed",
        (false, true) => ", as far as a short run tells whose times other work disturbed",
    };
    format!("Use {}{as_far}: {}.", best.name, parts.join(", "))
}

/// The name alone.
pub(crate) fn choice(comparison: &Comparison) -> Option<&str> {
    let sound: Vec<&Strategy> =
        comparison.strategies.iter().filter(|one| fault(one).is_none()).collect();
    choose(&sound).map(|one| &*one.name)
}

/// Why a strategy cannot be recommended, whatever it costs.
fn fault(one: &Strategy) -> Option<String> {
    if let Some(first) = one.checks.broken.first() {
        return Some(format!("{} of its model checks broke ({first})", one.checks.broken.len()));
    }
    if one.stress.violations > 0 {
        return Some(format!("stress found {} violations", one.stress.violations));
    }
    if one.mechanism != one.name {
        return Some(format!("this machine falls back to {}", one.mechanism));
    }
    let of_models = one.models.values().flat_map(|checks| &checks.broken).next();
    if let Some(first) = of_models {
        return Some(format!("a check of its model broke ({first})"));
    }
    match (one.checks.run, one.stress.run) {
        (0, _) => Some("none of its model checks was run".into()),
        (_, 0) => Some("it was not put under stress".into()),
        _ => None,
    }
}

fn choose<'s>(sound: &[&'s Strategy]) -> Option<&'s Strategy> {
    let cost = |one: &Strategy| cost(one, sound);
    let cheapest = |lock_free: bool| {
        let candidates = sound.iter().filter(|one| one.lock_free == lock_free);
        let lowest = candidates.clone().map(|one| cost(one)).fold(f64::INFINITY, f64::min);
        // The first of equals: `max_by` would give the last.
        candidates
            .filter(|one| cost(one) <= lowest * TIE)
            .copied()
            .rev()
            .max_by(|a, b| wrap(a).total_cmp(&wrap(b)))
    };
    match (cheapest(true), cheapest(false)) {
        (Some(free), Some(blocking)) if cost(blocking) * BLOCKING < cost(free) => Some(blocking),
        (free, blocking) => free.or(blocking),
    }
}

fn wrap(one: &Strategy) -> f64 {
    one.wrap_seconds.unwrap_or(f64::INFINITY)
}

/// The geometric mean of a strategy's times in relation to the best of all sound ones; of those
/// measures that all of them have.
fn cost(one: &Strategy, sound: &[&Strategy]) -> f64 {
    let logarithms: Vec<f64> = one
        .times
        .iter()
        .filter_map(|(measure, time)| {
            let all: Option<Vec<f64>> =
                sound.iter().map(|other| other.times.get(measure).copied()).collect();
            Some((time / all?.into_iter().fold(f64::INFINITY, f64::min)).ln())
        })
        .collect();
    (logarithms.iter().sum::<f64>() / logarithms.len().max(1) as f64).exp()
}

/// How another sound strategy compares.
fn price(other: &Strategy, best: &Strategy, sound: &[&Strategy]) -> String {
    let ratio = cost(other, sound) / cost(best, sound);
    let name = &other.name;
    let blocks = match best.lock_free && !other.lock_free {
        true if other.stops_all => ", and blocks",
        true => ", and takes a lock at times",
        false => "",
    };
    match (ratio * 100.0).round() {
        percent if ratio > TIE => format!("{name} costs {percent}% of it{blocks}"),
        percent if ratio * TIE < 1.0 => format!("{name} costs only {percent}% of it{blocks}"),
        _ => format!("{name} costs the same within a tenth{blocks}"),
    }
}

/// When one of those without a tag makes sense.
pub(crate) fn without_tag(comparison: &Comparison) -> Option<String> {
    let all = &comparison.strategies;
    let sound: Vec<&Strategy> = all.iter().filter(|one| fault(one).is_none()).collect();
    let best = choose(&sound)?;
    let ratio = |one: &Strategy| cost(one, &sound) / cost(best, &sound);
    let (blocking, mut going): (Vec<&Strategy>, Vec<&Strategy>) =
        sound.iter().copied().filter(|one| one.tag_bits == 0).partition(|one| one.stops_all);
    let lowest = going.iter().map(|one| ratio(one)).fold(f64::INFINITY, f64::min);
    // Stable: what is equal stays in the order of the table.
    going.sort_by(|a, b| {
        let dear = |one: &Strategy| ratio(one) > lowest * TIE;
        (dear(a).cmp(&dear(b))).then(beside(a, best).total_cmp(&beside(b, best)))
    });
    let words = |one: &&Strategy| {
        let percent = |x: f64| format!("{:.0}%", 100.0 * x);
        let limbo = match one.stalled.limbo_limit {
            0 => "no magazine waits".into(),
            limit => {
                format!("{} of {limit} magazines waited then", one.stalled.peak_limbo_magazines)
            }
        };
        format!(
            "{} costs {} of it, and {} beside a thread that sleeps in an exchange ({limbo})",
            one.name,
            percent(ratio(one)),
            percent(beside(one, best)),
        )
    };
    let parts: Vec<String> = going.iter().map(words).collect();
    let blocking = blocking.iter().map(|one| {
        format!(
            "{} costs {:.0}%, and a thread that sleeps with its lock stops everybody",
            one.name,
            100.0 * ratio(one)
        )
    });
    let parts: Vec<String> = parts.into_iter().chain(blocking).collect();
    let first = going.first()?;
    Some(format!(
        "Without a tag, where {} cannot be had and 32 bits must not wrap, {} first: {}.",
        best.name,
        first.name,
        parts.join("; ")
    ))
}

/// The geometric mean of a strategy's times beside a sleeper in relation to another's there.
fn beside(one: &Strategy, other: &Strategy) -> f64 {
    let times = &one.stalled.beside_ns;
    let ratios = times
        .iter()
        .filter_map(|(measure, time)| Some((time / other.stalled.beside_ns.get(measure)?).ln()));
    let logarithms: Vec<f64> = ratios.collect();
    (logarithms.iter().sum::<f64>() / logarithms.len().max(1) as f64).exp()
}

fn list(parts: &[String], nothing: &str) -> String {
    if parts.is_empty() { nothing.into() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::super::data::{Checks, Stalled, Stress, wrap_seconds};
    use super::*;

    fn strategy(name: &str, lock_free: bool, tag_bits: u32, ns: f64) -> Strategy {
        Strategy {
            name: name.into(),
            mechanism: name.into(),
            lock_free,
            tag_bits,
            wrap_seconds: wrap_seconds(tag_bits),
            progress: ["lock-free", "lock-free", "a lock"].map(String::from),
            stops_all: !lock_free,
            checks: Checks { run: 20, exhaustive: 20, executions: 1000, ..Checks::default() },
            models: [].into(),
            stress: Stress { run: 9, operations: 1_000_000, violations: 0 },
            times: [("a".into(), ns), ("b".into(), 2.0 * ns)].into(),
            quartiles: [].into(),
            stalled: slept(10.0),
            memory: [].into(),
        }
    }

    /// One without a tag that goes on beside a sleeper.
    fn untagged(name: &str, ns: f64, beside: f64) -> Strategy {
        let one = strategy(name, false, 0, ns);
        Strategy { stops_all: false, stalled: slept(beside), ..one }
    }

    fn slept(beside: f64) -> Stalled {
        Stalled { beside_ns: [("s".into(), beside)].into(), ..Stalled::default() }
    }

    fn comparison(strategies: Vec<Strategy>) -> Comparison {
        Comparison::of(strategies)
    }

    /// Through JSON, as the sentence is computed from it.
    fn sentence(strategies: [Strategy; 3]) -> String {
        let comparison = comparison(strategies.into());
        let json = serde_json::to_string(&comparison).unwrap();
        let sentence = recommend(&serde_json::from_str(&json).unwrap());
        assert_eq!(sentence.matches(". ").count(), 0, "one sentence: {sentence}");
        assert!(sentence.ends_with('.'));
        sentence
    }

    fn three() -> [Strategy; 3] {
        [
            strategy("Wide", true, 64, 5.0),
            strategy("Packed", true, 32, 4.9),
            strategy("Locked", false, 0, 5.0),
        ]
    }

    #[test]
    fn a_tie_goes_to_the_longer_wrap_time() {
        assert_eq!(
            sentence(three()),
            "Use Wide: its 20 model checks (20 exhaustive) and 9 stress runs passed, it is lock-free, its tag \
             wraps after 58000 years at ten million exchanges a second, Packed costs the same \
             within a tenth, Locked costs the same within a tenth, and blocks."
        );
        let [wide, packed, locked] = three();
        assert!(sentence([locked, packed, wide]).starts_with("Use Wide:"));
    }

    #[test]
    fn the_table_of_prices_is_in_relation_to_the_recommended_strategy() {
        let comparison = comparison(three().into());
        let expected = [
            ["Wide", "100%", "lock-free"],
            ["Packed", "98%", "lock-free"],
            ["Locked", "100%", "blocks"],
        ];
        assert_eq!(prices(&comparison), expected.map(|row| row.map(String::from)));
        let said = recommend_without_prices(&comparison);
        assert!(said.ends_with("ten million exchanges a second."), "{said}");
    }

    #[test]
    fn what_a_short_run_left_out_is_said() {
        let mut short = comparison(three().into());
        short.strategies[0].checks.left = 30;
        short.left = vec!["left to --full: 30 model checks".into()];
        let said = recommend(&short);
        assert!(said.starts_with("Use Wide, as far as a short run tells: its 20 model"), "{said}");
        assert!(said.contains("(20 exhaustive, 30 more are left to --full)"), "{said}");
        assert_eq!(choice(&short), Some("Wide"));
        short.busy = true;
        assert!(
            recommend(&short).contains("a short run tells whose times other work disturbed: its")
        );
    }

    #[test]
    fn what_is_really_cheaper_wins() {
        let [wide, _, locked] = three();
        let said = sentence([wide, strategy("Packed", true, 32, 4.0), locked]);
        assert!(said.starts_with("Use Packed:"), "{said}");
        assert!(said.contains("wraps after 7.2 minutes"), "{said}");
        assert!(said.contains("Wide costs 125% of it"), "{said}");
    }

    #[test]
    fn blocking_wins_only_at_less_than_half_the_cost() {
        let [wide, packed, _] = three();
        let locked = |ns| strategy("Locked", false, 0, ns);
        let said = sentence([wide.clone(), packed.clone(), locked(2.6)]);
        assert!(said.starts_with("Use Wide:"), "{said}");
        assert!(said.contains("Locked costs only 52% of it, and blocks"), "{said}");
        let said = sentence([wide, packed, locked(2.3)]);
        assert!(said.starts_with("Use Locked:"), "{said}");
    }

    #[test]
    fn what_is_unsound_is_out() {
        let [mut wide, mut packed, mut locked] = three();
        wide.checks.broken = vec!["Wide/list/aba/loom/unbounded".into()];
        let said = sentence([wide.clone(), packed.clone(), locked.clone()]);
        assert!(said.starts_with("Use Packed:"), "{said}");
        assert!(said.contains("Wide is out: 1 of its model checks broke (Wide/list/aba"), "{said}");
        packed.stress.violations = 3;
        let said = sentence([wide.clone(), packed.clone(), locked.clone()]);
        assert!(said.starts_with("Use Locked:"), "{said}");
        assert!(said.contains("no lock-free one is left"), "{said}");
        locked.checks.run = 0;
        let said = sentence([wide, packed, locked]);
        assert!(said.starts_with("None can be recommended: Wide is out"), "{said}");
    }

    #[test]
    fn a_fallback_is_not_the_strategy() {
        let [mut wide, packed, locked] = three();
        wide.mechanism = "Packed".into();
        let said = sentence([wide, packed, locked]);
        assert!(said.starts_with("Use Packed:"), "{said}");
        assert!(said.contains("Wide is out: this machine falls back to Packed"), "{said}");
    }

    #[test]
    fn without_a_tag_the_cheapest_comes_first_and_in_a_tie_who_minds_a_sleeper_least() {
        let said = |epoch: Strategy, quiescent: Strategy| {
            let [wide, packed, locked] = three();
            without_tag(&comparison(vec![wide, packed, epoch, quiescent, locked])).unwrap()
        };
        let tie = said(untagged("Epoch", 5.2, 12.0), untagged("Quiescent", 5.0, 20.0));
        assert!(tie.contains("where Wide cannot be had"), "{tie}");
        assert!(tie.contains("must not wrap, Epoch first: Epoch costs"), "{tie}");
        assert!(tie.contains("and 120% beside a thread that sleeps"), "{tie}");
        assert!(tie.contains("Locked costs"), "{tie}");
        let dear = said(untagged("Epoch", 8.0, 12.0), untagged("Quiescent", 5.0, 20.0));
        assert!(dear.contains("Quiescent first: Quiescent costs 100% of it"), "{dear}");
        let mut broken = untagged("Quiescent", 5.0, 20.0);
        broken.checks.broken = vec!["Quiescent/list/aba/loom/unbounded".into()];
        let alone = said(untagged("Epoch", 8.0, 12.0), broken);
        assert!(alone.contains("Epoch first") && !alone.contains("Quiescent"), "{alone}");
        assert_eq!(without_tag(&comparison(three().into())), None);
    }

    #[test]
    fn a_fault_of_its_model_is_a_fault_and_a_lock_at_times_is_said() {
        let [wide, _, locked] = three();
        let mut epoch = untagged("Epoch", 8.0, 12.0);
        let said = sentence([wide.clone(), epoch.clone(), locked.clone()]);
        assert!(said.contains("Epoch costs 160% of it, and takes a lock at times"), "{said}");
        let broken = Checks { broken: vec!["Model/x".into()], ..Checks::default() };
        epoch.models = [("Model".into(), broken)].into();
        let said = sentence([wide, epoch, locked]);
        assert!(said.contains("Epoch is out: a check of its model broke (Model/x)"), "{said}");
    }
}
