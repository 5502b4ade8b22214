//! A run of a pipeline of any type, and what is held against it.

use std::fmt;

use pipeline_core::dag::Dag;
use pipeline_core::prelude::*;
use pipeline_core::{Error, Outputs, RunOptions, Status};

use crate::Catalog;
use crate::events::{number_of, predecessors};
use crate::model::{Model, sorted, told};
use crate::runners::Tried;

/// A pipeline of any type.
pub(crate) trait Shape: Sync {
    fn dag(&self) -> &Dag;
    fn run(&self, runner: &dyn Runner, catalog: &Catalog, options: &RunOptions<'_>) -> Ran;
    /// Runs it for its typed outputs.
    fn run_whole(&self, runner: &dyn Runner, catalog: &Catalog) -> Result<String, Error>;
}

impl<O: Outputs<Partial: fmt::Debug> + fmt::Debug> Shape for Pipeline<Catalog, O> {
    fn dag(&self) -> &Dag {
        Pipeline::dag(self).expect("it is no sum")
    }

    fn run(&self, runner: &dyn Runner, catalog: &Catalog, options: &RunOptions<'_>) -> Ran {
        let report = runner.run_with(self, catalog, options).expect("it can start");
        Ran {
            status: report.nodes().map(|(_, status)| status).collect(),
            errors: match report.error() {
                None => Vec::new(),
                Some(Error::Several { errors, .. }) => sorted(errors.iter().map(told).collect()),
                Some(error) => vec![told(error)],
            },
            outputs: format!("{:?} {:?}", report.outputs, saved(catalog)),
        }
    }

    fn run_whole(&self, runner: &dyn Runner, catalog: &Catalog) -> Result<String, Error> {
        runner.run(self, catalog).map(|outputs| format!("{outputs:?} {:?}", saved(catalog)))
    }
}

/// What is in the catalog.
fn saved(catalog: &Catalog) -> [String; 4] {
    [&catalog.K0, &catalog.K1, &catalog.K2, &catalog.K3]
        .map(|dataset| dataset.load().map_or_else(|_| "nothing".to_owned(), |value| format!("{value:?}")))
}

/// What became of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Of each node, in the order of the DAG.
    pub(crate) status: Vec<Status>,
    /// As [`told`], sorted.
    pub(crate) errors: Vec<String>,
    pub(crate) outputs: String,
}

/// A pipeline, the plan for it, and what is to become of that.
pub(crate) struct Expected<'a> {
    pub(crate) name: &'a str,
    pub(crate) pipeline: &'a dyn Shape,
    pub(crate) model: &'a Model,
    /// Of a run that keeps going.
    pub(crate) outputs: &'a str,
}

impl Expected<'_> {
    pub(crate) fn keeps_going(&self, tried: &Tried, catalog: &Catalog) {
        let Self { name, pipeline, model, outputs } = self;
        let ran = pipeline.run(&*tried.runner, catalog, &RunOptions::new().keep_going());
        assert_eq!(ran.status, model.statuses, "{name}");
        assert_eq!(ran.outputs, *outputs, "{name}");
        assert_eq!(ran.errors, model.errors(), "{name}");
        let attempts = catalog.params.plan.events().checked(name, pipeline.dag(), tried.max_workers);
        for (node, status) in pipeline.dag().nodes().zip(&ran.status) {
            let n = number_of(node);
            let tried = if let Status::Skipped(_) = status { 0..=0 } else { model.attempts[n].clone() };
            assert!(tried.contains(&attempts[n]), "{name}: n{n} was tried {} times, not {tried:?}", attempts[n]);
        }
    }

    /// An error of each node that failed, as planned, the first and those that ran then; what is
    /// completed was not waiting for any that is not.
    pub(crate) fn fails_fast(&self, tried: &Tried, catalog: &Catalog) {
        let Self { name, pipeline, model, .. } = self;
        let ran = pipeline.run(&*tried.runner, catalog, &RunOptions::new());
        let (fails, is_failed_run) = (&model.errors, !model.errors.is_empty());
        assert_eq!(ran.errors.is_empty(), !is_failed_run, "{name}: {:?}", ran.errors);
        let mut left = ran.errors.clone();
        let attempts = catalog.params.plan.events().checked(name, pipeline.dag(), tried.max_workers);
        for (node, status) in pipeline.dag().nodes().zip(&ran.status) {
            let n = number_of(node);
            let (n_attempts, all) = (attempts[n], &model.attempts[n]);
            let is_ready = predecessors(node).all(|before| ran.status[before.id().index()] == Status::Completed);
            let is_as_planned = match status {
                Status::Completed => is_ready && !fails.contains_key(&n) && all.contains(&n_attempts),
                // A node is not tried again in a run that failed.
                Status::Failed => {
                    let is_cut_off = is_failed_run && (1..*all.end()).contains(&n_attempts);
                    is_ready && (is_cut_off || fails.contains_key(&n) && all.contains(&n_attempts))
                }
                Status::Skipped("the run failed") => n_attempts == 0 && is_failed_run,
                _ => false,
            };
            assert!(is_as_planned, "{name}: n{n} {status:?} after {n_attempts} attempts");
            if *status == Status::Failed {
                let is_its = |error: &String| error.starts_with(&format!("n{n} "));
                let told = left.iter().position(is_its).map(|place| left.swap_remove(place));
                let told = told.unwrap_or_else(|| panic!("{name}: the error of n{n} is not in {:?}", ran.errors));
                assert!(fails.get(&n).is_none_or(|planned| *planned == told), "{name}: {told}");
            }
        }
        assert!(left.is_empty(), "{name}: {left:?}");
    }

    /// All outputs, with their types, or an error.
    pub(crate) fn returns(&self, tried: &Tried, catalog: &Catalog) {
        let Self { name, pipeline, model, outputs } = self;
        let returned = pipeline.run_whole(&*tried.runner, catalog);
        assert_eq!(returned.is_err(), !model.errors.is_empty(), "{name}");
        if let Ok(returned) = returned {
            // The partial outputs are the same, each in an `Option`.
            assert_eq!(returned, outputs.replace("Some(", "").replace(')', ""), "{name}");
        }
        catalog.params.plan.events().checked(name, pipeline.dag(), tried.max_workers);
    }
}
