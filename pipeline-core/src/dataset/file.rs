//! Files: a path with a name for errors, and writing that never leaves half a file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::DatasetError;
use crate::error::BoxError;

/// The file of a dataset.
#[derive(Clone, Debug)]
pub(super) struct Location {
    path: PathBuf,
    name: Option<&'static str>,
}

impl Location {
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), name: None }
    }

    pub(super) fn named(self, name: &'static str) -> Self {
        Self { name: Some(name), ..self }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn describe(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn exists(&self) -> Result<bool, DatasetError> {
        self.path.try_exists().map_err(|error| self.error(error))
    }

    pub(super) fn read(&self) -> Result<Vec<u8>, DatasetError> {
        fs::read(&self.path).map_err(|error| self.error(error))
    }

    pub(super) fn write<E: Into<BoxError>>(
        &self,
        fill: impl FnOnce(&mut Writer) -> Result<(), E>,
    ) -> Result<(), DatasetError> {
        write_file(&self.path, fill).map_err(|error| error.of_dataset(self.name))
    }

    pub(super) fn error(&self, cause: impl Into<BoxError>) -> DatasetError {
        DatasetError::new(cause).at_path(&self.path).of_dataset(self.name)
    }
}

/// Where [`write_file`] has a file written.
pub type Writer = BufWriter<File>;

/// Writes a file whole or not at all: `fill` writes beside the target, and only what is complete takes its name.
///
/// Missing parent folders are made. If `fill` fails or panics, the target is as it was and nothing else is left. A link is
/// followed: the file that it points to is replaced, not the link. Datasets of your own can use it for their `save`.
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
/// # Errors
///
/// Fails with what `fill` returns, or if the file system refuses; the error names the target.
pub fn write_file<E: Into<BoxError>>(
    path: impl AsRef<Path>,
    fill: impl FnOnce(&mut Writer) -> Result<(), E>,
) -> Result<(), DatasetError> {
    let path = path.as_ref();
    let at_path = |cause: BoxError| DatasetError::new(cause).at_path(path);
    let io = |error: io::Error| at_path(error.into());

    let target = follow_links(path);
    if let Some(parent) = target.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(io)?;
    }
    let mut beside = Beside::create(&target).map_err(io)?;
    fill(&mut beside.writer).map_err(|error| at_path(error.into()))?;
    beside.rename(&target).map_err(io)
}

/// What a path leads to in the end, whether that is there already or not.
fn follow_links(path: &Path) -> PathBuf {
    // As many links as Linux follows; with more, the last one is replaced.
    const MOST: usize = 40;
    let mut target = path.to_owned();
    for _ in 0..MOST {
        let Ok(link) = fs::read_link(&target) else { break };
        // Relative to the folder of the link; an absolute one replaces all.
        target = target.parent().unwrap_or(Path::new("")).join(link);
    }
    target
}

/// A file beside the target, removed unless it is renamed.
struct Beside {
    writer: Writer,
    path: PathBuf,
    renamed: bool,
}

impl Beside {
    fn create(target: &Path) -> io::Result<Self> {
        // Two writers in one process differ by the count, two processes by the id, and a leftover of a killed one is passed over.
        static COUNT: AtomicU64 = AtomicU64::new(0);
        if target.file_name().is_none() {
            return Err(io::Error::other("the path does not name a file"));
        }
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            // The target's name is not part of it: that may be as long as a name can be.
            let path = target.with_file_name(format!(".saving-{}-{count}.tmp", process::id()));
            match File::options().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { writer: BufWriter::new(file), path, renamed: false }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn rename(mut self, target: &Path) -> io::Result<()> {
        self.writer.flush()?;
        if let Ok(earlier) = fs::metadata(target) {
            fs::set_permissions(&self.path, earlier.permissions())?;
        }
        // Else a power cut after the renaming could leave an empty file under the target's name.
        self.writer.get_ref().sync_all()?;
        fs::rename(&self.path, target)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.renamed {
            // The first error is what counts; that the leftover cannot be removed either would only hide it.
            drop(fs::remove_file(&self.path));
        }
    }
}
