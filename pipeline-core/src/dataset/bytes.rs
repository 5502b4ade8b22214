//! A file of bytes.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::file::Location;
use super::{AnyProcess, Dataset, FromLocation, Load, Save};
use crate::DatasetError;

/// Any file, as its bytes. What is loaded is what was saved.
#[derive(Clone, Debug)]
pub struct Bytes {
    location: Location,
}

impl Bytes {
    /// The file at a path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { location: Location::new(path) }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.location.path()
    }
}

super::file_dataset!([] Bytes => Vec<u8>);

impl Load for Bytes {
    type Loaded = Vec<u8>;

    fn load(&self) -> Result<Vec<u8>, DatasetError> {
        self.location.read()
    }
}

impl Save for Bytes {
    fn save(&self, value: Vec<u8>) -> Result<(), DatasetError> {
        self.location.write(|file| file.write_all(&value))
    }
}
