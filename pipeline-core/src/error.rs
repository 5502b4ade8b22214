//! What can go wrong when a pipeline runs, always with the names of the pipeline, the node and the dataset.

use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::panics::{caught, discard};

/// Any error that a node or a dataset may bring along.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// The error of a node or a hook, as an [`Error`] keeps it: all that can be asked of a [`BoxError`] can be asked of it, by `Deref`.
///
/// If the error panics when it is dropped, nothing else does: an error that a run reports nowhere, since another attempt went well, does not
/// end it.
pub struct Cause(Option<BoxError>);

impl Cause {
    /// The error itself.
    ///
    /// # Panics
    ///
    /// Never: it is there until the cause is dropped.
    #[must_use]
    pub fn into_inner(mut self) -> BoxError {
        self.0.take().expect(UNTIL_DROPPED)
    }
}

const UNTIL_DROPPED: &str = "the error is there until it is dropped";

impl std::ops::Deref for Cause {
    type Target = dyn StdError + Send + Sync + 'static;

    fn deref(&self) -> &Self::Target {
        self.0.as_deref().expect(UNTIL_DROPPED)
    }
}

impl Drop for Cause {
    fn drop(&mut self) {
        discard(self.0.take());
    }
}

impl<E: Into<BoxError>> From<E> for Cause {
    fn from(error: E) -> Self {
        Self(Some(error.into()))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// Why a pipeline did not run, or not to its end.
///
/// `Display` says what failed and where; [`source`](StdError::source) has the cause. `Debug` is for people too: it prints the
/// error with all its causes, so that `fn main() -> Result<(), pipeline_core::Error>` and `unwrap` read well.
#[derive(Error)]
#[non_exhaustive]
pub enum Error {
    /// The function of a node returned an error.
    #[error("node `{node}`{} failed", of(.pipeline.as_deref()))]
    Node {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// The node, as Kedro prints it.
        node: String,
        /// What the function returned.
        source: Cause,
    },

    /// The function of a node panicked, or a dataset that it loads or saves did.
    #[error("node `{node}`{} panicked: {message}", of(.pipeline.as_deref()))]
    Panicked {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// The node, as Kedro prints it.
        node: String,
        /// What the panic said.
        message: String,
    },

    /// A node took longer than its `timeout = "…"`.
    #[error("node `{node}`{} took longer than its timeout of {timeout:?}", of(.pipeline.as_deref()))]
    TimedOut {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// The node, as Kedro prints it.
        node: String,
        /// How long it may take.
        timeout: Duration,
        /// The error with which it ended then, if it did.
        source: Option<Box<Error>>,
    },

    /// An input of a node could not be loaded.
    #[error("cannot load dataset `{dataset}` for node `{node}`{}", of(.pipeline.as_deref()))]
    Load {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// The node, as Kedro prints it.
        node: String,
        /// The dataset.
        dataset: String,
        /// Why it could not be loaded.
        source: DatasetError,
    },

    /// An output of a node could not be saved.
    #[error("cannot save dataset `{dataset}` that node `{node}`{} returned", of(.pipeline.as_deref()))]
    Save {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// The node, as Kedro prints it.
        node: String,
        /// The dataset.
        dataset: String,
        /// Why it could not be saved.
        source: DatasetError,
    },

    /// It could not be found out whether an output of a node is there already.
    #[error("cannot tell whether dataset `{dataset}`, an output of node `{node}`{}, exists", of(.pipeline.as_deref()))]
    Exists {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// The node that writes it, as Kedro prints it.
        node: String,
        /// The dataset.
        dataset: String,
        /// Why its `exists` failed.
        source: DatasetError,
    },

    /// A panic outside of the nodes, as in a runner of one's own.
    #[error("{part} of {} panicked: {message}", the(.pipeline.as_deref()))]
    RunPanicked {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// Which part of the run: "the runner", say.
        part: &'static str,
        /// What the panic said.
        message: String,
    },

    /// A dataset could not be loaded or saved outside of a run, as by `catalog.flowers.load()?`.
    #[error(transparent)]
    Dataset(#[from] DatasetError),

    /// A runner executed a node before the nodes that it waits for, or twice.
    #[error("the runner cannot execute node `{node}`{} {when}", of(.pipeline.as_deref()))]
    OutOfTurn {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// The node, as Kedro prints it.
        node: String,
        /// "twice", or "before the node that writes its input …".
        when: String,
    },

    /// A hook failed, or refused what it was asked before.
    #[error("hook `{hook}` failed{}", at(.node.as_deref(), .pipeline.as_deref()))]
    Hook {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// The node, as Kedro prints it, unless it was at the start or the end of the run.
        node: Option<String>,
        /// What the hook calls itself.
        hook: String,
        /// What it said.
        source: Cause,
    },

    /// The run was asked to end.
    #[error("the run{} was cancelled before node `{node}`", of(.pipeline.as_deref()))]
    Cancelled {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// The first node that was not started, as Kedro prints it.
        node: String,
    },

    /// Several nodes failed in a run that kept going; or some did, and it was cancelled too.
    #[error("{}{} failed:{}", n_nodes(.errors), of(.pipeline.as_deref()), each(.errors))]
    Several {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// The error of each, in the order in which they happened.
        errors: Vec<Error>,
    },

    /// A runner was to have no workers.
    #[error("`{runner}` needs at least one worker, and `max_workers` is 0")]
    NoWorkers {
        /// The runner.
        runner: &'static str,
    },

    /// A runner left nodes out, so there are no outputs to return.
    #[error(
        "the run{} returns no outputs: {}; `run_report` accepts a runner that leaves nodes out",
        of(.pipeline.as_deref()), left_out(.nodes)
    )]
    LeftOut {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// The nodes that did not run, as Kedro prints them.
        nodes: Vec<String>,
    },

    /// The parts of a sum do not fit together.
    #[error("{sum} cannot be joined: {problem}")]
    Join {
        /// The sum, as `a + b`.
        sum: String,
        /// Which rule they break, with the names.
        problem: String,
    },

    /// No pipeline is registered under a name.
    #[error("no pipeline is registered as `{name}`{}", after_semicolon(.hint))]
    UnknownPipeline {
        /// The name that was asked for.
        name: String,
        /// The nearest names, as a question, or all that there are.
        hint: String,
    },

    /// A slice names nodes, tags or datasets that the pipeline does not have.
    #[error("{} in {}{}", there_is_no(.kind, .names), the(.pipeline.as_deref()), after_semicolon(.hint))]
    NotInPipeline {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// What they should have named: "node", "tag" or "dataset".
        kind: &'static str,
        /// The names.
        names: Vec<String>,
        /// The nearest names, as questions, or all that there are.
        hint: String,
    },

    /// A slice calls a node by its function, but several nodes call that.
    #[error(
        "several nodes of {} call `{function}`: {}; write one of these, or give the node a name with `name = \"…\"`",
        the(.pipeline.as_deref()), some(.nodes)
    )]
    UnclearNode {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// The function.
        function: String,
        /// The nodes, by names that are clear.
        nodes: Vec<String>,
    },

    /// The filters of a slice leave no node.
    #[error("{} contains no nodes after applying all provided filters: {reason}", the(.pipeline.as_deref()))]
    NothingSelected {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// Which filters leave none.
        reason: String,
    },

    /// Selected nodes read datasets in memory that no selected node writes.
    #[error(
        "selected nodes{} read what is in memory only and written by nodes that are not selected: {}; \
         select {} too, or, as the only filter, `--from-nodes \"{}\"`",
        of(.pipeline.as_deref()), with_writers(.inputs), some(.add), .from_nodes.join(",")
    )]
    InMemoryOnly {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// Each dataset, and the node that writes it.
        inputs: Vec<(String, String)>,
        /// The nodes to add to the selection for all inputs to be there.
        add: Vec<String>,
        /// The nodes whose `from_nodes`, as the only filter, selects all that is needed.
        from_nodes: Vec<String>,
    },

    /// A node ended the process in which it was executed.
    #[error(
        "node `{node}`{} ended its worker process, which {how}{}", of(.pipeline.as_deref()), last_words(.stderr)
    )]
    WorkerDied {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// The node, as Kedro prints it.
        node: String,
        /// The signal or the exit code: "was killed by signal 6 (SIGABRT)".
        how: String,
        /// The end of what the process wrote to its standard error.
        stderr: String,
    },

    /// A worker process could not be started, or cannot execute the pipeline.
    #[error("no worker process can execute {}: {problem}", the(.pipeline.as_deref()))]
    Worker {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// Why.
        problem: String,
    },

    /// The values of a pipeline cannot leave the process, or it is not said that they can.
    #[error("`ProcessRunner` runs what is `#[portable]`, and {} {}", the(.pipeline.as_deref()), is_not_portable(.here_only))]
    NotPortable {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// The datasets of the catalog that live in this process only, each with the nodes that use it. Of a value in memory, rustc tells
        /// whether it can leave the process where `#[portable]` asks for it.
        here_only: Vec<(String, Vec<String>)>,
    },

    /// No runner is called so.
    #[error("there is no runner `{name}`{}", after_semicolon(.hint))]
    UnknownRunner {
        /// The name that was asked for.
        name: String,
        /// The nearest names, as a question, or all that there are.
        hint: String,
    },
}

