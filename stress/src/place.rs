//! Files that results go to: written as a whole, or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How something comes to lie at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A whole file takes the place of what lies here: a regular file, or nothing. No link is left.
    File(PathBuf),
    /// It is written into what lies here: a device or a pipe, which must stay what it is.
    Into(PathBuf),
}

impl Place {
    /// What `path` leads to, through all links.
    ///
    /// # Errors
    /// The system does not say.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(there) if there.is_file() => fs::canonicalize(path).map(Self::File),
            Ok(_) => Ok(Self::Into(path.to_owned())),
            // A link to nothing yet.
            Err(_) if path.is_symlink() => Ok(Self::Into(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Self::File(path.to_owned()))
            }
            Err(error) => Err(error),
        }
    }
}

/// Makes sure that a file can be written, before hours are spent on what goes into it.
///
/// # Errors
/// It cannot.
pub(crate) fn reserve(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::OpenOptions::new().create(true).append(true).open(path).map(drop)
}

/// Writes beside the file first, so that a disk that is full costs nothing that was there before.
///
/// # Errors
/// It cannot be written; then nothing is left beside it.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let file = match Place::of(path)? {
        Place::File(file) => file,
        Place::Into(there) => return fs::write(there, text),
    };
    let mut beside = file.as_os_str().to_owned();
    beside.push(".partial");
    let beside = Path::new(&beside);
    let written = fs::write(beside, text).and_then(|()| fs::rename(beside, &file));
    if written.is_err() {
        // It may never have been there.
        _ = fs::remove_file(beside);
    }
    written
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{FileTypeExt as _, symlink};
    use std::process::Command;
    use std::thread;

    use super::*;

    /// A folder of this test's own, empty.
    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("place-{name}-{}", std::process::id()));
        // It may not have been there.
        _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for the test");
        folder
    }

    #[test]
    fn a_link_stays_and_what_it_leads_to_is_replaced() {
        let folder = scratch("link");
        for (name, before) in [("old", Some("before")), ("new", None)] {
            let (target, link) = (folder.join(name), folder.join(format!("to-{name}")));
            before.into_iter().for_each(|text| fs::write(&target, text).expect("ours"));
            symlink(&target, &link).expect("ours");
            replace(&link, "after").expect("written");
            assert!(link.is_symlink(), "{name}");
            assert_eq!(fs::read_to_string(&target).expect("there"), "after", "{name}");
        }
        assert_eq!(fs::read_dir(&folder).expect("ours").count(), 4, "nothing beside them");
        fs::remove_dir_all(&folder).expect("ours");
    }

    #[test]
    fn a_pipe_stays_a_pipe_and_gets_the_text() {
        let folder = scratch("pipe");
        let pipe = folder.join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        let reader = thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe)
        });
        replace(&pipe, "text").expect("written");
        assert!(fs::metadata(&pipe).expect("there").file_type().is_fifo());
        assert_eq!(reader.join().expect("reads").expect("text"), "text");
        fs::remove_dir_all(&folder).expect("ours");
    }
}
