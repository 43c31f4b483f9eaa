//! Points: where each access passes before it is done.
//!
//! A thread passes in one of three ways:
//!
//! - a [relay](crate::Relay) leads it, and the thread waits there until it holds the relay's token;
//! - the process is [jittered](fn@crate::jitter), and the thread is delayed there now and then;
//! - otherwise it goes on at once.

use crate::{jitter, relay};

/// Stands before every access.
#[inline]
pub fn point() {
    if relay::is_led() {
        relay::step(false);
    } else {
        jitter::delay();
    }
}

/// Lets other threads go first: a led thread gives the token to the next member, any other thread
/// yields to the scheduler of the machine.
pub fn give_way() {
    if relay::is_led() {
        relay::step(true);
    } else {
        std::thread::yield_now();
    }
}
