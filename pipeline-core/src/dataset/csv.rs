//! A table of rows.

mod cell;
mod cells;
mod columns;
mod quote;
mod read;
mod row;
mod write;

use std::fmt;
use std::io::Write;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::ser::Error as _;

use super::file::Location;
use super::{AnyProcess, Dataset, FromLocation, Load, Save};
use crate::DatasetError;

/// A CSV file with a header, as a `Vec` of rows of type `T`, which serde reads and writes by the
/// names of the columns.
///
/// ```
/// use pipeline_core::dataset::{Csv, Load, Save};
///
/// #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
/// struct Flower { species: String, petal_length: f64 }
///
/// let folder = tempfile::tempdir()?;
/// let flowers = Csv::new(folder.path().join("flowers.csv"));
/// flowers.save(vec![Flower { species: "setosa".into(), petal_length: 1.4 }])?;
/// assert_eq!(std::fs::read_to_string(flowers.path())?, "species,petal_length\nsetosa,1.4\n");
///
/// std::fs::write(flowers.path(), "species,petal_length\nsetosa,1.4\nvirginica,long\n")?;
/// assert_eq!(flowers.load().unwrap_err().line(), Some(3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What is loaded
///
/// - There always is a header; a file without one, such as an empty one, is an error, and so is one
///   whose header lacks a column that `T` needs, with rows or without. An `Option` and a field with
///   `#[serde(default)]` need no column. The file may have more columns than `T`.
/// - Rows without names, such as `(String, f64)`, `f64` or `[f64; 3]`, go by the places of the
///   columns. They are saved with the header `column_1,column_2`, and a header that reads as a row
///   is an error.
/// - A file that is not UTF-8, an open quote, text after a closing quote, rows of different lengths
///   and cells that are not of their field's type are errors with the line, and the column if it is
///   one's.
///
/// # What is saved
///
/// What is loaded is what was saved. A save reads each row again before the file is touched; a row
/// that would be loaded as another one, or not at all, is an error that names row and column. This
/// is why a type that is saved implements `Deserialize` too, which also tells the header of a table
/// without rows. An empty cell is `None`, so `Some("")` is refused, as are lists, maps and structs
/// in a cell. A field that some rows leave out (`skip_serializing_if`) is an empty cell in these.
pub struct Csv<T> {
    location: Location,
    delimiter: u8,
    row: PhantomData<fn() -> T>,
}

impl<T> Csv<T> {
    /// The CSV file at a path, its columns separated by commas.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { location: Location::new(path), delimiter: b',', row: PhantomData }
    }

    /// Separates the columns by another character, such as `b';'`.
    #[must_use]
    pub fn delimiter(self, delimiter: u8) -> Self {
        Self { delimiter, ..self }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.location.path()
    }
}

super::file_dataset!([T: Send + Sync + 'static] Csv<T> => Vec<T>);

impl<T: DeserializeOwned + Send + Sync + 'static> Load for Csv<T> {
    type Loaded = Vec<T>;

    fn load(&self) -> Result<Vec<T>, DatasetError> {
        let text = self.location.read()?;
        read::from_bytes(&text, self.delimiter).map_err(|read::NotRead { line, message, cause }| {
            let error = self.location.error(cause).told_as(message);
            match line {
                Some(line) => error.at_line(line),
                None => error,
            }
        })
    }
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Save for Csv<T> {
    fn save(&self, value: Vec<T>) -> Result<(), DatasetError> {
        let text = write::to_bytes(&value, self.delimiter)
            .map_err(|told| self.location.error(csv::Error::custom(&told)).told_as(told))?;
        self.location.write(|file| file.write_all(&text))
    }
}

/// The delimiters that a table in UTF-8 can have.
fn check_delimiter(delimiter: u8) -> Result<(), String> {
    match delimiter {
        b'"' | b'\n' | b'\r' | 0x80.. => {
            let shown = delimiter.escape_ascii();
            Err(format!(
                "columns cannot be separated by `{shown}`: choose a character of ASCII that is no quote and no line end"
            ))
        }
        _ => Ok(()),
    }
}

impl<T> Clone for Csv<T> {
    fn clone(&self) -> Self {
        Self { location: self.location.clone(), delimiter: self.delimiter, row: PhantomData }
    }
}

impl<T> fmt::Debug for Csv<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Csv").field(&self.location).finish()
    }
}
