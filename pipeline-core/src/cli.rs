//! The command line of a binary that runs its pipelines by name, with the flags of `kedro`.

mod arguments;
mod exits;
mod interrupt;
mod output;
mod run;
mod runners;

use std::error::Error as StdError;
use std::ffi::OsString;
use std::fmt;
use std::process::ExitCode;

use self::output::{say, tell};
use crate::dataset::ThisProcess;
use crate::error::write_chain;
use crate::hook::Hook;
use crate::{BoxError, Catalog, Pipelines};

/// The exit code of a run that failed.
const FAILED: u8 = 1;
/// The exit code of a command line that cannot be understood; clap's own.
const MISUSED: u8 = 2;

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
/// | `registry list` | lists the names of the pipelines |
///
/// | flag of `run` | what it does |
/// |---|---|
/// | `-p`, `--pipeline NAME` | runs the pipeline of this name |
/// | `-r`, `--runner NAME` | with this runner: `SequentialRunner` (the default), `ThreadRunner`, `ParallelRunner`, `ProcessRunner` or `DryRunner` |
/// | `--parallel` | the same as `--runner ParallelRunner`; not together with `--runner` |
/// | `--max-workers N` | executes at most so many nodes at a time; for `ThreadRunner`, `ParallelRunner` and `ProcessRunner` |
/// | `--async` | [loads](crate::RunOptions::is_async) the inputs of a node together, and saves its outputs together |
/// | `--keep-going` | [goes on](crate::RunOptions::keep_going) after a failure with what does not depend on it |
/// | `--only-missing-outputs` | [leaves out](crate::RunOptions::only_missing_outputs) nodes whose outputs are there already |
/// | `--from-nodes A,B`, `--to-nodes A,B` | only these nodes and what comes after them, or before them |
/// | `-n`, `--nodes A,B` | only these nodes |
/// | `-t`, `--tags A,B` | only nodes with any of these tags |
/// | `--from-inputs A,B`, `--to-outputs A,B` | only what comes after these datasets, or before them |
///
/// Names are separated by commas, but for those between `[` and `]`. Nodes must pass all filters, as in a [`Slice`](crate::Slice). Of a flag that is there
/// twice the last one counts, so that the `--from-nodes` that a failed run advises can be added to the command as it was.
///
/// The exit code is 0 if all went well, 1 if the run failed, and 2 if the command line asks for something that there is not.
/// Errors go to the standard error, with their causes and the nearest valid names, and after a failed run with where to resume it.
///
/// Ctrl-C ends a run before the next node; what is running goes on to its end, so that nothing is
/// written by half, and the exit code is 130. A second one ends the program at once. So does
/// SIGTERM on Unix, with 143, and on Linux SIGHUP, with 129, but that a second SIGHUP does nothing:
/// a terminal that is closed sends several. A signal that the program handles itself by then, or
/// was started to ignore (as by `nohup`), stays with the program. After one of them no output that
/// is not read keeps the program from its end: what cannot be written within a second is dropped.
///
/// A node that ends the program, as by `std::process::exit`, does not end it silently: on the
/// thread of the node, with runners of one process, the program says which node it was, and its
/// exit code is 1, on systems that drop what a thread holds at the exit (Linux with glibc, macOS
/// and Windows; on Windows the exit code stays the node's). A call of another thread that the node
/// started, and `_exit`, are not noticed; with `ProcessRunner` each of these is an error of the
/// node. A program without this command line ends as the node says.
#[must_use]
pub fn main<C: Catalog + Sync, R>(pipelines: Pipelines<C, R>) -> ExitCode {
    Cli::new(pipelines).main()
}

/// As [`main`], with the arguments given, the first of which is the program's name.
#[must_use]
pub fn main_from<C: Catalog + Sync, R>(
    pipelines: &Pipelines<C, R>,
    arguments: impl IntoIterator<Item = OsString>,
) -> ExitCode {
    execute(pipelines, &[], arguments)
}

/// The command line of [`main`] with more to it: hooks.
///
/// ```no_run
/// use pipeline_core::cli::Cli;
/// use pipeline_core::hook::{Hook, NodeEvent};
/// use pipeline_core::prelude::*;
/// # catalog! { pub struct Catalog { A: Memory<i32>, B: Memory<i32> } }
/// # pipelines! { fn pipelines() for Catalog { __default__ = pipeline!< node(|a: i32| a + 1, [A] -> [B]) > } }
///
/// struct Progress;
///
/// impl Hook for Progress {
///     fn after_node_run(&self, event: &NodeEvent<'_>) {
///         eprintln!("Completed node: {}", event.node);
///     }
/// }
///
/// fn main() -> std::process::ExitCode {
///     Cli::new(pipelines()).hook(&Progress).main()
/// }
/// ```
pub struct Cli<'h, C, R = ThisProcess> {
    pipelines: Pipelines<C, R>,
    hooks: Vec<&'h dyn Hook>,
}

impl<'h, C: Catalog + Sync, R> Cli<'h, C, R> {
    /// A command line over these pipelines.
    #[must_use]
    pub fn new(pipelines: Pipelines<C, R>) -> Self {
        Self { pipelines, hooks: Vec::new() }
    }

    /// Has a hook called in each run, after those that were added before.
    #[must_use]
    pub fn hook(mut self, hook: &'h dyn Hook) -> Self {
        self.hooks.push(hook);
        self
    }

    /// Does what the program's arguments say.
    #[must_use]
    pub fn main(&self) -> ExitCode {
        #[cfg(feature = "process")]
        crate::worker::serve(&self.pipelines);
        self.main_from(std::env::args_os())
    }

    /// As [`main`](Self::main), with the arguments given, the first of which is the program's name.
    #[must_use]
    pub fn main_from(&self, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
        execute(&self.pipelines, &self.hooks, arguments)
    }
}

impl<C, R> fmt::Debug for Cli<'_, C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hooks: Vec<&str> = self.hooks.iter().map(|hook| hook.name()).collect();
        f.debug_struct("Cli").field("pipelines", &self.pipelines).field("hooks", &hooks).finish()
    }
}

fn execute<C: Catalog + Sync, R>(
    pipelines: &Pipelines<C, R>,
    hooks: &[&dyn Hook],
    arguments: impl IntoIterator<Item = OsString>,
) -> ExitCode {
    let matches = match arguments::command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            // Nothing is left to tell if the terminal is gone.
            drop(error.print());
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(MISUSED));
        }
    };
    let result = match matches.subcommand() {
        Some(("run", matches)) => run::run(pipelines, hooks, matches),
        _ => pipelines.names().try_for_each(say),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { error, notes, code }) => {
            if let Some(error) = error {
                tell(format_args!("error: {}", Chain(&*error)));
            }
            for note in notes {
                tell(format_args!("{note}"));
            }
            ExitCode::from(code)
        }
    }
}

/// What a command ends with if not all went well.
struct Failure {
    error: Option<BoxError>,
    /// What else to tell.
    notes: Vec<String>,
    code: u8,
}

impl Failure {
    fn failed(error: impl Into<BoxError>) -> Self {
        Self { error: Some(error.into()), notes: Vec::new(), code: FAILED }
    }

    fn misused(error: impl Into<BoxError>) -> Self {
        Self { code: MISUSED, ..Self::failed(error) }
    }
}

struct Chain<'e>(&'e (dyn StdError + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_chain(f, self.0)
    }
}
