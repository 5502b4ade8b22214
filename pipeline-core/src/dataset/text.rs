//! A text file.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::file::Location;
use super::{AnyProcess, Dataset, FromLocation, Load, Save};
use crate::DatasetError;

/// A text file in UTF-8, as a `String`.
#[derive(Clone, Debug)]
pub struct Text {
    location: Location,
}

impl Text {
    /// The text file at a path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { location: Location::new(path) }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.location.path()
    }
}

super::file_dataset!([] Text => String);

impl Load for Text {
    type Loaded = String;

    fn load(&self) -> Result<String, DatasetError> {
        String::from_utf8(self.location.read()?).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = valid.split(|&byte| byte == b'\n').count() as u64;
            self.location.error(error.utf8_error()).at_line(line)
        })
    }
}

impl Save for Text {
    fn save(&self, value: String) -> Result<(), DatasetError> {
        self.location.write(|file| file.write_all(value.as_bytes()))
    }
}
