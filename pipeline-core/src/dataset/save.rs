//! Saving a file: it is replaced as a whole, or it stays as it was.

mod attributes;
mod beside;
mod disk;
mod in_place;
mod target;
mod writer;

use std::fs::Metadata;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use self::beside::Beside;
pub(crate) use self::disk::{sync_file, sync_folder};
use self::target::Target;
pub(crate) use self::target::{MOST_LINKS, follow, is_descriptor};
pub use self::writer::Writer;
use crate::DatasetError;
use crate::error::BoxError;

/// Writes a file whole or not at all: `fill` writes beside the target, and only what is complete
/// takes its name.
///
/// All datasets of this crate that are files save by it, and datasets of your own can use it for
/// their `save`. Missing parent folders are made.
///
/// ```
/// use pipeline_core::dataset::write_file;
/// use std::io::Write;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("reports/today.txt");
/// write_file(&path, |file| writeln!(file, "all is well"))?;
/// write_file(&path, |file| {
///     writeln!(file, "half a")?;
///     Err::<(), _>(std::io::Error::other("the disk is full"))
/// }).unwrap_err();
/// assert_eq!(std::fs::read_to_string(&path)?, "all is well\n");
/// assert_eq!(std::fs::read_dir(folder.path().join("reports"))?.count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What a save does
///
/// | The path leads to | What a save does |
/// | --- | --- |
/// | nothing | A new file, with the mode that any new file gets: that of the umask, or of the folder's default ACL. |
/// | a regular file | Replaced as a whole by a new one with the same mode, owner, group, extended attributes and ACL (the last two on Linux). A reader that has the earlier file open goes on with it. |
/// | a regular file that is read-only: no one may write to it by its mode, or this user may not | An error, for root too; the file stays. |
/// | a file whose folder lets no other be put in its place: the folder is not writable (or none, as in `/proc`), the file is a mount of its own, or belongs to another user in a folder with the sticky bit; or a file whose owner, group or attributes this user cannot give to a new one | Written in place, once its new content is complete in memory or beside it. What the disk has no room for is known before a byte of the earlier content is changed. The save is not whole-or-nothing here: a reader in between, or a kill, finds a part of each. |
/// | one of several hard links | Only the name that was asked for gets the new file; the others keep the earlier content, as after `git checkout` or `rsync`. A backup made of hard links is not changed by a later save. |
/// | a symbolic link, or a chain of them | The file that it leads to is saved, there or not; the link stays. |
/// | a loop of links | An error; the links stay. |
/// | a folder, or a path that ends in `/`, `.` or `..`, or is empty | An error; nothing changes. |
/// | a FIFO, a device, a terminal | Written into as it comes, as `std::fs::write` does: nothing is renamed, and a `fill` that fails has written a part. For the reader of a FIFO a save waits up to 5 seconds; without one it is an error. |
/// | a socket | An error, as with `std::fs::write`. |
/// | `/dev/stdout`, `/dev/stderr` and other descriptors of a process | Written into, at the place where the stream is: what was printed before stays, also where the stream is redirected to a file. |
///
/// | What happens meanwhile | What is left |
/// | --- | --- |
/// | `fill` fails or panics; the disk or the quota is full | An error or the panic; the target is as it was, nothing is left beside it. |
/// | the process is killed, or a worker process is | The target is as it was or new. A `.saving-….tmp` beside it may be left; the next save of the same target removes it (on Unix), in whatever process, once its writer is gone. |
/// | several threads or processes save the same target | Each save is whole; the last one stays. |
/// | another user reads the folder | Until it is renamed, the file beside is never more readable than its target: it gets the mode of the target before any content. |
/// | the power is cut | After a [durable](write_file_durably) save: the new file is there. Else, for some seconds after the save: the earlier file, the new one, or, on file systems that write names before contents, an empty one. |
///
/// # Why a save does not wait for the disk
///
/// Waiting (`fsync`) takes milliseconds a file, most of the time of a run that saves small files,
/// and protects from a power cut only: a kill loses nothing either way. `std::fs::write`, pandas
/// and Kedro do not wait, and outputs of a pipeline can be made again. What cannot be made again is
/// saved with `durable()`, which each dataset of a file has, and whole runs wait once, at their
/// end, with [`RunOptions::durable`](crate::RunOptions::durable).
///
/// # Errors
///
/// Fails with what `fill` returns, or if the file system refuses; the error names the target.
pub fn write_file<E: Into<BoxError>>(
    path: impl AsRef<Path>,
    fill: impl FnOnce(&mut Writer) -> Result<(), E>,
) -> Result<(), DatasetError> {
    save(path.as_ref(), false, fill)
}

