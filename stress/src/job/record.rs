//! `stress record`: runs a program, and writes a trace of its heap.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use tempfile::NamedTempFile;

use super::done::fail;
use crate::cli::Exit;
use crate::place::Place;
use crate::record::{self, Log, Made, NotRun, RecordArgs};
use crate::replay::{MAX_THREADS, Trace};

/// Records, and says on standard error what came of it: standard output is the program's.
pub(super) fn record(args: &RecordArgs) -> Exit {
    let path = args.file();
    // Before the program runs: hours of it are not to end in a file that cannot be written.
    let file = match Output::at(&path) {
        Ok(file) => file,
        Err(error) => return fail(Exit::Usage, &format!("{}: {error}", path.display())),
    };
    let (status, made, lost) = match recorded(args) {
        Ok(recorded) => recorded,
        Err(why) => return fail(exit_for(&why), &why.to_string()),
    };
    if made.draft.records() == 0 {
        return fail(Exit::NothingRan, &format!("nothing recorded: no allocations ({status})"));
    }
    if let Err(why) = write(&made, file) {
        return fail(Exit::Internal, &format!("{}: {why}", path.display()));
    }
    eprint!("{}", summary(args, &made, lost, &path));
    ended(status)
}

fn recorded(args: &RecordArgs) -> Result<(ExitStatus, Made, u64), NotRun> {
    let mut log = Log::new(args.max_records).map_err(NotRun::Log)?;
    let status = record::run(&args.program, &mut log)?;
    let lost = log.lost().map_err(NotRun::Log)?;
    let events = log.events().map_err(NotRun::Log)?;
    let made = record::of_events(events).map_err(NotRun::Log)?;
    Ok((status, made, lost))
}

fn exit_for(why: &NotRun) -> Exit {
    match why {
        NotRun::Start(..) | NotRun::NoLibrary(_) | NotRun::Separator(_) => Exit::Usage,
        NotRun::NotLoaded(_) | NotRun::NotMapped(..) => Exit::NothingRan,
        NotRun::Log(_) | NotRun::Signals(_) => Exit::Internal,
    }
}

/// Where the trace goes.
enum Output {
    /// A file that becomes the one at this path when all of it is written.
    Beside(NamedTempFile, PathBuf),
    /// Into what lies there.
    Into(PathBuf),
}

impl Output {
    fn at(path: &Path) -> io::Result<Self> {
        if path.is_dir() || path.file_name().is_none() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let path = match Place::of(path)? {
            Place::File(path) => path,
            Place::Into(path) => return Ok(Self::Into(path)),
        };
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        fs::create_dir_all(folder)?;
        // As any new file: the user's mask decides.
        let usual = fs::Permissions::from_mode(0o666);
        let file = tempfile::Builder::new().permissions(usual).tempfile_in(folder)?;
        Ok(Self::Beside(file, path))
    }

    fn write(self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Beside(mut file, path) => {
                file.write_all(bytes)?;
                file.persist(path).map(drop).map_err(|error| error.error)
            }
            Self::Into(path) => fs::write(path, bytes),
        }
    }
}

/// Writes the trace, if it reads.
fn write(made: &Made, output: Output) -> Result<(), String> {
    let bytes = made.draft.to_file();
    Trace::read(bytes.as_slice()).map_err(|error| format!("not written, it is wrong: {error}"))?;
    output.write(&bytes).map_err(|error| error.to_string())
}

/// What was recorded.
fn summary(args: &RecordArgs, made: &Made, lost: u64, path: &Path) -> String {
    let draft = &made.draft;
    let mut text = format!(
        "recorded {} records of {} threads in {}: {} objects, {} of them live at the end\n",
        draft.records(),
        draft.threads(),
        path.display(),
        draft.objects(),
        made.live,
    );
    if lost > 0 {
        text += &format!(
            "the log was full after {} calls: the last {lost} are missing; --max-records takes more\n",
            args.max_records
        );
    }
    if made.cut > 0 {
        text += &format!(
            "the trace was full, of records or with {MAX_THREADS} threads: the last {} calls are missing\n",
            made.cut
        );
    }
    if made.strange_frees > 0 {
        text += &format!(
            "left out: {} frees of blocks from before the recording\n",
            made.strange_frees
        );
    }
    if made.unseen_ends > 0 {
        text += &format!("put in: {} frees that were not seen\n", made.unseen_ends);
    }
    text + &format!("replay: cargo run --release -p stress -- replay {}\n", path.display())
}

/// How the program ended is how this command ends.
fn ended(status: ExitStatus) -> Exit {
    if status.success() {
        return Exit::Fine;
    }
    eprintln!("the program ended with {status}");
    // As a magazine counts them.
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    Exit::Program(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
}
