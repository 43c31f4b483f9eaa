#![doc = include_str!("../README.md")]

mod checkers;
pub mod genmc;
pub mod run;

pub use checkers::{Loom, Porf};
