//! No panic leaves a run: whatever code of the user's panics, it is an error that names its place.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use pipeline_core::dataset::{AnyProcess, Dataset, Load, Save};
use pipeline_core::hook::Hook;
use pipeline_core::prelude::*;
use pipeline_core::{DatasetError, Outputs, Pipeline, RunOptions};
use serde::{Deserialize, Serialize, Serializer};

use crate::{Catalog, Params, double};

/// A panic of which nothing is printed.
fn boom<T>() -> T {
    resume_unwind(Box::new("boom"))
}

/// A dataset that panics in one of its methods; in the others it holds 1.
pub(crate) struct Touchy(pub(crate) &'static str);

impl Touchy {
    fn may_panic(&self, method: &str) {
        if self.0 == method {
            boom::<()>();
        }
    }
}

impl Dataset for Touchy {
    type Value = i32;
    type Reach = AnyProcess;

    fn describe(&self) -> String {
        self.may_panic("describe");
        self.0.to_owned()
    }

    fn exists(&self) -> Result<bool, DatasetError> {
        self.may_panic("exists");
        if self.0 == "exists fails" { Err("timed out".into()) } else { Ok(false) }
    }

    fn is_persisted(&self) -> bool {
        self.may_panic("is_persisted");
        true
    }

    fn release(&self) {
        self.may_panic("release");
    }
}

impl Load for Touchy {
    type Loaded = i32;

    fn load(&self) -> Result<i32, DatasetError> {
        self.may_panic("load");
        Ok(1)
    }
}

impl Save for Touchy {
    fn save(&self, _: i32) -> Result<(), DatasetError> {
        self.may_panic("save");
        Ok(())
    }
}

/// What panics when it is serialized, if it is set.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct PanicsIf(bool);

impl Serialize for PanicsIf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 { boom() } else { serializer.serialize_bool(false) }
    }
}

/// An error that panics when it is dropped.
#[derive(Debug)]
struct Bomb;

impl fmt::Display for Bomb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bomb")
    }
}

impl std::error::Error for Bomb {}

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            boom::<()>();
        }
    }
}

fn fails(_: i32) -> Result<i32, Bomb> {
    std::thread::sleep(std::time::Duration::from_millis(20));
    Err(Bomb)
}

