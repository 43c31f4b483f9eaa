//! Grace periods that are not kept: rules of the epoch's model, broken.
//!
//! Here ABA does not show on a single list, because a magazine that was removed goes behind a lock.
//! It shows when magazines go through several lists: `mediator/aba` in the matrix.

use stampool::raw::free_list::Deferred;

use super::twin::{LOST, Twin, UNACQUIRED, on_exchange};
use crate::epoch_model::{EpochModel, Rule};
use crate::scenarios::exchange::ABA;

pub(super) fn twins() -> Vec<Twin> {
    vec![
        of_rule::<NoPin>("twin/no_pin"),
        of_rule::<EarlyAdvance>("twin/early_advance"),
        of_rule::<NoGrace>("twin/no_grace"),
    ]
}

fn of_rule<R: Rule>(name: &'static str) -> Twin {
    let twin = on_exchange::<Deferred<EpochModel<R>>>(R::NAME, name, LOST, &ABA);
    Twin { under_loom: UNACQUIRED, ..twin }
}

/// A pin counts for nothing.
#[derive(Debug)]
struct NoPin;

impl Rule for NoPin {
    const NAME: &'static str = "EpochModel";
    const PINS: bool = false;
}

/// The epoch advances without checking the other threads: a deferral waits for the pin that it was
/// made under alone.
#[derive(Debug)]
struct EarlyAdvance;

impl Rule for EarlyAdvance {
    const NAME: &'static str = "EpochModel";

    fn waits_for(pin: usize, own: usize) -> bool {
        pin == own
    }
}

/// What is deferred lands at once.
#[derive(Debug)]
struct NoGrace;

impl Rule for NoGrace {
    const NAME: &'static str = "EpochModel";

    fn waits_for(_pin: usize, _own: usize) -> bool {
        false
    }
}
