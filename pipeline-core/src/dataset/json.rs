//! A JSON document.

use std::fmt;
use std::io::{self, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::difference::{Found, Tree};
use super::file::Location;
use super::fingerprint::Fingerprint;
use super::fold::{FoldError, fold};
use super::{AnyProcess, Dataset, FromLocation, Load, Save, signature};
use crate::DatasetError;
use crate::error::BoxError;

/// A JSON file that holds one value of type `T`, which serde reads and writes. It is written with
/// an indent of two, as in Kedro.
///
/// What is loaded is what was saved, to the last bit of a number. Before a save touches the file,
/// it loads what it is about to write; a value that would be loaded as another one, or not at all,
/// is an error that names the field. JSON has no NaN and no infinity, one `null` for all of `None`,
/// `Some(None)` and `Some(())`, and its readers stop at a depth of 128. This is why a type that is
/// saved implements `Deserialize` too.
///
/// ```
/// use pipeline_core::dataset::{Json, Load, Save};
///
/// #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
/// struct Score { name: String, value: f64 }
///
/// let folder = tempfile::tempdir()?;
/// let scores = Json::new(folder.path().join("scores.json"));
/// scores.save(vec![Score { name: "r2".into(), value: 0.1 + 0.2 }])?;
/// assert_eq!(scores.load()?[0].value, 0.1 + 0.2);
///
/// let error = scores.save(vec![Score { name: "r2".into(), value: f64::NAN }]).unwrap_err();
/// assert!(error.to_string().contains("`[0].value`: NaN is not a number in JSON"));
/// assert_eq!(scores.load()?.len(), 1, "the earlier file is still there");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
        // From the whole text: a reader has gone on by the time that an error is found, and tells
        // the wrong place.
        let text = self.location.read()?;
        from_bytes(&text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let told = match text.as_slice() {
                [] => "the file is empty: there is no value in it".to_owned(),
                _ => format!("{}{}", without_place(&error), signature::hint(&text)),
            };
            let error = self.location.error(error).told_as(told);
            // serde_json counts from 1, and says 0 where it knows no place.
            let error = if line == 0 { error } else { error.at_line(line as u64) };
            if column == 0 { error } else { error.at_column(column as u64) }
        })
    }
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Save for Json<T> {
    fn save(&self, value: T) -> Result<(), DatasetError> {
        let text =
            to_bytes(&value).map_err(|NotSaved { message, cause }| self.location.error(cause).told_as(message))?;
        self.location.write(|file| file.write_all(&text))
    }
}

/// The value of a document.
fn from_bytes<T: DeserializeOwned>(text: &[u8]) -> serde_json::Result<T> {
    // A byte order mark is not part of the document. Other programs write it.
    serde_json::from_slice(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text))
}

/// Why there is no document of a value.
struct NotSaved {
    message: String,
    cause: BoxError,
}

/// The document of a value, which loads as the same value.
fn to_bytes<T: Serialize + DeserializeOwned>(value: &T) -> Result<Vec<u8>, NotSaved> {
    let text = serde_json::to_vec_pretty(value).map_err(|error| not_written(value, error))?;
    let loaded: T = from_bytes(&text).map_err(|error| not_read_again(value, &text, error))?;
    // A value that cannot be folded has been written all the same: it is too deep, or writes itself
    // in another way each time.
    let folded = |error: FoldError| NotSaved { message: error.to_string(), cause: error.into() };
    let (before, after) = (fold::<Fingerprint, T>(value), fold::<Fingerprint, T>(&loaded));
    if before.map_err(folded)? == after.map_err(folded)? { Ok(text) } else { Err(differs(value, &loaded)) }
}

/// The error of a value that its own `Serialize` or JSON refuses, with the field where it happened.
fn not_written<T: Serialize>(value: &T, error: serde_json::Error) -> NotSaved {
    let mut track = serde_path_to_error::Track::new();
    let mut nowhere = serde_json::Serializer::new(io::sink());
    let again = value.serialize(serde_path_to_error::Serializer::new(&mut nowhere, &mut track));
    let path = again.err().map(|_| track.path().to_string()).unwrap_or_default();
    NotSaved { message: at(&path, &error.to_string()), cause: error.into() }
}

/// The error of a value whose document cannot be read.
fn not_read_again<T: Serialize + DeserializeOwned>(value: &T, text: &[u8], error: serde_json::Error) -> NotSaved {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let again = serde_path_to_error::deserialize::<_, T>(&mut reader);
    let path = again.err().map(|error| error.path().to_string()).unwrap_or_default();
    let path = path.trim_start_matches('.');
    let message = match fold::<Tree, T>(value) {
        Err(FoldError::TooDeep) => "it is nested deeper than the 127 levels that JSON is read to".to_owned(),
        Err(FoldError::Refused(message)) => message,
        Ok(tree) => match tree.written_as_null().into_iter().find(|found| found.path.meets(path)) {
            Some(Found { path, message }) => at(path.as_str(), &message),
            None => at(path, &format!("it would be saved, but not loaded again: {}", without_place(&error))),
        },
    };
    NotSaved { message, cause: error.into() }
}

/// The error of a value whose document is that of another one.
fn differs<T: Serialize>(value: &T, loaded: &T) -> NotSaved {
    let found = match (fold::<Tree, T>(value), fold::<Tree, T>(loaded)) {
        (Ok(saved), Ok(loaded)) => saved.first_difference(&loaded).map(|found| {
            let nulls = saved.written_as_null();
            nulls.into_iter().find(|null| null.path.meets(found.path.as_str())).unwrap_or(found)
        }),
        _ => None,
    };
    let message = match found {
        Some(Found { path, message }) => at(path.as_str(), &message),
        None => "it would be loaded as another value".to_owned(),
    };
    NotSaved { cause: message.clone().into(), message }
}

/// A message with the way to the field that it is about.
fn at(path: &str, message: &str) -> String {
    if path.is_empty() || path == "." { message.to_owned() } else { format!("field `{path}`: {message}") }
}

/// The message of an error, without the place, which the dataset's own error has.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&place).unwrap_or(&message).to_owned()
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
