//! A file as the place of a dataset: its path, its name for errors, and what is asked of its saves.

use std::fs;
use std::path::{Path, PathBuf};

use super::save::{self, Writer};
use crate::DatasetError;
use crate::error::BoxError;

/// The file of a dataset.
#[derive(Clone, Debug)]
pub(super) struct Location {
    path: PathBuf,
    name: Option<&'static str>,
    is_durable: bool,
    shares_its_place: bool,
}

impl Location {
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), name: None, is_durable: false, shares_its_place: false }
    }

    pub(super) fn named(self, name: &'static str) -> Self {
        Self { name: Some(name), ..self }
    }

    pub(super) fn durable(self) -> Self {
        Self { is_durable: true, ..self }
    }

    pub(super) fn sharing_its_place(self) -> Self {
        Self { shares_its_place: true, ..self }
    }

    pub(super) fn is_durable(&self) -> bool {
        self.is_durable
    }

    pub(super) fn shares_its_place(&self) -> bool {
        self.shares_its_place
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
        save::save(&self.path, self.is_durable, fill).map_err(|error| error.of_dataset(self.name))
    }

    pub(super) fn error(&self, cause: impl Into<BoxError>) -> DatasetError {
        DatasetError::new(cause).at_path(&self.path).of_dataset(self.name)
    }
}
