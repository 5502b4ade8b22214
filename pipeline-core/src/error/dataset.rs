//! What can go wrong with a dataset: the cause, and where it happened.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::{BoxError, Cause, MOST_CAUSES, source, write_chain};

/// Why a dataset could not be loaded or saved.
///
/// A dataset of your own makes one from any error with `?` or [`DatasetError::new`], and says where
/// it happened with [`at_path`](Self::at_path) and [`at_line`](Self::at_line).
///
/// ```
/// use pipeline_core::DatasetError;
///
/// let error = DatasetError::new("a price must not be negative").at_path("data/prices.txt").at_line(3);
/// assert_eq!(error.to_string(), "data/prices.txt, line 3: a price must not be negative");
/// ```
///
/// # In a chain of errors
///
/// `Display` ends with the text of the [cause](Self::cause), as that of [`std::io::Error`] does,
/// and [`source`](StdError::source) goes on behind it, with the source of the cause. So whatever
/// prints an error with its sources (`anyhow`, `tracing`, the `Debug` of [`Error`](crate::Error))
/// prints each text once. To downcast the cause, ask [`cause`](Self::cause); to tell a missing file
/// from others, [`io_kind`](Self::io_kind).
///
/// Where the file system refuses a relative path, `Display` adds the folder from which the path was
/// looked up.
///
/// ```
/// use pipeline_core::dataset::{Load, Text};
/// use std::io;
///
/// let error = Text::new("no/such/file.txt").load().unwrap_err();
/// assert_eq!(error.io_kind(), Some(io::ErrorKind::NotFound));
/// assert!(error.cause().is::<io::Error>());
/// let folder = std::env::current_dir()?;
/// assert!(error.to_string().starts_with(&format!("no/such/file.txt (in {}): ", folder.display())));
/// # Ok::<(), io::Error>(())
/// ```
pub struct DatasetError {
    pub(super) parts: Box<Parts>,
}

pub(super) struct Parts {
    pub(super) dataset: Option<Cow<'static, str>>,
    /// Whether the error around this one names the dataset already.
    pub(super) is_named_around: bool,
    pub(super) path: Option<PathBuf>,
    /// The folder from which a relative path is looked up: that of the process when the error
    /// happened.
    pub(super) looked_up_from: Option<PathBuf>,
    pub(super) line: Option<u64>,
    pub(super) column: Option<u64>,
    /// What to say in place of the cause's own words.
    pub(super) told: Option<String>,
    pub(super) cause: Cause,
}

impl DatasetError {
    /// An error with this cause. A `&str` or `String` will do.
    pub fn new(cause: impl Into<BoxError>) -> Self {
        let parts = Parts {
            dataset: None,
            is_named_around: false,
            path: None,
            looked_up_from: None,
            line: None,
            column: None,
            told: None,
            cause: Cause::from(cause.into()),
        };
        Self { parts: Box::new(parts) }
    }

    /// Adds the file that was read or written.
    #[must_use]
    pub fn at_path(mut self, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        self.parts.looked_up_from = if path.is_relative() { std::env::current_dir().ok() } else { None };
        self.parts.path = Some(path);
        self
    }