/// As [`write_file`], and waits until the file survives a power cut: its content, its name, and the
/// folders made for it.
///
/// # Errors
///
/// As [`write_file`]. If only the last step fails, the waiting for the folder, the new file is
/// there.
pub fn write_file_durably<E: Into<BoxError>>(
    path: impl AsRef<Path>,
    fill: impl FnOnce(&mut Writer) -> Result<(), E>,
) -> Result<(), DatasetError> {
    save(path.as_ref(), true, fill)
}

/// Saves a file, durably or not.
pub(super) fn save<E: Into<BoxError>>(
    path: &Path,
    is_durable: bool,
    fill: impl FnOnce(&mut Writer) -> Result<(), E>,
) -> Result<(), DatasetError> {
    let at_path = |cause: BoxError| DatasetError::new(cause).at_path(path);
    let io = |error: io::Error| at_path(error.into());

    let mut saving = Saving::prepare(path, is_durable).map_err(io)?;
    fill(saving.writer()).map_err(|error| at_path(error.into()))?;
    saving.finish(is_durable).map_err(io)
}

/// A save between its beginning and its end, by the way that the target allows.
enum Saving {
    /// The new file takes the name of the target when it is complete.
    Beside { beside: Beside, target: PathBuf },
    /// The target is overwritten when the content is complete.
    InPlace { content: Writer, target: PathBuf },
    /// What is written goes there at once.
    Stream(Writer),
}

impl Saving {
    fn prepare(path: &Path, is_durable: bool) -> io::Result<Self> {
        match Target::find(path)? {
            Target::New(target) => {
                disk::create_folder_of(&target, is_durable)?;
                Ok(Self::Beside { beside: Beside::create(&target, None)?, target })
            }
            Target::File { path: target, earlier, can_be_renamed_over } => {
                Self::prepare_file(target, &earlier, can_be_renamed_over)
            }
            Target::Stream(file) => Ok(Self::Stream(Writer::to_file(file))),
        }
    }

    fn prepare_file(target: PathBuf, earlier: &Metadata, can_be_renamed_over: bool) -> io::Result<Self> {
        attributes::check_writable(&target, earlier)?;
        let beside = if can_be_renamed_over { Beside::create(&target, Some(earlier)).map(Some) } else { Ok(None) };
        match beside {
            Ok(Some(beside)) => Ok(Self::Beside { beside, target }),
            Ok(None) => Ok(Self::InPlace { content: Writer::to_memory(), target }),
            // Where a file is and none can be made beside it, as in `/proc`, the folder is said not
            // to be there.
            Err(error) if must_stay(&error) || error.kind() == io::ErrorKind::NotFound => {
                Ok(Self::InPlace { content: Writer::to_memory(), target })
            }
            Err(error) => Err(error),
        }
    }

    fn writer(&mut self) -> &mut Writer {
        match self {
            Self::Beside { beside, .. } => beside.writer(),
            Self::InPlace { content, .. } => content,
            Self::Stream(writer) => writer,
        }
    }

    fn finish(self, is_durable: bool) -> io::Result<()> {
        match self {
            Self::Beside { mut beside, target } => {
                beside.complete(is_durable)?;
                match beside.rename(&target) {
                    Err(error) if must_stay(&error) && target.is_file() => {
                        in_place::overwrite(&target, beside.writer(), is_durable)
                    }
                    Ok(()) if is_durable => sync_folder(&target),
                    renamed => renamed,
                }
            }
            Self::InPlace { mut content, target } => in_place::overwrite(&target, &mut content, is_durable),
            Self::Stream(mut writer) => writer.flush(),
        }
    }
}

/// Whether the error says that no other file can be put into the place of the target. The target
/// itself may still be written.
fn must_stay(error: &io::Error) -> bool {
    use io::ErrorKind::{CrossesDevices, InvalidFilename, PermissionDenied, ReadOnlyFilesystem, ResourceBusy};
    matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem | ResourceBusy | CrossesDevices | InvalidFilename)
}
