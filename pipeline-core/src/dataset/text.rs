//! A text file.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::file::Location;
use super::{AnyProcess, Dataset, FromLocation, Load, Save, signature};
use crate::DatasetError;

/// A text file in UTF-8, as a `String`. What is loaded is what was saved, byte for byte: line
/// endings and a byte order mark stay as they are. A file that is not UTF-8 is an error with line
/// and column.
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
            let told = format!("{}{}", error.utf8_error(), signature::hint(error.as_bytes()));
            let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
            let line = valid.matches('\n').count() as u64 + 1;
            let column = valid.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
            self.location.error(error.utf8_error()).told_as(told).at_line(line).at_column(column)
        })
    }
}

impl Save for Text {
    fn save(&self, value: String) -> Result<(), DatasetError> {
        self.location.write(|file| file.write_all(value.as_bytes()))
    }
}
