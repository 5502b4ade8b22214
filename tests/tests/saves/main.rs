//! What a save does to all that a path can lead to, line by line as in the table of `write_file`;
//! and what is left of one that is killed.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what a test does in a function is test too")]

mod in_place;
mod kills;
mod links;
mod power;
mod rights;
mod saver;
mod streams;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use pipeline_core::DatasetError;
use pipeline_core::dataset::write_file;
use pipeline_core::prelude::*;
use rustix::fs::{CWD, FileType, Mode, mknodat};

fn save(path: impl AsRef<Path>, text: &str) -> Result<(), DatasetError> {
    Text::new(path.as_ref()).save(text.to_owned())
}

fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).expect("it can be read")
}

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

fn set_mode(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is the test's own");
}

fn owner(path: impl AsRef<Path>) -> (u32, u32) {
    let found = fs::metadata(path).expect("it is there");
    (found.uid(), found.gid())
}

fn make(path: impl AsRef<Path>, kind: FileType, device: u64) {
    mknodat(CWD, path.as_ref(), kind, Mode::from_raw_mode(0o666), device).expect("it can be made");
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