    /// Adds the line in the file, from 1.
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        self.parts.line = Some(line);
        self
    }

    /// Adds the column in the line, from 1.
    #[must_use]
    pub fn at_column(mut self, column: u64) -> Self {
        self.parts.column = Some(column);
        self
    }

    /// Adds the name that the dataset has in the catalog, if that is known.
    #[must_use]
    pub fn of_dataset(mut self, name: Option<&'static str>) -> Self {
        self.parts.dataset = name.map(Cow::Borrowed).or(self.parts.dataset);
        self
    }

    /// Says the same as the cause in other words, such as without the place, which is told already.
    pub(crate) fn told_as(mut self, told: String) -> Self {
        self.parts.told = Some(told);
        self
    }

    /// The same error inside of one that names the dataset. A dataset that does not know its name
    /// is told it here.
    pub(crate) fn named_around(mut self, name: &str) -> Self {
        self.parts.is_named_around = true;
        self.parts.dataset.get_or_insert_with(|| Cow::Owned(name.to_owned()));
        self
    }

    /// The name of the dataset: known in a run, and where the dataset keeps what
    /// [`named`](crate::dataset::Dataset::named) told it.
    #[must_use]
    pub fn dataset(&self) -> Option<&str> {
        self.parts.dataset.as_deref()
    }

    /// The file that was read or written.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.parts.path.as_deref()
    }

    /// The line in the file, from 1.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        self.parts.line
    }

    /// The column in the line, from 1.
    #[must_use]
    pub fn column(&self) -> Option<u64> {
        self.parts.column
    }

    /// What this error was made of. Its text is part of this error's own;
    /// [`source`](StdError::source) goes on behind it.
    #[must_use]
    pub fn cause(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.parts.cause
    }

    /// The kind of the first [`io::Error`] among the cause and its sources, if there is one.
    #[must_use]
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        let cause: &(dyn StdError + 'static) = &*self.parts.cause;
        std::iter::successors(Some(cause), |&error| source(error)).take(MOST_CAUSES).find_map(io_kind)
    }
}

/// The kind of an error that is one of input and output, or holds one without having it as its
/// source.
fn io_kind(error: &(dyn StdError + 'static)) -> Option<io::ErrorKind> {
    #[cfg(feature = "csv")]
    if let Some(csv::ErrorKind::Io(error)) = error.downcast_ref().map(csv::Error::kind) {
        return Some(error.kind());
    }
    #[cfg(feature = "json")]
    if let Some(kind) = error.downcast_ref().and_then(serde_json::Error::io_error_kind) {
        return Some(kind);
    }
    let nested = || error.downcast_ref().and_then(DatasetError::io_kind);
    error.downcast_ref().map(io::Error::kind).or_else(nested)
}

impl fmt::Display for DatasetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { dataset, is_named_around, path, looked_up_from, line, column, told, cause } = &*self.parts;
        if let (Some(dataset), false) = (dataset, is_named_around) {
            write!(f, "dataset `{dataset}`: ")?;
        }
        if let Some(path) = path {
            write!(f, "{}", path.display())?;
            // What is wrong inside of a file has been found, wherever that is.
            if let Some(folder) = looked_up_from
                && line.is_none()
                && self.io_kind().is_some()
            {
                write!(f, " (in {})", folder.display())?;
            }
            if let Some(line) = line {
                write!(f, ", line {line}")?;
            }
            if let Some(column) = column {
                write!(f, ", column {column}")?;
            }
            f.write_str(": ")?;
        }
        match told {
            Some(told) => f.write_str(told),
            None => write!(f, "{cause}"),
        }
    }
}

impl fmt::Debug for DatasetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_chain(f, self)
    }
}

impl StdError for DatasetError {
    /// What is behind the cause, whose text this error has in its own.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // What is told in other words stands for all that the cause says.
        if self.parts.told.is_some() {
            return None;
        }
        let text = self.parts.cause.to_string();
        let mut source = self.parts.cause.source();
        // Some errors, such as those of `csv`, repeat the text of their source.
        while let Some(error) = source
            && text.ends_with(&error.to_string())
        {
            source = error.source();
        }
        source
    }
}

impl From<BoxError> for DatasetError {
    fn from(cause: BoxError) -> Self {
        Self::new(cause)
    }
}

impl From<io::Error> for DatasetError {
    fn from(cause: io::Error) -> Self {
        Self::new(cause)
    }
}

impl From<String> for DatasetError {
    fn from(cause: String) -> Self {
        Self::new(cause)
    }
}

impl From<&str> for DatasetError {
    fn from(cause: &str) -> Self {
        Self::new(cause)
    }
}
