//! The command `run`.

use std::time::{Duration, Instant};

use clap::ArgMatches;

use super::arguments::{slice, text, with_filters};
use super::exits::{Exits, Unfinished};
use super::interrupt::Interruptible;
use super::output::{say, tell};
use super::{FAILED, Failure, MISUSED, runners};
use crate::dag::{Dag, Dataset};
use crate::hook::Hook;
use crate::runner::RunnerExt;
use crate::{Catalog, Error, Pipelines, Report, RunOptions, Status};

pub(super) fn run<C: Catalog + Sync, R>(
    pipelines: &Pipelines<C, R>,
    hooks: &[&dyn Hook],
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let name = text(matches, "pipeline").unwrap_or_default();
    let pipeline = pipelines.get(name).map_err(Failure::misused)?;
    let max_workers = matches.get_one::<usize>("max-workers").copied();
    let (runner, is_of_this_process) =
        runners::runner(text(matches, "runner"), matches.get_flag("parallel"), max_workers)?;

    let interruptible = Interruptible::new();
    let mut options = RunOptions::new().slice(slice(matches)).cancelled_by(interruptible.cancellation());
    if matches.get_flag("async") {
        options = options.is_async();
    }
    if matches.get_flag("keep-going") {
        options = options.keep_going();
    }
    if matches.get_flag("only-missing-outputs") {
        options = options.only_missing_outputs();
    }
    if is_of_this_process {
        options = options.hook(&Exits);
    }
    options = hooks.iter().fold(options, |options, hook| options.hook(*hook));

    let start = Instant::now();
    let unfinished = Unfinished::new(pipeline.name());
    let report = runner.run_with(pipeline, &pipelines.catalog(), &options);
    drop(unfinished);
    let report = report.map_err(|error| not_started(error, matches))?;
    let duration = start.elapsed();
    let interrupted = interruptible.exit_code();
    drop(interruptible);

    if report.error().is_some() {
        return Err(failed(report, matches.get_flag("keep-going"), interrupted));
    }
    let said = say(&summary(&report, duration));
    if let Some(note) = pipeline.dag().ok().and_then(|dag| not_kept(dag, &report)) {
        tell(format_args!("{note}"));
    }
    // The run completed: its last node was running already. The exit code tells of the signal all
    // the same, so that `a && b` stops.
    interrupted.map_or(said, |code| Err(Failure { error: None, notes: Vec::new(), code }))
}

/// Why nothing could start: most often names in the flags.
fn not_started(error: Error, matches: &ArgMatches) -> Failure {
    let is_misuse = matches!(
        error,
        Error::NotInPipeline { .. }
            | Error::UnclearNode { .. }
            | Error::NothingSelected { .. }
            | Error::InMemoryOnly { .. }
    );
    let advice = match &error {
        Error::InMemoryOnly { select, .. } => {
            Some(format!("This runs them with all that they need:\n  {}", with_filters(matches, select)))
        }
        _ => None,
    };
    Failure {
        code: if is_misuse { MISUSED } else { FAILED },
        notes: advice.into_iter().collect(),
        ..Failure::failed(error)
    }
}

/// The error, what became of the nodes if the run went on after it, and where to resume.
fn failed(report: Report, kept_going: bool, interrupted: Option<u8>) -> Failure {
    let summary = kept_going.then(|| report.to_string());
    let hint = report.resume_hint().map(ToString::to_string);
    let notes = summary.into_iter().chain(hint).collect();
    let error = report.into_result().err().map(Into::into);
    Failure { error, notes, code: interrupted.unwrap_or(FAILED) }
}

/// The report, with the time behind its first line; a dry run takes none worth telling.
fn summary(report: &Report, duration: Duration) -> String {
    let text = report.to_string();
    if report.nodes().any(|(_, status)| status == Status::WouldExecute) {
        return text;
    }
    let (first, rest) = text.split_at(text.find('\n').unwrap_or(text.len()));
    format!("{first} in {duration:.1?}{rest}")
}

/// The free outputs that have been made: a program that calls the run gets them, the command line has nowhere to put them.
fn not_kept(dag: &Dag, report: &Report) -> Option<String> {
    let completed: Vec<bool> = report.nodes().map(|(_, status)| status == Status::Completed).collect();
    let was_made = |place: usize| completed.get(place).copied().unwrap_or_default();
    let made = dag.free_outputs().filter(|output| output.writer().is_some_and(|node| was_made(node.id().index())));
    let names: Vec<&str> = made.map(Dataset::name).collect();
    let them = if names.len() == 1 { "it" } else { "them" };
    (!names.is_empty()).then(|| {
        format!("not kept: {}; declare {them} in the catalog to save {them}", pipeline_graph::list(&names, "and"))
    })
}
