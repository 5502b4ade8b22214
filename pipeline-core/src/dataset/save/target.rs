//! What a path leads to.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// As many links as Linux follows.
pub(crate) const MOST_LINKS: usize = 40;

/// Who reads a pipe may be started a little later than the run.
#[cfg(unix)]
const LONGEST_WAIT_FOR_A_READER: std::time::Duration = std::time::Duration::from_secs(5);

/// What is to be written.
pub(crate) enum Target {
    /// Nothing is there yet; the path is behind all links.
    New(PathBuf),
    /// A regular file. The path is behind all links, if the file can be replaced by renaming.
    File { path: PathBuf, earlier: Metadata, can_be_renamed_over: bool },
    /// A pipe, a device, a stream of a process.
    Stream(File),
}

impl Target {
    pub(super) fn find(path: &Path) -> io::Result<Self> {
        check_names_a_file(path)?;
        let target = follow(path)?;
        if let Some(stream) = Descriptor::of(&target) {
            return stream.open(&target).map(Self::Stream);
        }
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(earlier) if earlier.is_file() => {
                // Some links of the system lead elsewhere than their text says.
                let is_there = fs::symlink_metadata(&target).is_ok_and(|there| is_same(&there, &earlier));
                let path = if is_there { target } else { path.to_owned() };
                Ok(Self::File { path, earlier, can_be_renamed_over: is_there })
            }
            Ok(found) => open_stream(path, &found).map(Self::Stream),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                check_names_a_file(&target)?;
                Ok(Self::New(target))
            }
            Err(error) => Err(error),
        }
    }
}

/// Opens what is no regular file.
#[cfg(unix)]
fn open_stream(path: &Path, found: &Metadata) -> io::Result<File> {
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    use rustix::io::Errno;

    if !found.file_type().is_fifo() {
        return File::options().write(true).open(path);
    }
    // A plain opening would wait for a reader without end. The flag is the same number in both
    // types.
    let flag = OFlags::NONBLOCK.bits().cast_signed();
    let started = Instant::now();
    let pipe = loop {
        match File::options().write(true).custom_flags(flag).open(path) {
            Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => {
                if started.elapsed() > LONGEST_WAIT_FOR_A_READER {
                    let problem = format!("no reader has opened the pipe within {LONGEST_WAIT_FOR_A_READER:?}");
                    return Err(io::Error::new(io::ErrorKind::TimedOut, problem));
                }
                thread::sleep(Duration::from_millis(5));
            }
            pipe => break pipe?,
        }
    };
    // Writing waits for a slow reader.
    fcntl_setfl(&pipe, fcntl_getfl(&pipe)? - OFlags::NONBLOCK)?;
    Ok(pipe)
}

#[cfg(not(unix))]
fn open_stream(path: &Path, _: &Metadata) -> io::Result<File> {
    File::options().write(true).open(path)
}

/// What a path leads to in the end, whether that is there already or not.
pub(crate) fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..MOST_LINKS {
        if Descriptor::of(&target).is_some() {
            return Ok(target);
        }
        let Ok(link) = fs::read_link(&target) else { return Ok(target) };
        // Relative to the folder of the link; an absolute one replaces all.
        target = target.parent().unwrap_or(Path::new("")).join(link);
    }
    Err(too_many_links())
}

#[cfg(unix)]
fn too_many_links() -> io::Error {
    rustix::io::Errno::LOOP.into()
}

#[cfg(not(unix))]
fn too_many_links() -> io::Error {
    io::Error::other("too many links, or a loop of them")
}

/// A path that ends in a separator, `.` or `..` names a folder. `Path` leaves most of these out, so
/// its bytes are asked.
fn check_names_a_file(path: &Path) -> io::Result<()> {
    let bytes = path.as_os_str().as_encoded_bytes();
    let last = bytes.rsplit(|&byte| std::path::is_separator(byte.into())).next().unwrap_or_default();
    let problem = match last {
        _ if bytes.is_empty() => "the path is empty",
        b"" | b"." | b".." => "the path names a folder, not a file",
        _ => return Ok(()),
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, problem))
}

#[cfg(unix)]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// Elsewhere no link leads where its text does not say.
#[cfg(not(unix))]
fn is_same(a: &Metadata, _: &Metadata) -> bool {
    a.is_file()
}

/// An open file of a process, named by its number: `/dev/stdout`, `/dev/fd/3`, `/proc/self/fd/1`.
///
/// Opening such a path makes a new place to write at, the beginning of the file if it is one, so
/// what the process has written there already would be overwritten. The standard streams of this
/// process are written to as they are; others at their end.
#[cfg(unix)]
pub(super) enum Descriptor {
    Input,
    Output,
    Error,
    Other,
}

#[cfg(unix)]
impl Descriptor {
    fn of(path: &Path) -> Option<Self> {
        let path = path.to_str()?;
        let number = match path {
            "/dev/stdin" => "0",
            "/dev/stdout" => "1",
            "/dev/stderr" => "2",
            _ => {
                let (folder, number) = path.rsplit_once('/')?;
                match folder {
                    "/dev/fd" | "/proc/self/fd" | "/proc/thread-self/fd" => number,
                    _ => return folder.strip_prefix("/proc/")?.strip_suffix("/fd").map(|_| Self::Other),
                }
            }
        };
        Some(match number {
            "0" => Self::Input,
            "1" => Self::Output,
            "2" => Self::Error,
            _ => Self::Other,
        })
    }

    fn open(self, path: &Path) -> io::Result<File> {
        use std::os::fd::AsFd;

        let own = match self {
            Self::Input => io::stdin().as_fd().try_clone_to_owned(),
            Self::Output => io::stdout().as_fd().try_clone_to_owned(),
            Self::Error => io::stderr().as_fd().try_clone_to_owned(),
            Self::Other => return File::options().append(true).open(path),
        };
        own.map(File::from)
    }
}

/// Elsewhere they have no paths.
#[cfg(not(unix))]
pub(super) enum Descriptor {}

#[cfg(not(unix))]
impl Descriptor {
    fn of(_: &Path) -> Option<Self> {
        None
    }

    fn open(self, _: &Path) -> io::Result<File> {
        match self {}
    }
}

/// Whether a path names an open file of a process.
pub(crate) fn is_descriptor(path: &Path) -> bool {
    Descriptor::of(path).is_some()
}
