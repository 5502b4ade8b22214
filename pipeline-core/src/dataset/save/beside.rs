//! The file beside a target, in which its new content is written.
//!
//! Its name follows from the name of the target, and its writer holds a lock on it. So a later save
//! of the same target knows where a killed one may have left its file, without listing the folder,
//! and knows by the lock whether its writer is gone; process ids say nothing from one container to
//! another. Several saves at the same time take names with several numbers.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::attributes;
use super::writer::Writer;

/// So many numbers a save looks at for leftovers beyond its own. More than this are left only by
/// more saves of one target that are killed at the same time, and found as long as none is missing
/// between them.
const LOOKED_AT: u32 = 4;

/// More than saves of the same target can disturb each other.
const MOST_TRIES: u32 = 1_000;

/// A file beside the target, removed unless it is renamed.
pub(super) struct Beside {
    writer: Writer,
    path: PathBuf,
    is_renamed: bool,
}

impl Beside {
    /// Makes the file. It has the mode, owner and attributes of the earlier one from the beginning.
    pub(super) fn create(target: &Path, earlier: Option<&Metadata>) -> io::Result<Self> {
        let (mut number, mut tries) = (0, 0);
        let (file, path) = loop {
            let path = numbered(target, number);
            match claim(&path, earlier.is_some())? {
                Claim::Made(file) => break (file, path),
                Claim::InUse => number += 1,
                Claim::Again if tries < MOST_TRIES => tries += 1,
                Claim::Again => return Err(io::Error::other("other saves of the same file do not let this one begin")),
            }
        };
        sweep(target, number + 1);
        let beside = Self { writer: Writer::to_file(file), path, is_renamed: false };
        if let (Some(earlier), Some(file)) = (earlier, beside.writer.file()) {
            // Whatever keeps the new file from being like the earlier one, that one must not be
            // replaced then.
            let denied = |error| io::Error::new(io::ErrorKind::PermissionDenied, error);
            attributes::keep(file, target, earlier).map_err(denied)?;
        }
        Ok(beside)
    }

    pub(super) fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    /// Ends the writing.
    pub(super) fn complete(&mut self, is_durable: bool) -> io::Result<()> {
        // Before it has its name: else the name could be on the disk before the content is.
        if is_durable { self.writer.sync() } else { io::Write::flush(&mut self.writer) }
    }

    /// Puts it into the place of the target.
    pub(super) fn rename(&mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.is_renamed = true;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.is_renamed {
            // The first error is what counts; that the leftover cannot be removed either would only
            // hide it.
            drop(fs::remove_file(&self.path));
        }
    }
}

/// Not made from all of the target's name, which may be as long as a name can be.
fn numbered(target: &Path, number: u32) -> PathBuf {
    let name = target.file_name().unwrap_or_default().as_encoded_bytes();
    // FNV-1a: a later build of the program must find the same.
    let add = |sum: u64, &byte: &u8| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let sum = name.iter().fold(0xcbf2_9ce4_8422_2325, add);
    target.with_file_name(format!(".saving-{sum:016x}-{number}.tmp"))
}

enum Claim {
    Made(File),
    /// Another save uses the path.
    InUse,
    /// A leftover has been removed; or another save has taken the new file for one before it was
    /// locked.
    Again,
}

/// Makes a file of this path and locks it.
fn claim(path: &Path, is_private: bool) -> io::Result<Claim> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    if is_private {
        // Until it has the mode of the file that it is to replace.
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = is_private;
    match options.open(path) {
        Ok(file) if lock::hold(&file, path) => Ok(Claim::Made(file)),
        Ok(_) => Ok(Claim::Again),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(if lock::remove_leftover(path) { Claim::Again } else { Claim::InUse })
        }
        Err(error) => Err(error),
    }
}

/// Removes what killed saves of the same target have left under numbers from this one.
fn sweep(target: &Path, from: u32) {
    let mut number = from;
    loop {
        let path = numbered(target, number);
        let is_there = fs::symlink_metadata(&path).is_ok();
        if is_there {
            lock::remove_leftover(&path);
        } else if number >= from + LOOKED_AT {
            return;
        }
        number += 1;
    }
}

#[cfg(unix)]
mod lock {
    use std::fs::{self, File};
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
    use rustix::io::Errno;

    /// Locks a new file. False if another save has the lock, which takes the file for a leftover
    /// and removes it, or has done so.
    pub(super) fn hold(file: &File, path: &Path) -> bool {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => is_at(file, path),
            Err(Errno::WOULDBLOCK) => false,
            // A file system without locks: there are none to tell a leftover by, so none is
            // removed.
            Err(_) => true,
        }
    }

    /// Removes a file that no save holds any more. True if there is no such file now.
    pub(super) fn remove_leftover(path: &Path) -> bool {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match open(path, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(error) => return error == Errno::NOENT,
        };
        // The lock is held until the file is removed, so no two remove it, and its maker has not
        // held it.
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            return false;
        }
        if !file.metadata().is_ok_and(|file| file.is_file()) {
            return false;
        }
        // If the path is that of another file by now, its maker is to be asked.
        !is_at(&file, path) || fs::remove_file(path).is_ok()
    }

    fn is_at(file: &File, path: &Path) -> bool {
        let (Ok(open), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
        (open.dev(), open.ino()) == (there.dev(), there.ino())
    }
}

#[cfg(not(unix))]
mod lock {
    //! The standard library has locks since Rust 1.89. Without, no leftover is told from a file in
    //! use, and all are passed over.

    use std::fs::File;
    use std::path::Path;

    pub(super) fn hold(_: &File, _: &Path) -> bool {
        true
    }

    pub(super) fn remove_leftover(_: &Path) -> bool {
        false
    }
}