impl Error {
    /// Whether it says that the run was cancelled, be it beside other errors.
    pub(crate) fn is_cancellation(&self) -> bool {
        match self {
            Self::Cancelled { .. } => true,
            Self::Several { errors, .. } => errors.iter().any(Self::is_cancellation),
            _ => false,
        }
    }

    /// The same error, told of the pipeline of this name, where a DAG alone has found it.
    pub(crate) fn of_pipeline(mut self, name: Option<&str>) -> Self {
        if let Self::NotInPipeline { pipeline, .. }
        | Self::UnclearNode { pipeline, .. }
        | Self::NothingSelected { pipeline, .. }
        | Self::InMemoryOnly { pipeline, .. } = &mut self
        {
            *pipeline = name.map(str::to_owned);
        }
        self
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_chain(f, self)
    }
}

/// Why a dataset could not be loaded or saved.
///
/// A dataset of your own makes one from any error with `?` or [`DatasetError::new`], and says where it happened
/// with [`at_path`](Self::at_path) and [`at_line`](Self::at_line).
///
/// ```
/// use pipeline_core::DatasetError;
///
/// let error = DatasetError::new("a price must not be negative").at_path("data/prices.txt").at_line(3);
/// assert_eq!(error.to_string(), "data/prices.txt, line 3: a price must not be negative");
/// ```
pub struct DatasetError {
    parts: Box<Parts>,
}

