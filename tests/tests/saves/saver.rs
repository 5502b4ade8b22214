//! A process that saves a file: one that can be killed, has few rights, or has its output
//! elsewhere.

use std::env;
use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pipeline_core::dataset::{write_file, write_file_durably};
use pipeline_tests::{folder, wait_until};
use tempfile::TempDir;

use crate::{is_root, set_mode};

const PATH: &str = "SAVER_PATH";
const TEXT: &str = "SAVER_TEXT";
const COUNT: &str = "SAVER_COUNT";
const DURABLE: &str = "SAVER_DURABLE";

/// Not a test: saves what the process that started this one asks for, and tells how that went.
#[test]
fn saver() {
    let Some(path) = env::var_os(PATH) else { return };
    let text = env::var(TEXT).expect("a text is given");
    let n_saves: usize = env::var(COUNT).map_or(1, |count| count.parse().expect("it is a number"));
    let mut out = std::io::stdout();
    for number in 0..n_saves {
        let fill = |file: &mut pipeline_core::dataset::Writer| -> std::io::Result<()> {
            // In several pieces, for a kill to come in between.
            text.as_bytes().chunks(64 * 1024).try_for_each(|chunk| file.write_all(chunk))
        };
        let result =
            if env::var_os(DURABLE).is_some() { write_file_durably(&path, fill) } else { write_file(&path, fill) };
        match result {
            Ok(()) => writeln!(out, "saved {number}").expect("standard output is there"),
            Err(error) => writeln!(out, "not saved: {error}").expect("standard output is there"),
        }
    }
}

/// A process that is to save.
pub(crate) struct Saver {
    command: Command,
    /// Whether it is to lose the rights that the tests have.
    loses_rights: bool,
    _program: Option<TempDir>,
}

impl Saver {
    pub(crate) fn new(path: &Path, text: &str) -> Self {
        let program = env::current_exe().expect("it is this program");
        Self { command: Self::command(&program, path, text), loses_rights: false, _program: None }
    }

    /// One without root's rights. The program is copied to where it may be executed.
    pub(crate) fn without_rights(path: &Path, text: &str) -> Self {
        if !is_root() {
            return Self::new(path, text);
        }
        let folder = folder();
        let program: PathBuf = folder.path().join("saver");
        fs::copy(env::current_exe().expect("it is this program"), &program).expect("there is room for it");
        set_mode(folder.path(), 0o755);
        // A process that another test starts at the time has the copy open for writing until it has
        // begun.
        wait_until("the copy can be executed", || Command::new(&program).arg("--list").output().is_ok());
        let command = Self::command(&program, path, text);
        let mut saver = Self { command, loses_rights: true, _program: Some(folder) };
        saver.lose_rights();
        saver
    }

    fn lose_rights(&mut self) {
        if self.loses_rights {
            self.command.uid(NOBODY).gid(NOBODY).current_dir("/");
        }
    }

    /// Whose files can have so many KiB only.
    pub(crate) fn limited(mut self, kib: u32) -> Self {
        // The system would end the program at its first byte more, unless it is told not to.
        let limited = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\"");
        let given = &self.command;
        let mut command = Command::new("bash");
        command.arg("-c").arg(limited).arg(given.get_program()).args(given.get_args());
        command.envs(given.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.command = command;
        self.lose_rights();
        self
    }

    fn command(program: &Path, path: &Path, text: &str) -> Command {
        let mut command = Command::new(program);
        command.args(["saver::saver", "--exact", "--nocapture"]).env(PATH, path).env(TEXT, text);
        command
    }

    pub(crate) fn times(mut self, count: usize) -> Self {
        self.command.env(COUNT, count.to_string());
        self
    }

    pub(crate) fn durably(mut self) -> Self {
        self.command.env(DURABLE, "1");
        self
    }

    pub(crate) fn command_mut(&mut self) -> &mut Command {
        &mut self.command
    }

    /// What it says of its save.
    pub(crate) fn told(&mut self) -> String {
        let Output { stdout, stderr, .. } = self.command.output().expect("it can be started");
        let out = String::from_utf8_lossy(&stdout).into_owned();
        let told = out.lines().find_map(|line| line.find("saved").map(|_| line.to_owned()));
        told.unwrap_or_else(|| panic!("it said nothing: {out}{}", String::from_utf8_lossy(&stderr)))
    }
}

/// The user who owns nothing.
pub(crate) const NOBODY: u32 = 65_534;
