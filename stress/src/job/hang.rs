//! A run that hangs: its threads cannot be joined, so the process ends here.

use std::path::Path;
use std::process;
use std::sync::{Mutex, PoisonError};

use super::done::{fail, publish_report};
use crate::cli::{Exit, Format};
use crate::report::{HangRow, Report};

/// Prints which thread is where, publishes the results so far, and ends the process. A violation
/// decides how it ends, as everywhere.
pub fn end_process(report: &Mutex<Report>, hang: HangRow, format: Format, file: &Path) -> ! {
    let HangRow { strategy, scenario, threads, what, again } = &hang;
    let line =
        format!("hang: {strategy} {scenario} with {threads} threads: {what}\n  again: {again}");
    let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
    report.hang = Some(hang);
    let exit = match publish_report(format, file, &*report) {
        Exit::Violation => Exit::Violation,
        _ => Exit::Hang,
    };
    process::exit(fail(exit, &line).code().into())
}
