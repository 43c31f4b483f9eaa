//! The bitmap beside a list of flags, which looks at each block for each request.

use proptest::prelude::*;
use stampool::alloc::{Contiguous, Fit};

use super::{BLOCK, Numbered, bitmap};

/// One call. `which` chooses one of the live runs.
#[derive(Clone, Copy, Debug)]
enum Call {
    Take { n: usize, align: usize },
    Give { which: usize },
    Resize { which: usize, n: usize },
}

/// Which blocks are free.
struct Flags {
    free: Vec<bool>,
    next: usize,
    fit: Fit,
}

impl Flags {
    fn new(len: usize, fit: Fit) -> Self {
        Self { free: vec![true; len], next: 0, fit }
    }

    fn fits(&self, first: usize, n: usize) -> bool {
        self.free.get(first..first + n).is_some_and(|run| run.iter().all(|free| *free))
    }

    /// The longest runs of free blocks: where each begins and ends.
    fn runs(&self) -> Vec<(usize, usize)> {
        let (mut runs, mut at) = (Vec::new(), 0);
        for run in self.free.chunk_by(|one, other| one == other) {
            if run[0] {
                runs.push((at, at + run.len()));
            }
            at += run.len();
        }
        runs
    }

    /// Where `n` blocks should be found.
    fn place(&self, n: usize, is_aligned: impl Fn(usize) -> bool) -> Option<usize> {
        let runs = self.runs();
        // The first place in a run that begins at `from` or behind it.
        let place = |(first, end): (usize, usize), from: usize| {
            let place = (first.max(from)..end).find(|first| is_aligned(*first));
            place.filter(|place| place + n <= end)
        };
        let lowest = |from: usize| runs.iter().find_map(|run| place(*run, from));
        match self.fit {
            Fit::Next => lowest(self.next).or_else(|| lowest(0)),
            Fit::Best => {
                let fitting = runs.iter().filter_map(|run| Some((run.1 - run.0, place(*run, 0)?)));
                fitting.min().map(|(_, place)| place)
            }
            _ => lowest(0),
        }
    }

    fn set(&mut self, first: usize, n: usize, free: bool) {
        self.free[first..first + n].fill(free);
    }
}

/// Makes the calls on both. Answers what is different, if something is.
fn difference<A: Contiguous>(
    bitmap: &Numbered<A>,
    len: usize,
    fit: Fit,
    calls: &[Call],
) -> Result<(), TestCaseError> {
    let mut flags = Flags::new(len, fit);
    let mut live: Vec<(usize, usize, usize)> = Vec::new();
    for call in calls {
        match *call {
            Call::Take { n, align } => {
                let start = bitmap.start() / BLOCK;
                let place = flags.place(n, |first| (start + first).is_multiple_of(align));
                let taken = bitmap.try_take(n, align).ok();
                // An aligned request may get another place than the lowest.
                if align == 1 || place.is_none() || fit == Fit::Best {
                    prop_assert_eq!(taken.map(|(first, _)| first), place, "{:?}", call);
                }
                prop_assert_eq!(taken.is_some(), place.is_some(), "{:?}", call);
                let Some((first, returned)) = taken else { continue };
                prop_assert_eq!(returned, n, "the length that was returned");
                prop_assert!(flags.fits(first, n), "{:?} was served at {}", call, first);
                flags.set(first, n, false);
                flags.next = first + n;
                live.push((first, n, align));
            }
            Call::Give { which } if !live.is_empty() => {
                let (first, n, align) = live.swap_remove(which % live.len());
                bitmap.give(first, n, align);
                flags.set(first, n, true);
            }
            Call::Resize { which, n } if !live.is_empty() => {
                let at = which % live.len();
                let (first, old, _) = live[at];
                let fits = n <= old || flags.fits(first + old, n - old);
                prop_assert_eq!(bitmap.resize(first, old, n), fits, "{:?} of {}", call, first);
                if fits {
                    flags.set(first, old, true);
                    flags.set(first, n, false);
                    live[at].1 = n;
                }
            }
            _ => {}
        }
        let used: usize = live.iter().map(|(_, n, _)| n).sum();
        let usage = bitmap.0.usage();
        prop_assert_eq!(usage.used_bytes, used * BLOCK, "bytes in use");
        prop_assert_eq!(usage.live_blocks, Some(live.len()), "live blocks");
    }
    Ok(())
}

/// Lengths with one leaf, with words and leaves that are not full, and with two and three levels.
const LENS: [usize; 10] = [1, 63, 64, 65, 255, 256, 300, 2048, 5000, 17_000];

fn any_call(len: usize) -> impl Strategy<Value = Call> {
    let any_run = prop_oneof![
        4 => Just(1),
        4 => 1..=20_usize,
        2 => 60..=70_usize,
        1 => 1..=len,
    ];
    prop_oneof![
        5 => (any_run.clone(), prop_oneof![3 => Just(1), 1 => (0..8).prop_map(|log| 1_usize << log)])
            .prop_map(|(n, align)| Call::Take { n, align }),
        4 => any::<usize>().prop_map(|which| Call::Give { which }),
        1 => (any::<usize>(), any_run).prop_map(|(which, n)| Call::Resize { which, n }),
    ]
}

fn any_program() -> impl Strategy<Value = (usize, Vec<Call>)> {
    prop::sample::select(&LENS[..])
        .prop_flat_map(|len| (Just(len), prop::collection::vec(any_call(len), 1..120)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 100 }))]

    #[test]
    fn each_fit_finds_what_flags_find((len, calls) in any_program()) {
        for fit in [Fit::First, Fit::Next, Fit::Best] {
            difference(&bitmap(len, fit), len, fit, &calls)?;
        }
    }
}

/// A long program on a bitmap that is nearly full, so that most searches fail or are sent astray.
#[test]
fn a_full_bitmap_finds_what_flags_find() {
    let mut random = proptest::test_runner::TestRng::deterministic_rng(
        proptest::test_runner::RngAlgorithm::ChaCha,
    );
    let len = 3000;
    let calls: Vec<_> = (0..if cfg!(miri) { 60 } else { 1500 })
        .map(|call| {
            let (number, which) = (random.next_u32() as usize, random.next_u32() as usize);
            match number % 5 {
                _ if call < 20 => Call::Take { n: 140, align: 1 },
                0..3 => Call::Take { n: 1 + number / 5 % 90, align: 1 },
                _ => Call::Give { which },
            }
        })
        .collect();
    for fit in [Fit::First, Fit::Next, Fit::Best] {
        let same = difference(&bitmap(len, fit), len, fit, &calls);
        same.unwrap_or_else(|different| panic!("{fit:?}: {different}"));
    }
}

/// The comparison can fail: what one fit finds is not what another one finds.
#[test]
fn the_flags_tell_the_fits_apart() {
    let take = |n| Call::Take { n, align: 1 };
    // Two holes of five and of three blocks, and the rest behind them.
    let calls =
        [take(5), take(1), take(3), take(1), Call::Give { which: 0 }, Call::Give { which: 2 }];
    let calls: Vec<_> = calls.into_iter().chain([take(3), take(2)]).collect();
    let fits = [Fit::First, Fit::Next, Fit::Best];
    for fit in fits {
        for other in fits {
            let same = difference(&bitmap(100, fit), 100, other, &calls).is_ok();
            assert_eq!(same, fit == other, "{fit:?} compared with {other:?}");
        }
    }
}
