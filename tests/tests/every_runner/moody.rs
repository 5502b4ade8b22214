//! A dataset that does what it is told, and counts how often it is let go.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pipeline_core::DatasetError;
use pipeline_core::dataset::{AnyProcess, Dataset, Load, Save};

/// Where all of them are: workers, which make the catalog anew, find them there.
const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/every_runner");

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    FailsToLoad,
    FailsToSave,
    PanicsOnLoad,
    PanicsOnSave,
}

/// The use of all files, by one test at a time. At first only `given` holds a number, 3.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static FILES: Mutex<()> = Mutex::new(());
    let alone = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    drop(fs::remove_dir_all(FOLDER));
    fs::create_dir_all(FOLDER).expect("cargo's folder can be written");
    Moody::at("given").save(3).expect("it is well");
    alone
}

/// Holds a number in a file, and beside it files with its mood and how often it was let go.
pub(crate) struct Moody {
    name: &'static str,
}

impl Moody {
    pub(crate) const fn at(name: &'static str) -> Self {
        Self { name }
    }

    fn file(&self, of: &str) -> PathBuf {
        Path::new(FOLDER).join(format!("{}.{of}", self.name))
    }

    pub(crate) fn is(&self, mood: Mood) {
        fs::write(self.file("mood"), [mood as u8]).expect("the test has the folder for itself");
    }

    pub(crate) fn n_releases(&self) -> usize {
        fs::read(self.file("releases")).map_or(0, |releases| releases.len())
    }

    fn fails(&self, fails: Mood, panics: Mood) -> Result<(), DatasetError> {
        let mood = fs::read(self.file("mood")).unwrap_or_default();
        if mood == [panics as u8] {
            // As a panic, but that nothing is printed.
            std::panic::resume_unwind(Box::new("in a bad mood"));
        }
        if mood == [fails as u8] { Err("in a bad mood".into()) } else { Ok(()) }
    }
}

impl Dataset for Moody {
    type Value = i32;
    type Reach = AnyProcess;

    fn describe(&self) -> String {
        self.file("number").display().to_string()
    }

    fn exists(&self) -> Result<bool, DatasetError> {
        Ok(self.file("number").exists())
    }

    fn release(&self) {
        let mut releases =
            OpenOptions::new().append(true).create(true).open(self.file("releases")).expect("it is there");
        releases.write_all(b"!").expect("there is room");
        // A run does not care.
        std::panic::resume_unwind(Box::new("let go"));
    }
}

impl Load for Moody {
    type Loaded = i32;

    fn load(&self) -> Result<i32, DatasetError> {
        self.fails(Mood::FailsToLoad, Mood::PanicsOnLoad)?;
        let number = fs::read_to_string(self.file("number")).map_err(DatasetError::new)?;
        number.parse().map_err(DatasetError::new)
    }
}

impl Save for Moody {
    fn save(&self, value: i32) -> Result<(), DatasetError> {
        self.fails(Mood::FailsToSave, Mood::PanicsOnSave)?;
        fs::write(self.file("number"), value.to_string()).map_err(DatasetError::new)
    }
}
