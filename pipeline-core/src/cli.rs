//! The command line of a binary that runs its pipelines by name, with the flags of `kedro`.

use std::error::Error as StdError;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Arg, ArgMatches, Command};

use crate::error::write_chain;
#[cfg(feature = "rayon")]
use crate::runner::ParallelRunner;
use crate::runner::{DryRunner, Runner, RunnerExt, SequentialRunner};
use crate::{Catalog, Error, Pipelines, Status};

/// The exit code of a run that failed.
const FAILED: u8 = 1;
/// The exit code of a command line that cannot be understood; clap's own.
const MISUSED: u8 = 2;

type MakeRunner = fn() -> Box<dyn Runner>;

/// The runners that `--runner` takes, by name.
const RUNNERS: &[(&str, MakeRunner)] = &[
    ("SequentialRunner", || Box::new(SequentialRunner::new())),
    #[cfg(feature = "rayon")]
    ("ParallelRunner", || Box::new(ParallelRunner::new())),
    ("DryRunner", || Box::new(DryRunner::new())),
];

/// Runs the pipelines of a program as its command line says. The body of `main`:
///
/// ```no_run
/// use pipeline_core::prelude::*;
/// # catalog! { pub struct Catalog { A: Memory<i32>, B: Memory<i32> } }
/// # pipelines! { fn pipelines() for Catalog { __default__ = pipeline!< node(|a: i32| a + 1, [A] -> [B]) > } }
///
/// fn main() -> std::process::ExitCode {
///     pipeline_core::cli::main(pipelines())
/// }
/// ```
///
/// | command | what it does |
/// |---|---|
/// | `run` | runs the pipeline `__default__` |
/// | `run --pipeline NAME` | runs the pipeline of this name |
/// | `run --runner NAME` | with this runner: `SequentialRunner`, `ParallelRunner` or `DryRunner` |
/// | `registry list` | lists the names of the pipelines |
///
/// The exit code is 0 if all went well, 1 if the run failed, and 2 if the command line asks for something that there is not;
/// errors go to the standard error, with their causes and the nearest valid names.
#[must_use]
#[expect(
    clippy::needless_pass_by_value,
    reason = "`main(pipelines())` reads best, and nothing is done with them after it"
)]
pub fn main<C: Catalog + Sync>(pipelines: Pipelines<C>) -> ExitCode {
    main_from(&pipelines, std::env::args_os())
}

/// As [`main`], with the arguments given, the first of which is the program's name.
#[must_use]
pub fn main_from<C: Catalog + Sync>(
    pipelines: &Pipelines<C>,
    arguments: impl IntoIterator<Item = OsString>,
) -> ExitCode {
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            // Nothing is left to tell if the terminal is gone.
            drop(error.print());
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(MISUSED));
        }
    };
    let result = match matches.subcommand() {
        Some(("run", arguments)) => run(pipelines, arguments),
        _ => list(pipelines),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { error, code }) => {
            drop(writeln!(io::stderr(), "error: {}", Chain(&*error)));
            ExitCode::from(code)
        }
    }
}

fn command() -> Command {
    let run = Command::new("run")
        .about("Runs a pipeline")
        .arg(
            Arg::new("pipeline")
                .short('p')
                .long("pipeline")
                .value_name("NAME")
                .default_value("__default__")
                .help("The registered pipeline to run"),
        )
        .arg(
            Arg::new("runner")
                .short('r')
                .long("runner")
                .value_name("NAME")
                .default_value(RUNNERS[0].0)
                .help("What runs it: SequentialRunner, ParallelRunner or DryRunner"),
        );
    let registry = Command::new("registry")
        .about("Tells about the registered pipelines")
        .subcommand_required(true)
        .subcommand(Command::new("list").about("Lists the names of the registered pipelines"));
    Command::new("pipelines")
        .bin_name(bin_name())
        .about("Runs the pipelines of this program")
        .subcommand_required(true)
        .subcommand(run)
        .subcommand(registry)
}

fn bin_name() -> String {
    let path = std::env::args_os().next().unwrap_or_default();
    let name = std::path::Path::new(&path).file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn run<C: Catalog + Sync>(pipelines: &Pipelines<C>, arguments: &ArgMatches) -> Result<(), Failure> {
    let argument = |name: &str| arguments.get_one::<String>(name).map_or("", String::as_str);
    let pipeline = pipelines.get(argument("pipeline")).map_err(Failure::misused)?;
    let runner = runner(argument("runner")).map_err(Failure::misused)?;

    let start = Instant::now();
    let report = runner.run_report(pipeline, &pipelines.catalog()).map_err(Failure::failed)?;
    let duration = start.elapsed();
    let report = report.into_result().map_err(Failure::failed)?;
    let is_dry = report.nodes().any(|(_, status)| status == Status::WouldExecute);
    say(&if is_dry { report.to_string() } else { format!("{report} in {duration:.1?}") })
}

fn runner(name: &str) -> Result<Box<dyn Runner>, Error> {
    match RUNNERS.iter().find(|(known, _)| *known == name) {
        Some((_, make)) => Ok(make()),
        None => {
            let known: Vec<&str> = RUNNERS.iter().map(|(known, _)| *known).collect();
            let hint = pipeline_graph::did_you_mean(name, &known, "the runners");
            Err(Error::UnknownRunner { name: name.to_owned(), hint })
        }
    }
}

fn list<C>(pipelines: &Pipelines<C>) -> Result<(), Failure> {
    pipelines.names().try_for_each(say)
}

/// Writes a line to the standard output. A reader that went away, as `head` does, is no failure.
fn say(line: &str) -> Result<(), Failure> {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(error)),
        _ => Ok(()),
    }
}

struct Failure {
    error: Box<dyn StdError>,
    code: u8,
}

impl Failure {
    fn failed(error: impl StdError + 'static) -> Self {
        Self { error: Box::new(error), code: FAILED }
    }

    fn misused(error: Error) -> Self {
        Self { error: Box::new(error), code: MISUSED }
    }
}

struct Chain<'e>(&'e (dyn StdError + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_chain(f, self.0)
    }
}
