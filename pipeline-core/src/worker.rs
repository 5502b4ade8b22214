//! Worker processes: this executable, started again by a [`ProcessRunner`](crate::ProcessRunner) to execute nodes for it.
//!
//! The first line of `main` calls [`serve`]; [`cli::main`](crate::cli::main) does it by itself:
//!
//! ```no_run
//! use pipeline_core::prelude::*;
//! use pipeline_core::{RunOptions, worker};
//! # catalog! { pub struct Catalog { A: Memory<i32> = Memory::new(20), B: Memory<i32> } }
//!
//! pipelines! {
//!     #[portable]
//!     fn pipelines() for Catalog {
//!         doubling = pipeline!< node(|a: i32| 2 * a, [A] -> [B]) >,
//!     }
//! }
//!
//! fn main() -> Result<(), pipeline_core::Error> {
//!     worker::serve(&pipelines());
//!
//!     let catalog = Catalog::default();
//!     ProcessRunner::new().run_named(&pipelines(), "doubling", &catalog)?;
//!     assert_eq!(catalog.B.load()?, 40);
//!     Ok(())
//! }
//! ```
//!
//! # In tests
//!
//! The executable is then that of the tests, whose `main` is not yours. Write a test that serves, and
//! [tell the runner its name](crate::ProcessRunner::workers_of_test):
//!
//! ```no_run
//! # use pipeline_core::prelude::*;
//! # use pipeline_core::worker;
//! # catalog! { pub struct Catalog { A: Memory<i32>, B: Memory<i32> } }
//! # pipelines! { #[portable] fn pipelines() for Catalog { doubling = pipeline!< node(|a: i32| 2 * a, [A] -> [B]) > } }
//! # mod tests { use super::*;
//! #[test]
//! fn workers() {
//!     worker::serve(&pipelines()); // does nothing when the tests are run
//! }
//!
//! #[test]
//! fn it_runs_in_processes() {
//!     let runner = ProcessRunner::new().workers_of_test("tests::workers");
//!     // …
//! }
//! # }
//! ```

pub(crate) mod bytes;
pub(crate) mod channel;
pub(crate) mod group;
pub(crate) mod message;
mod shared;
pub(crate) mod timed;

use std::ffi::OsString;
use std::io::{self, BufReader, Read, Write};
use std::process;
use std::thread::Builder;

use self::channel::{Role, Stream, connect};
use self::message::{Asked, Told, read_agreement, read_asked, write_agreed, write_outcome};
pub(crate) use self::shared::Files;
use crate::panics::discard;
use crate::run::elsewhere::{Agreement, InWorker};
use crate::{Cancellation, Catalog, Pipelines};

/// Where a worker finds the process of the run.
pub(crate) const ADDRESS: &str = "PIPELINE_CORE_WORKER_ADDRESS";
/// By what it is known there.
pub(crate) const TOKEN: &str = "PIPELINE_CORE_WORKER_TOKEN";
/// With which arguments it has been started: what it starts itself inherits the variables, but not these.
pub(crate) const ARGUMENTS: &str = "PIPELINE_CORE_WORKER_ARGUMENTS";

/// The exit code of a worker that has lost the process of the run, or never found it.
const LOST: i32 = 101;

/// Executes nodes for the process that started this one as a worker, until that has no more, and ends the process. Returns at once if this
/// is no worker.
///
/// The pipelines must be those that the run has: see [the module](self).
pub fn serve<C: Catalog + Sync, R>(pipelines: &Pipelines<C, R>) {
    let Some((address, token)) = started_as_worker() else { return };
    let code = match connected(pipelines, &address, &token) {
        Ok(()) => 0,
        Err(error) => {
            // Of a run that is gone nobody needs to hear; of anything else its standard error does.
            drop(writeln!(io::stderr(), "the worker process has lost its run: {error}"));
            LOST
        }
    };
    process::exit(code)
}

/// Where the process of the run is, if this is a worker.
pub(crate) fn started_as_worker() -> Option<(OsString, String)> {
    let (address, token) = (std::env::var_os(ADDRESS)?, std::env::var(TOKEN).ok()?);
    let given: Vec<OsString> = std::env::args_os().skip(1).collect();
    (std::env::var_os(ARGUMENTS)? == joined(&given)).then_some((address, token))
}

/// Arguments as one text.
pub(crate) fn joined(arguments: &[OsString]) -> OsString {
    arguments.join("\u{1f}".as_ref())
}

fn connected<C: Catalog + Sync, R>(pipelines: &Pipelines<C, R>, address: &OsString, token: &str) -> io::Result<()> {
    let messages = connect(address, token, Role::Messages)?;
    let lifeline = connect(address, token, Role::Lifeline)?;
    let mut files = Files::over(|| connect(address, token, Role::Files))?;
    let cancellation = Cancellation::new();
    let back = lifeline.try_clone()?;
    // A node may cancel its run. What the run has told itself, it need not hear.
    let _listening = cancellation.listen(move || drop((&back).write(&[0])));
    let of_lifeline = cancellation.clone();
    Builder::new().name("lifeline".to_owned()).spawn(move || hold(lifeline, &of_lifeline))?;
    let mut reader = BufReader::new(messages.try_clone()?);
    let wanted = read_agreement(&mut reader)?;
    match agree(pipelines, &wanted) {
        Ok(worker) => {
            write_agreed(&messages, Ok(()))?;
            cancellation.within(|| execute(worker, reader, &messages, &mut files))
        }
        Err(problem) => write_agreed(&messages, Err(&problem)),
    }
}

fn agree<'p, C: Catalog + Sync, R>(
    pipelines: &'p Pipelines<C, R>,
    wanted: &Agreement,
) -> Result<InWorker<'p, C>, String> {
    // The run has it under its own name.
    let unknown = |error| format!("{error}; `run_named` runs it by the name of its entry");
    let pipeline = pipelines.get(&wanted.pipeline).map_err(unknown)?;
    InWorker::new(pipeline, pipelines.catalog(), wanted)
}

/// Executes one node after the other until the run closes the channel.
fn execute<C: Catalog + Sync>(
    mut worker: InWorker<'_, C>,
    mut from: BufReader<Stream>,
    to: &Stream,
    files: &mut Files,
) -> io::Result<()> {
    loop {
        match read_asked(&mut from, files) {
            Ok(Asked::Execute { node, inputs }) => {
                let outcome = worker.execute(node as usize, inputs).map_err(|error| {
                    let told = Told::new(&error);
                    discard(error);
                    told
                });
                write_outcome(to, files, &outcome)?;
            }
            Ok(Asked::Forget { slot }) => worker.forget(slot as usize),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Waits for the run to be cancelled. Its end, whatever this process does at the time, is the end of this process and of what that has started.
fn hold(mut lifeline: Stream, cancellation: &Cancellation) {
    loop {
        match lifeline.read(&mut [0]) {
            Ok(1) => cancellation.cancel(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => {
                group::kill_own();
                process::exit(LOST)
            }
        }
    }
}
