//! Recording of a real program's heap, as a trace.
//!
//! The program runs with our library preloaded, the crate `stampool-recorder`, which writes each
//! call of malloc and its relatives to a log. When the program has ended, in whatever way, the log
//! becomes a trace.
//!
//! | module | role |
//! |---|---|
//! | [`layout`] | where what lies in the log |
//! | `log` | makes a log, and reads it |
//! | `trace` | makes a trace of it |
//! | `program` | runs the program |

#[path = "../../recorder/src/layout.rs"]
pub mod layout;
mod log;
mod program;
mod trace;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;

pub use log::{Event, Log};
pub use program::{NotRun, run};
pub use trace::{Made, of_events};

use crate::replay::MAX_RECORDS;

/// Arguments of `record`.
#[derive(Clone, Debug, Args)]
pub struct RecordArgs {
    /// The trace to write [default: target/stampool/PROGRAM.stpt.zst].
    #[arg(short = 'o', long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Most records; when there are so many, the recording is over and the program goes on.
    #[arg(long, default_value_t = 1_000_000, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..=MAX_RECORDS))]
    pub max_records: u64,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    pub program: Vec<OsString>,
}

impl RecordArgs {
    /// The file to write.
    pub fn file(&self) -> PathBuf {
        self.out.clone().unwrap_or_else(|| {
            let program = self.program.first().map(Path::new).and_then(Path::file_name);
            let name = program.unwrap_or_default().to_string_lossy();
            format!("target/stampool/{name}.stpt.zst").into()
        })
    }
}
