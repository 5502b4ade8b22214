//! A dataset made of closures.

use std::fmt;

use super::{Dataset, Load, Save, ThisProcess};
use crate::DatasetError;
use crate::error::BoxError;

type LoadWith<T> = Box<dyn Fn() -> Result<T, BoxError> + Send + Sync>;
type SaveWith<T> = Box<dyn Fn(T) -> Result<(), BoxError> + Send + Sync>;
type ExistsWith = Box<dyn Fn() -> bool + Send + Sync>;

/// A dataset whose loading and saving are closures, for a source that no other type covers. Kedro had `LambdaDataset` up to 0.19.
///
/// ```
/// use pipeline_core::prelude::*;
/// use std::io;
///
/// catalog! {
///     struct Catalog {
///         home: Lambda<String> = Lambda::read_only(|| std::env::var("HOME")),
///         log: Lambda<String> = Lambda::write_only(|line: String| -> Result<(), io::Error> {
///             eprintln!("{line}");
///             Ok(())
///         }),
///     }
/// }
///
/// # fn main() -> Result<(), pipeline_core::Error> {
/// let greeting = pipeline! { for Catalog; node(|home: &str| format!("at home in {home}"), [home] -> [log]) };
/// SequentialRunner::new().run(&greeting, &Catalog::default())?;
/// # Ok(())
/// # }
/// ```
pub struct Lambda<T> {
    name: Option<&'static str>,
    load: Option<LoadWith<T>>,
    save: Option<SaveWith<T>>,
    exists: Option<ExistsWith>,
}

impl<T> Lambda<T> {
    /// A dataset that loads and saves with these closures. Their errors may be of any type that converts into a boxed error.
    pub fn new<L, S>(
        load: impl Fn() -> Result<T, L> + Send + Sync + 'static,
        save: impl Fn(T) -> Result<(), S> + Send + Sync + 'static,
    ) -> Self
    where
        L: Into<BoxError>,
        S: Into<BoxError>,
    {
        Self { save: Self::write_only(save).save, ..Self::read_only(load) }
    }

    /// A dataset that only loads. Saving is an error.
    pub fn read_only<E: Into<BoxError>>(load: impl Fn() -> Result<T, E> + Send + Sync + 'static) -> Self {
        let load: LoadWith<T> = Box::new(move || load().map_err(Into::into));
        Self { name: None, load: Some(load), save: None, exists: None }
    }

    /// A dataset that only saves. Loading is an error.
    pub fn write_only<E: Into<BoxError>>(save: impl Fn(T) -> Result<(), E> + Send + Sync + 'static) -> Self {
        let save: SaveWith<T> = Box::new(move |value| save(value).map_err(Into::into));
        Self { name: None, load: None, save: Some(save), exists: None }
    }

    /// Adds a closure that tells whether there is something to load. Without one, the answer is no.
    #[must_use]
    pub fn with_exists(mut self, exists: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.exists = Some(Box::new(exists));
        self
    }

    fn error(&self, cause: impl Into<BoxError>) -> DatasetError {
        DatasetError::new(cause).of_dataset(self.name)
    }
}

impl<T: Send + Sync + 'static> Dataset for Lambda<T> {
    type Value = T;
    type Reach = ThisProcess;

    fn describe(&self) -> String {
        let can = match (&self.load, &self.save) {
            (Some(_), Some(_)) => "closures that load and save",
            (Some(_), None) => "a closure that loads",
            _ => "a closure that saves",
        };
        can.to_owned()
    }

    fn exists(&self) -> Result<bool, DatasetError> {
        Ok(self.exists.as_ref().is_some_and(|exists| exists()))
    }

    fn named(self, name: &'static str) -> Self {
        Self { name: Some(name), ..self }
    }
}

impl<T: Send + Sync + 'static> Load for Lambda<T> {
    type Loaded = T;

    fn load(&self) -> Result<T, DatasetError> {
        let load = self.load.as_ref().ok_or_else(|| self.error("it has no closure that loads"))?;
        load().map_err(|error| self.error(error))
    }
}

impl<T: Send + Sync + 'static> Save for Lambda<T> {
    fn save(&self, value: T) -> Result<(), DatasetError> {
        let save = self.save.as_ref().ok_or_else(|| self.error("it has no closure that saves"))?;
        save(value).map_err(|error| self.error(error))
    }
}

impl<T> fmt::Debug for Lambda<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lambda")
            .field("name", &self.name)
            .field("loads", &self.load.is_some())
            .field("saves", &self.save.is_some())
            .finish_non_exhaustive()
    }
}
