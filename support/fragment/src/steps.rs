//! A trace as the steps of one thread.

use core::alloc::Layout;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use stress::replay::Trace;

/// An allocation or a free.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// The object's number: each is allocated once.
    pub(crate) object: u32,
    pub(crate) allocates: bool,
    pub(crate) layout: Layout,
}

/// A trace in the order of its recording.
#[derive(Debug)]
pub(crate) struct Steps {
    /// What it goes by in results.
    pub(crate) name: String,
    pub(crate) list: Vec<Step>,
    pub(crate) objects: usize,
    /// Most bytes that were live at once, as asked for.
    pub(crate) peak_bytes: usize,
    /// Most blocks that were live at once.
    pub(crate) peak_blocks: usize,
}

impl Steps {
    /// Reads a trace from a file.
    ///
    /// # Errors
    ///
    /// The file is not a trace, or nothing is allocated in it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let trace = Trace::open(path).with_context(|| path.display().to_string())?;
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let name = file.trim_end_matches(".zst").trim_end_matches(".stpt");
        let list = trace.in_order().map(|event| Step {
            object: event.object,
            allocates: event.allocates,
            layout: event.shape.layout(),
        });
        let steps = Self::new(name, list.collect());
        ensure!(steps.peak_bytes > 0, "{}: nothing is allocated in it", path.display());
        Ok(steps)
    }

    /// Steps that make sense: each object is allocated once, and then freed at most once.
    pub(crate) fn new(name: &str, list: Vec<Step>) -> Self {
        let (mut bytes, mut blocks) = (0, 0);
        let (mut peak_bytes, mut peak_blocks, mut objects) = (0, 0, 0);
        for step in &list {
            if step.allocates {
                bytes += step.layout.size();
                blocks += 1;
            } else {
                bytes -= step.layout.size();
                blocks -= 1;
            }
            peak_bytes = peak_bytes.max(bytes);
            peak_blocks = peak_blocks.max(blocks);
            objects = objects.max(index(step.object) + 1);
        }
        Self { name: name.to_owned(), list, objects, peak_bytes, peak_blocks }
    }

    /// A heap of so many times the peak, in bytes, a multiple of 16.
    pub(crate) fn heap(&self, times: f64) -> usize {
        // Sound: a positive number far below 2^52, rounded.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let bytes = (self.peak_bytes as f64 * times).ceil() as usize;
        bytes.next_multiple_of(16)
    }

    /// So many bytes as a multiple of the peak.
    pub(crate) fn ratio(&self, bytes: usize) -> f64 {
        bytes as f64 / self.peak_bytes as f64
    }
}

/// An object's number as an index.
pub(crate) fn index(object: u32) -> usize {
    usize::try_from(object).expect("a number of 32 bits is an index")
}
