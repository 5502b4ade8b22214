//! Crates that are generated into the target folder, and cargo's work on them.

use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use crate::code;
use crate::usage::{self, Usage};

/// What cargo is asked to do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Command {
    Check,
    Build,
    Release,
}

impl Command {
    /// What is measured of a pipeline.
    pub(crate) const OF_A_PIPELINE: [Self; 2] = [Self::Check, Self::Release];
    /// What is measured of a registry.
    pub(crate) const OF_A_REGISTRY: [Self; 2] = [Self::Check, Self::Build];

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Check => &["check"],
            Self::Build => &["build"],
            Self::Release => &["build", "--release"],
        }
    }
}

/// A generated crate, with a target folder of its own.
#[derive(Debug)]
pub(crate) struct Project {
    directory: PathBuf,
    source: PathBuf,
}

impl Project {
    /// A library.
    pub(crate) fn sized() -> Result<Self, Box<dyn Error>> {
        Self::new("sized", "lib.rs", true)
    }

    fn new(name: &str, source: &str, default_features: bool) -> Result<Self, Box<dyn Error>> {
        let directory = target()?.join("compile-cost").join(name);
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("there is no workspace")?;
        let path = workspace.join("pipeline-core").display().to_string().replace('\\', "/");
        let manifest = format!(
            "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n\
             [dependencies]\npipeline-core = {{ path = \"{path}\", default-features = {default_features} }}\n\n\
             [workspace]\n"
        );
        fs::create_dir_all(directory.join("src"))?;
        fs::write(directory.join("Cargo.toml"), manifest)?;
        // The same dependencies as those of the workspace, without a look at the registry.
        fs::copy(workspace.join("Cargo.lock"), directory.join("Cargo.lock"))?;
        let source = directory.join("src").join(source);
        Ok(Self { directory, source })
    }

    /// What cargo uses to compile this code, and its dependencies if that is the first run: the least of so many runs.
    pub(crate) fn measure(&self, command: Command, code: &str, n_runs: usize) -> Result<Usage, Box<dyn Error>> {
        least((0..n_runs).map(|_| {
            fs::write(&self.source, code)?;
            usage::measure(&self.cargo(command.arguments()))
        }))
    }

    fn cargo(&self, arguments: &[&str]) -> process::Command {
        let mut cargo = process::Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(arguments).arg("--quiet").current_dir(&self.directory);
        cargo.env("CARGO_TARGET_DIR", self.target()).env("CARGO_INCREMENTAL", "0");
        cargo
    }

    fn target(&self) -> PathBuf {
        self.directory.join("target")
    }
}

/// What cargo uses to build a pipeline of two nodes and all its dependencies, from nothing: the least of so many runs.
pub(crate) fn hello_world(default_features: bool, n_runs: usize) -> Result<Usage, Box<dyn Error>> {
    let project = Project::new("hello", "main.rs", default_features)?;
    fs::write(&project.source, code::HELLO_WORLD)?;
    least((0..n_runs).map(|_| {
        match fs::remove_dir_all(project.target()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        usage::measure(&project.cargo(&["build"]))
    }))
}

/// Other work on the machine only adds to what a run takes.
fn least(runs: impl Iterator<Item = Result<Usage, Box<dyn Error>>>) -> Result<Usage, Box<dyn Error>> {
    let runs: Vec<Usage> = runs.collect::<Result<_, _>>()?;
    let least = |of: fn(&Usage) -> f64| runs.iter().map(of).fold(f64::INFINITY, f64::min);
    Ok(Usage { seconds: least(|run| run.seconds), megabytes: least(|run| run.megabytes) })
}

/// The target folder that this program was built into.
fn target() -> Result<PathBuf, Box<dyn Error>> {
    let program = env::current_exe()?;
    Ok(program.ancestors().nth(2).ok_or("this program is not in a target folder")?.to_owned())
}
