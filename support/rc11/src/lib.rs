#![doc = include_str!("../README.md")]

mod compare;
mod generate;
mod litmus;
mod model;
mod program;

pub use compare::{
    Checker, Difference, Reported, SeenEvent, SeenGraph, SeenKind, compare, count_executions,
    shrink,
};
pub use generate::{Size, random_program, random_ring};
pub use litmus::{COUNTS, Count, SHAPES, Shape, Verdict};
pub use model::{Change, Executions, Graph, Outcome, StepId, effort, executions, executions_with};
pub use program::{Guard, LOCATIONS, Op, Order, ParseError, Program, Step, Value};