struct Parts {
    dataset: Option<&'static str>,
    /// Whether the error around this one names the dataset already.
    is_named_around: bool,
    path: Option<PathBuf>,
    line: Option<u64>,
    column: Option<u64>,
    /// What to say in place of the cause's own words.
    told: Option<String>,
    cause: Cause,
}

impl DatasetError {
    /// An error with this cause. A `&str` or `String` will do.
    pub fn new(cause: impl Into<BoxError>) -> Self {
        let cause = Cause::from(cause.into());
        let parts =
            Parts { dataset: None, is_named_around: false, path: None, line: None, column: None, told: None, cause };
        Self { parts: Box::new(parts) }
    }

    /// Adds the file that was read or written.
    #[must_use]
    pub fn at_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.parts.path = Some(path.into());
        self
    }

    /// Adds the line in the file, from 1.
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        self.parts.line = Some(line);
        self
    }

    /// Adds the column in the line, from 1.
    #[must_use]
    pub fn at_column(mut self, column: u64) -> Self {
        self.parts.column = Some(column);
        self
    }

    /// Adds the name that the dataset has in the catalog, if that is known.
    #[must_use]
    pub fn of_dataset(mut self, name: Option<&'static str>) -> Self {
        self.parts.dataset = name.or(self.parts.dataset);
        self
    }

    /// Says the same as the cause in other words, such as without the place, which is told already.
    #[cfg(any(feature = "csv", feature = "json"))]
    pub(crate) fn told_as(mut self, told: String) -> Self {
        self.parts.told = Some(told);
        self
    }

    pub(crate) fn named_around(mut self) -> Self {
        self.parts.is_named_around = true;
        self
    }

    /// The name of the dataset, where the error came from a dataset that knows it.
    #[must_use]
    pub fn dataset(&self) -> Option<&str> {
        self.parts.dataset
    }

    /// The file that was read or written.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.parts.path.as_deref()
    }

    /// The line in the file, from 1.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        self.parts.line
    }

    /// The column in the line, from 1.
    #[must_use]
    pub fn column(&self) -> Option<u64> {
        self.parts.column
    }
}

impl fmt::Display for DatasetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { dataset, is_named_around, path, line, column, told, cause } = &*self.parts;
        if let (Some(dataset), false) = (dataset, is_named_around) {
            write!(f, "dataset `{dataset}`: ")?;
        }
        if let Some(path) = path {
            write!(f, "{}", path.display())?;
            if let Some(line) = line {
                write!(f, ", line {line}")?;
            }
            if let Some(column) = column {
                write!(f, ", column {column}")?;
            }
            f.write_str(": ")?;
        }
        match told {
            Some(told) => f.write_str(told),
            None => write!(f, "{cause}"),
        }
    }
}

impl fmt::Debug for DatasetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_chain(f, self)
    }
}

/// The message of the cause is part of the error's own; printing the chain leaves it out the second time.
impl StdError for DatasetError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.parts.cause)
    }
}

impl From<BoxError> for DatasetError {
    fn from(cause: BoxError) -> Self {
        Self::new(cause)
    }
}

impl From<std::io::Error> for DatasetError {
    fn from(cause: std::io::Error) -> Self {
        Self::new(cause)
    }
}

