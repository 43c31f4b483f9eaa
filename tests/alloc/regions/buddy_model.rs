//! The buddy allocator beside a list of flags, from which the free blocks are worked out anew for each
//! call.

use proptest::prelude::*;

use super::{BLOCK, Numbered, buddy};

#[derive(Clone, Copy, Debug)]
enum Call {
    Take { n: usize, align: usize },
    Give { which: usize },
    Resize { which: usize, n: usize },
}

/// Which blocks are free.
struct Flags(Vec<bool>);

impl Flags {
    fn is_free(&self, first: usize, order: u32) -> bool {
        self.0.get(first..first + (1 << order)).is_some_and(|part| part.iter().all(|free| *free))
    }

    /// The free block that begins here and is part of no larger one: its order.
    fn begins(&self, first: usize) -> Option<u32> {
        let aligned = (0..usize::BITS).take_while(|order| first & ((1 << order) - 1) == 0);
        let order = aligned.take_while(|order| self.is_free(first, *order)).last()?;
        let is_second = first >> order & 1 != 0;
        // Then its buddy, in front of it, is not free, or both are part of a larger block.
        let is_part = is_second && self.is_free(first - (1 << order), order);
        (!is_part).then_some(order)
    }

    /// The lowest block of the smallest order that is large enough.
    fn place(&self, order: u32) -> Option<usize> {
        let free = (0..self.0.len()).filter_map(|first| Some((self.begins(first)?, first)));
        free.filter(|(found, _)| *found >= order).min().map(|(_, first)| first)
    }

    fn set(&mut self, first: usize, order: u32, free: bool) {
        self.0[first..first + (1 << order)].fill(free);
    }
}

fn order(n: usize, align: usize) -> u32 {
    n.max(align).next_power_of_two().ilog2()
}

/// What a call does to the member. The twins below do something else.
struct Subject {
    member: Numbered<stampool::alloc::Buddy>,
    /// Gives back as many blocks as this makes of the number.
    given: fn(usize) -> usize,
}

fn difference(subject: &Subject, len: usize, calls: &[Call]) -> Result<(), TestCaseError> {
    let Subject { member, given } = subject;
    let mut flags = Flags(vec![true; len]);
    let mut live: Vec<(usize, usize, usize)> = Vec::new();
    for call in calls {
        match *call {
            Call::Take { n, align } => {
                let order = order(n, align);
                let place = flags.place(order);
                let taken = member.try_take(n, align).ok();
                prop_assert_eq!(taken.map(|(first, _)| first), place, "{:?}", call);
                let Some((first, returned)) = taken else { continue };
                prop_assert_eq!(returned, 1 << order, "the length that was returned");
                flags.set(first, order, false);
                live.push((first, n, align));
            }
            Call::Give { which } if !live.is_empty() => {
                let (first, n, align) = live.swap_remove(which % live.len());
                member.give(first, given(n), align);
                flags.set(first, order(n, align), true);
            }
            Call::Resize { which, n } if !live.is_empty() => {
                let at = which % live.len();
                let (first, old, align) = live[at];
                // `resize` asks for an alignment of one block.
                if align > 1 {
                    continue;
                }
                let (had, wanted) = (order(old, 1), order(n, 1));
                let mut halves = had..wanted;
                let is_first = first & ((1 << wanted) - 1) == 0;
                let fits = wanted <= had
                    || is_first && halves.all(|order| flags.is_free(first + (1 << order), order));
                prop_assert_eq!(member.resize(first, old, n), fits, "{:?} of {}", call, first);
                if fits {
                    flags.set(first, had, true);
                    flags.set(first, wanted, false);
                    live[at].1 = n;
                }
            }
            _ => {}
        }
        let used: usize = live.iter().map(|(_, n, align)| 1 << order(*n, *align)).sum();
        let usage = member.0.usage();
        prop_assert_eq!(usage.used_bytes, used * BLOCK, "bytes in use");
        prop_assert_eq!(usage.live_blocks, Some(live.len()), "live blocks");
    }
    Ok(())
}

/// Powers of two, their neighbours, and others; with one to three levels.
const LENS: [usize; 10] = [1, 2, 3, 63, 64, 65, 100, 128, 1000, 4500];

fn any_call(len: usize) -> impl Strategy<Value = Call> {
    let any_run = prop_oneof![4 => 1..=4_usize, 4 => 1..=40_usize, 1 => 1..=len];
    prop_oneof![
        // As the region is aligned, up to a page: beyond that a block begins inside of its node.
        5 => (any_run.clone(), prop_oneof![
            3 => Just(1),
            1 => (0..=len.ilog2().min(5)).prop_map(|log| 1_usize << log),
        ])
            .prop_map(|(n, align)| Call::Take { n, align }),
        4 => any::<usize>().prop_map(|which| Call::Give { which }),
        1 => (any::<usize>(), any_run).prop_map(|(which, n)| Call::Resize { which, n }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 100 }))]

    #[test]
    fn the_lowest_block_of_the_smallest_order_is_halved_and_merged_again(
        (len, calls) in prop::sample::select(&LENS[..])
            .prop_flat_map(|len| (Just(len), prop::collection::vec(any_call(len), 1..150)))
    ) {
        difference(&Subject { member: buddy(len), given: |n| n }, len, &calls)?;
    }
}

/// The comparison can fail: a free that gives back half of the block leaves the other half taken.
#[test]
fn the_flags_find_a_free_of_another_order() {
    let take = |n| Call::Take { n, align: 1 };
    let calls = [take(4), Call::Give { which: 0 }, take(4)];
    let same = |given| difference(&Subject { member: buddy(64), given }, 64, &calls).is_ok();
    assert!(same(|n| n));
    assert!(!same(|n| n / 2));
}
