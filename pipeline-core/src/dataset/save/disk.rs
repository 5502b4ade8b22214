//! Folders, and waiting for the disk.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Makes the folder of a file, and those that it is in. If it is to last, what names them is on the
/// disk too.
pub(super) fn create_folder_of(file: &Path, is_durable: bool) -> io::Result<()> {
    let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    if !is_durable {
        return fs::create_dir_all(folder);
    }
    let missing: Vec<PathBuf> =
        folder.ancestors().take_while(|folder| !folder.exists()).map(Path::to_path_buf).collect();
    fs::create_dir_all(folder)?;
    missing.iter().filter(|folder| !folder.as_os_str().is_empty()).try_for_each(|folder| sync_folder(folder))
}

/// Waits until the content of a file is on the disk.
pub(crate) fn sync_file(file: &Path) -> io::Result<()> {
    let opened = File::open(file).or_else(|error| File::options().append(true).open(file).map_err(|_| error))?;
    opened.sync_all()
}

/// Waits until the name of a file or of a folder is on the disk, which is the content of the folder
/// that it is in.
pub(crate) fn sync_folder(of: &Path) -> io::Result<()> {
    // Elsewhere folders are not opened as files are, and the system writes names by itself.
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = of.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match File::open(folder)?.sync_all() {
        // Some file systems have nothing to wait for.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        result => result,
    }
}