pipeline! { #[portable] pub(crate) writes_exists for Catalog { node(double, [A] -> [exists_panics]) } }
pipeline! { #[portable] pub(crate) writes_describe for Catalog { node(double, [A] -> [describe_panics]) } }
pipeline! { #[portable] pub(crate) through_release for Catalog { node(double, [A] -> [release_panics]), node(double, [release_panics] -> [B]) } }
pipeline! { #[portable] pub(crate) writes_is_persisted for Catalog { node(double, [A] -> [is_persisted_panics]) } }
pipeline! { #[portable] pub(crate) reads_load for Catalog { node(double, [load_panics] -> [B]) } }
pipeline! { #[portable] pub(crate) writes_save for Catalog { node(double, [A] -> [save_panics]) } }
pipeline! { #[portable] pub(crate) writes_exists_fails for Catalog { node(double, [A] -> [exists_fails]) } }
pipeline! { #[portable] pub(crate) reads_params for Catalog { node(|_: &Params, a: i32| a, [params, A] -> [B]) } }
pipeline! { #[portable] pub(crate) retried for Catalog { node(fails?, [A] -> [B], retries = 2) } }
pipeline! { #[portable] pub(crate) two_bombs for Catalog { node(fails?, [A] -> [B]), node(fails?, [A] -> [C]) } }
pipeline! { #[portable] pub(crate) plain for Catalog { node(double, [A] -> [B]) } }

/// The error of a run, before it started or in its report, as it is printed; none if all went well.
fn error<O: Outputs>(
    runner: &dyn Runner,
    pipeline: &Pipeline<Catalog, O>,
    catalog: &Catalog,
    options: &RunOptions<'_>,
) -> Option<String> {
    let run = catch_unwind(AssertUnwindSafe(|| runner.run_with(pipeline, catalog, options)));
    let Ok(result) = run else { panic!("a panic leaves the run of {:?}", pipeline.name()) };
    let told = match &result {
        Ok(report) => {
            drop(report.to_string());
            report.error().map(|error| format!("{error:?}"))
        }
        Err(error) => Some(format!("{error:?}")),
    };
    // It may have an error that panics when it is dropped: that is the caller's now.
    std::mem::forget(result);
    told
}

#[track_caller]
fn assert_told(error: Option<String>, parts: &[&str]) {
    let error = error.expect("the run fails");
    assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} are not in {error}");
}

pub(crate) fn of_the_users_code_are_errors_that_name_their_place(runner: &dyn Runner) {
    let (catalog, options) = (Catalog::default(), RunOptions::new());
    assert_told(
        error(runner, &reads_load(), &catalog, &options),
        &["reads_load", "double([load_panics]) -> [B]", "boom"],
    );
    assert_told(
        error(runner, &writes_save(), &catalog, &options),
        &["writes_save", "double([A]) -> [save_panics]", "boom"],
    );
    // What is only told of a dataset, or only lets go of memory, fails no node that is done.
    assert_eq!(error(runner, &through_release(), &catalog, &options), None);
    assert_eq!(error(runner, &writes_is_persisted(), &catalog, &options), None);
    if let Some(error) = error(runner, &writes_describe(), &catalog, &options) {
        // Between processes the places are compared.
        assert_told(Some(error), &["writes_describe", "`describe_panics`", "its `describe` panicked: boom"]);
    }
    let armed = Catalog { params: Params { serialize: PanicsIf(true), ..Params::default() }, ..Catalog::default() };
    if let Some(error) = error(runner, &reads_params(), &armed, &options) {
        assert_told(Some(error), &["reads_params", "the parameters", "`Serialize` panicked: boom"]);
    }
}

pub(crate) fn of_errors_that_are_dropped_end_no_run(runner: &dyn Runner) {
    let catalog = Catalog::default();
    for options in [RunOptions::new(), RunOptions::new().keep_going()] {
        assert_told(
            error(runner, &retried(), &catalog, &options),
            &["`fails([A]) -> [B]` of pipeline `retried`", "bomb"],
        );
        assert_told(error(runner, &two_bombs(), &catalog, &options), &["two_bombs"]);
    }
    assert_eq!(error(runner, &plain(), &catalog, &RunOptions::new()), None);
}

/// Panics in the method of this name.
struct Panics(&'static str);

impl Hook for Panics {
    fn name(&self) -> &str {
        if self.0 == "name" { boom() } else { "Panics" }
    }

    fn wants_timings(&self) -> bool {
        if self.0 == "wants_timings" { boom() } else { true }
    }

    fn before_pipeline_run(&self, _: &pipeline_core::hook::RunEvent<'_>) -> Result<(), pipeline_core::BoxError> {
        Err("no".into())
    }
}

pub(crate) fn of_hooks_are_errors_whatever_is_asked(runner: &dyn Runner) {
    let catalog = Catalog::default();
    let told = error(runner, &plain(), &catalog, &RunOptions::new().hook(&Panics("name")));
    assert_told(told, &["plain", "its `name` panicked: boom", "caused by: no"]);
    let told = error(runner, &plain(), &catalog, &RunOptions::new().hook(&Panics("wants_timings")));
    assert_told(told, &["plain", "hook `Panics`", "it panicked: boom"]);
}

pub(crate) fn of_what_is_asked_before_the_run_are_errors_before_the_run(runner: &dyn Runner) {
    let (catalog, missing) = (Catalog::default(), RunOptions::new().only_missing_outputs());
    for runner in [runner, &DryRunner::new()] {
        assert_told(
            error(runner, &writes_exists(), &catalog, &missing),
            &[
                "`exists_panics`",
                "`double([A]) -> [exists_panics]` of pipeline `writes_exists`",
                "its `exists` panicked: boom",
            ],
        );
        assert_told(
            error(runner, &writes_exists_fails(), &catalog, &missing),
            &["`exists_fails`", "`double([A]) -> [exists_fails]` of pipeline `writes_exists_fails`", "timed out"],
        );
    }
}

#[test]
fn of_a_runner_are_errors_of_the_run() {
    struct Panicking;
    impl Runner for Panicking {
        fn execute(&self, run: &pipeline_core::Run<'_>) -> Result<(), pipeline_core::Error> {
            run.execute(run.dag().order().next().expect("there is a node"))?;
            boom()
        }
    }
    let catalog = Catalog::default();
    assert_told(
        error(&Panicking, &plain(), &catalog, &RunOptions::new()),
        &["the runner of pipeline `plain` panicked: boom"],
    );
}

#[test]
fn of_an_errors_own_words_are_told_in_its_place() {
    #[derive(Debug)]
    struct Mute;
    impl fmt::Display for Mute {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            boom()
        }
    }
    impl std::error::Error for Mute {}
    let failing = pipeline! { for Catalog; node((|_: i32| -> Result<i32, Mute> { Err(Mute) })?, [A] -> [B]) };
    let told = error(&SequentialRunner::new(), &failing, &Catalog::default(), &RunOptions::new());
    assert_told(told, &["<closure>([A]) -> [B]", "whose `Display` panicked: boom"]);
}
