//! Where nodes note what they do, in whatever process they do it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use pipeline_tests::folder;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

/// Long enough for any machine; only a failure waits so long.
const LONG: Duration = Duration::from_secs(30);

/// A file to which each note is appended as one line. It is a parameter, so it crosses to where its nodes are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Log {
    file: PathBuf,
}

impl Log {
    /// An empty one, in a folder that is to be kept as long as the log is used.
    pub(crate) fn new() -> (TempDir, Self) {
        let folder = folder();
        let file = folder.path().join("log.txt");
        fs::write(&file, "").expect("the folder is there");
        (folder, Self { file })
    }

    pub(crate) fn note(&self, what: &str) {
        let mut file = OpenOptions::new().append(true).open(&self.file).expect("the test keeps its folder");
        // In one piece, so that two processes do not write into each other's lines.
        file.write_all(format!("{what}\n").as_bytes()).expect("there is room");
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        let notes = fs::read_to_string(&self.file).expect("the test keeps its folder");
        notes.lines().map(str::to_owned).collect()
    }

    /// The notes, of which none is left.
    pub(crate) fn take(&self) -> Vec<String> {
        let notes = self.notes();
        fs::write(&self.file, "").expect("the folder is there");
        notes
    }

    /// Waits until the notes are so, or in vain.
    pub(crate) fn wait(&self, are_so: impl Fn(&[String]) -> bool) {
        wait(|| are_so(&self.notes()));
    }
}

/// Waits until something is so, or in vain.
pub(crate) fn wait(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() && start.elapsed() < LONG {
        thread::sleep(Duration::from_millis(1));
    }
}
