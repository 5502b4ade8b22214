//! A table of rows.

use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::file::Location;
use super::{AnyProcess, Dataset, FromLocation, Load, Save};
use crate::DatasetError;

/// A CSV file with a header, as a `Vec` of rows of type `T`, which serde reads and writes by the names of the columns.
///
/// A broken row is an error with its line.
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
        let mut reader = csv::ReaderBuilder::new().delimiter(self.delimiter).from_reader(text.as_slice());
        let rows: Result<Vec<T>, csv::Error> = reader.deserialize().collect();
        rows.map_err(|error| {
            let line = error.position().map(|position| line_of_record(&text, position));
            let told = tell(&error, reader.headers().ok());
            let error = self.location.error(error).told_as(told);
            match line {
                Some(line) => error.at_line(line),
                None => error,
            }
        })
    }
}

/// The line on which a record begins: its position is that before empty lines, which are passed over.
fn line_of_record(text: &[u8], position: &csv::Position) -> u64 {
    let rest = usize::try_from(position.byte()).ok().and_then(|byte| text.get(byte..)).unwrap_or_default();
    let empty = rest.iter().take_while(|&&byte| byte == b'\n' || byte == b'\r').filter(|&&byte| byte == b'\n').count();
    position.line() + empty as u64
}

/// What is wrong, without the place, and with the name of the column.
fn tell(error: &csv::Error, headers: Option<&csv::StringRecord>) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => {
            let column = err.field().and_then(|field| headers?.get(usize::try_from(field).ok()?));
            let column = column.map(|name| format!("column `{name}`: "));
            let told = format!("{}{}", column.unwrap_or_default(), err.kind());
            match headers {
                Some(headers) if err.field().is_none() => {
                    let names: Vec<String> = headers.iter().map(|name| format!("`{name}`")).collect();
                    format!("{told}; the columns are {}", names.join(", "))
                }
                _ => told,
            }
        }
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the row has {len} fields, but the rows before it have {expected_len}")
        }
        _ => error.to_string(),
    }
}

impl<T: Serialize + Send + Sync + 'static> Save for Csv<T> {
    fn save(&self, value: Vec<T>) -> Result<(), DatasetError> {
        self.location.write(|file| {
            let mut writer = csv::WriterBuilder::new().delimiter(self.delimiter).from_writer(file);
            value.iter().try_for_each(|row| writer.serialize(row))?;
            writer.flush()?;
            Ok::<(), csv::Error>(())
        })
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
