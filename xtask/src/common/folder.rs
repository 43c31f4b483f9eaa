//! Folders of published packages, copied so that they can be changed.

use std::fs;
use std::io::Result;
use std::path::Path;

/// Copies a folder with all that is in it.
///
/// # Errors
/// Where a file cannot be read or written.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy(&source, &target)?;
        } else {
            // Not fs::copy: the registry's files may be read-only, and the copies must not be.
            fs::write(target, fs::read(source)?)?;
        }
    }
    Ok(())
}
