//! What can go wrong when a pipeline runs, always with the names of the pipeline, the node and the dataset.

mod cause;
mod dataset;
#[cfg(feature = "process")]
pub(crate) mod told;

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

pub use self::cause::Cause;
pub use self::dataset::DatasetError;
use crate::Slice;
use crate::panics::caught;

/// Any error that a node or a dataset may bring along.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

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

    /// A dataset could not tell whether it exists, in a run that makes only what is missing.
    #[error("cannot tell whether dataset `{dataset}`, which node `{node}`{} writes, exists", of(.pipeline.as_deref()))]
    Exists {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// The node, as Kedro prints it.
        node: String,
        /// The dataset.
        dataset: String,
        /// Why it cannot tell.
        source: DatasetError,
    },

    /// Two entries of the catalog are one file, and the run would write it.
    #[error(
        "datasets of {} are one file, {}, and the run writes it: {}; nothing orders their readers after the writer, so use one \
         entry for them, or say that it is meant by `.shares_its_place()` on one of them",
        the(.pipeline.as_deref()), .place.display(), at_place(.datasets)
    )]
    SharedPlace {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// The file.
        place: PathBuf,
        /// Each dataset, and what is known of it: its path as the catalog has it, and a node that uses it.
        datasets: Vec<(String, String)>,
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

    /// Several nodes failed: in a run that kept going, or since others ran when the first one
    /// failed. Or some did, and the run was cancelled too.
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

    /// The system had no thread for a runner.
    #[error("`{runner}` cannot run {}: there is no thread for its nodes", the(.pipeline.as_deref()))]
    NoThread {
        /// The runner.
        runner: &'static str,
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// Why.
        source: BoxError,
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
         select {} too, or, as the only filter{}, `{}`",
        of(.pipeline.as_deref()), with_writers(.inputs), some(.add),
        if .select.n_filters() > 1 { "s" } else { "" }, .select.flags()
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
        /// The filters that select exactly those that were selected and all that is needed.
        select: Box<Slice>,
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
    #[error("no worker process can execute {}: {problem}", node_or_pipeline(.node.as_deref(), .pipeline.as_deref()))]
    Worker {
        /// The pipeline, if it has a name.
        pipeline: Option<String>,
        /// The node that a worker was started for, as Kedro prints it. None if no node of the
        /// pipeline can have one.
        node: Option<String>,
        /// Why, and what to do about it.
        problem: String,
        /// The error of the system, if that is why.
        source: Option<std::io::Error>,
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

/// An error and its causes, a line each.
pub(crate) fn write_chain(f: &mut fmt::Formatter<'_>, error: &(dyn StdError + 'static)) -> fmt::Result {
    f.write_str(&text(error))?;
    causes(error).try_for_each(|cause| write!(f, "\n  caused by: {}", text(cause)))
}

/// What an error says. The `Display` of one of the user's may panic, or fail.
fn text(error: &(dyn StdError + 'static)) -> String {
    caught(|| error.to_string()).unwrap_or_else(|said| format!("an error whose `Display` panicked: {said}"))
}

/// How many causes are printed, one of the other. An error whose source is itself has no end of them.
pub(crate) const MOST_CAUSES: usize = 64;

/// The cause of an error. The `source` of one of the user's may panic.
pub(crate) fn source<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    caught(|| error.source()).ok().flatten()
}

/// The causes of an error. One is left out if the one before says the same already.
pub(crate) fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    let (mut last, mut n_left) = (error, MOST_CAUSES);
    std::iter::from_fn(move || {
        loop {
            n_left = n_left.checked_sub(1)?;
            let (before, cause) = (last, source(last)?);
            last = cause;
            if !text(before).ends_with(&text(cause)) {
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

fn node_or_pipeline(node: Option<&str>, pipeline: Option<&str>) -> String {
    node.map_or_else(|| the(pipeline), |node| format!("node `{node}`{}", of(pipeline)))
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

fn at_place(datasets: &[(String, String)]) -> String {
    let told: Vec<String> = datasets.iter().map(|(dataset, how)| format!("`{dataset}` ({how})")).collect();
    cut(&told).join(", and ")
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