impl From<String> for DatasetError {
    fn from(cause: String) -> Self {
        Self::new(cause)
    }
}

impl From<&str> for DatasetError {
    fn from(cause: &str) -> Self {
        Self::new(cause)
    }
}

/// An error and its causes, a line each.
pub(crate) fn write_chain(f: &mut fmt::Formatter<'_>, error: &(dyn StdError + 'static)) -> fmt::Result {
    f.write_str(&text(error))?;
    causes(error).try_for_each(|cause| write!(f, "\n  caused by: {}", text(cause)))
}

/// What an error says. The `Display` of one of the user's may panic, or fail.
fn text(error: &(dyn StdError + 'static)) -> String {
    caught(|| error.to_string()).unwrap_or_else(|said| format!("an error whose `Display` panicked: {said}"))
}

/// The causes of an error. One is left out if the one before says the same already.
pub(crate) fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    let mut last = error;
    std::iter::from_fn(move || {
        loop {
            let (before, cause) = (last, last.source()?);
            last = cause;
            let told = before.downcast_ref::<DatasetError>().is_some_and(|error| error.parts.told.is_some());
            if !told && !text(before).ends_with(&text(cause)) {
                return Some(cause);
            }
        }
    })
}

fn of(pipeline: Option<&str>) -> String {
    pipeline.map_or_else(String::new, |name| format!(" of pipeline `{name}`"))
}

/// Where a hook was called.
fn at(node: Option<&str>, pipeline: Option<&str>) -> String {
    match node {
        Some(node) => format!(" at node `{node}`{}", of(pipeline)),
        None => pipeline.map_or_else(String::new, |name| format!(" at pipeline `{name}`")),
    }
}

/// How many nodes failed; a cancellation is no node.
fn n_nodes(errors: &[Error]) -> String {
    let n = errors.iter().filter(|error| !error.is_cancellation()).count();
    format!("{n} node{}", if n == 1 { "" } else { "s" })
}

/// What a process wrote last.
fn last_words(stderr: &str) -> String {
    let told = stderr.trim_end();
    if told.is_empty() {
        return String::new();
    }
    format!("; the end of its standard error:\n  {}", told.replace('\n', "\n  "))
}

/// The errors, one a line, each with its causes.
fn each(errors: &[Error]) -> String {
    let told: Vec<String> = errors.iter().map(|error| format!("\n{error:?}").replace('\n', "\n  ")).collect();
    told.concat()
}

fn the(pipeline: Option<&str>) -> String {
    pipeline.map_or_else(|| "the pipeline".to_owned(), |name| format!("pipeline `{name}`"))
}

fn is_not_portable(here_only: &[(String, Vec<String>)]) -> String {
    if here_only.is_empty() {
        let how = "write `#[portable]` before the registry that has it, and rustc tells what cannot leave the process";
        return format!("is not; {how}");
    }
    let told = here_only.iter().map(|(dataset, nodes)| {
        let uses = if nodes.len() == 1 { "uses" } else { "use" };
        format!("dataset `{dataset}`, which node{} {} {uses}", plural(nodes), some(nodes))
    });
    let told: Vec<String> = told.collect();
    let lives = if told.len() == 1 { "lives" } else { "live" };
    format!(
        "cannot be: {}, {lives} in this process only; `ThreadRunner` and the other runners of one process can run it",
        cut(&told).join(", and ")
    )
}

fn there_is_no(kind: &str, names: &[String]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("there {verb} no {kind}{} {}", plural(names), some(names))
}

fn plural(names: &[String]) -> &'static str {
    if names.len() == 1 { "" } else { "s" }
}

fn with_writers(inputs: &[(String, String)]) -> String {
    let told: Vec<String> = inputs.iter().map(|(dataset, node)| format!("`{dataset}` (by `{node}`)")).collect();
    cut(&told).join(", ")
}

/// Names as a sentence has them, not too many of them.
fn some(names: &[String]) -> String {
    let told: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match cut(&told).split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}

/// The first of many, and how many more there are.
fn cut(told: &[String]) -> Vec<String> {
    const MOST: usize = 10;
    match told.get(..MOST - 1) {
        Some(first) if told.len() > MOST => {
            first.iter().cloned().chain([format!("{} more", told.len() - first.len())]).collect()
        }
        _ => told.to_vec(),
    }
}

fn after_semicolon(hint: &str) -> String {
    if hint.is_empty() { String::new() } else { format!("; {hint}") }
}

fn left_out(nodes: &[String]) -> String {
    match nodes {
        [node] => format!("node `{node}` was left out"),
        [node, ..] => format!("{} nodes were left out, `{node}` the first", nodes.len()),
        [] => "its nodes were left out".to_owned(),
    }
}
