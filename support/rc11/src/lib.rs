#![doc = include_str!("../README.md")]

mod litmus;
mod model;
mod program;

pub use litmus::{COUNTS, Count, SHAPES, Shape, Verdict};
pub use model::{Change, Executions, Graph, Outcome, StepId, effort, executions, executions_with};
pub use program::{Guard, LOCATIONS, Op, Order, ParseError, Program, Step, Value};
