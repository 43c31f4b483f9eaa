//! What several commands need: where things lie, how models are built, how rows are run and kept.

pub(crate) mod all_rows;
pub(crate) mod build_id;
pub(crate) mod folder;
mod live_rows;
pub(crate) mod made;
pub(crate) mod models;
pub(crate) mod nightly;
mod patched_loom;
pub(crate) mod progress;
pub(crate) mod row_table;
pub(crate) mod row_times;
pub(crate) mod run_rows;
pub(crate) mod terminal;
pub(crate) mod workspace;
