//! A JSON document.

use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::file::Location;
use super::{AnyProcess, Dataset, FromLocation, Load, Save};
use crate::DatasetError;

/// A JSON file that holds one value of type `T`, which serde reads and writes. It is written with an indent of two, as in Kedro.
///
/// A broken document is an error with line and column.
pub struct Json<T> {
    location: Location,
    value: PhantomData<fn() -> T>,
}

impl<T> Json<T> {
    /// The JSON file at a path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { location: Location::new(path), value: PhantomData }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.location.path()
    }
}

super::file_dataset!([T: Send + Sync + 'static] Json<T> => T);

impl<T: DeserializeOwned + Send + Sync + 'static> Load for Json<T> {
    type Loaded = T;

    fn load(&self) -> Result<T, DatasetError> {
        // From the whole text: a reader has gone on by the time that an error is found, and tells the wrong place.
        let text = self.location.read()?;
        serde_json::from_slice(&text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let place = format!(" at line {line} column {column}");
            let message = error.to_string();
            let told = message.strip_suffix(&place).unwrap_or(&message).to_owned();
            let error = self.location.error(error).told_as(told);
            // serde_json counts from 1, and says 0 where it knows no place.
            let error = if line == 0 { error } else { error.at_line(line as u64) };
            if column == 0 { error } else { error.at_column(column as u64) }
        })
    }
}

impl<T: Serialize + Send + Sync + 'static> Save for Json<T> {
    fn save(&self, value: T) -> Result<(), DatasetError> {
        self.location.write(|file| serde_json::to_writer_pretty(file, &value))
    }
}

impl<T> Clone for Json<T> {
    fn clone(&self) -> Self {
        Self { location: self.location.clone(), value: PhantomData }
    }
}

impl<T> fmt::Debug for Json<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Json").field(&self.location).finish()
    }
}
