//! Scenarios of three threads that porf alone runs: loom and shuttle do not come to their end.

use super::matrix::TWO_CONSUMERS;
use super::op::Op::{Allocate, Attach, Free, Leave, Offer, Request};
use super::races::ABOUT_TO_FLUSH;
use super::scenario::{Scenario, slice};
use super::setup::{Setup, attached};

/// As the set-up of the races; a third thread is attached, and has nothing.
const ABOUT_TO_FLUSH_BESIDE: Setup = ABOUT_TO_FLUSH.thread(2, &[(1, Attach)]);

/// All of them.
pub const MANY: &[Scenario] = &[
    // The one block that comes goes to one of the two, or to none.
    slice("pool/free_allocate_allocate", 1, TWO_CONSUMERS, &[&[Free], &[Allocate], &[Allocate]])
        .capacity(4),
    slice("pool/leave_leave_attach_bare", 1, attached(2), &[&[Leave], &[Leave], &[Attach]]),
    slice("pool/leave_attach_attach", 1, attached(1), &[&[Leave], &[Attach], &[Attach]]),
    slice(
        "pool/attach_attach_attach_one_free",
        2,
        attached(1).thread(0, &[(1, Leave)]),
        &[&[Attach], &[Attach], &[Attach]],
    ),
    slice("pool/carve_carve_carve", 2, attached(3), &[&[Allocate], &[Allocate], &[Allocate]]),
    slice("pool/capacity_3", 1, attached(3), &[&[Allocate], &[Allocate], &[Allocate]]).capacity(1),
    slice("pool/capacity_free_3", 1, ABOUT_TO_FLUSH_BESIDE, &[&[Allocate], &[Free], &[Allocate]])
        .capacity(3),
    slice(
        "mediator/offer_request_request",
        2,
        Setup::NONE,
        &[&[Offer(2)], &[Request(2)], &[Request(2)]],
    )
    .holding(&[2, 0, 0]),
    slice(
        "mediator/offer_offer_request",
        2,
        Setup::NONE,
        &[&[Offer(2)], &[Offer(2)], &[Request(2)]],
    )
    .holding(&[2, 2, 0]),
];
