//! Whether a dataset persists is asked by itself, not by from where it is reached.

use std::fs;
use std::path::PathBuf;

use pipeline_core::dataset::*;
use pipeline_core::prelude::*;
use pipeline_core::{BoxError, DatasetError, RunOptions, Status};
use tempfile::TempDir;

/// A table behind a session that cannot leave the process, as Spark's.
struct Table(PathBuf);

impl Dataset for Table {
    type Value = i32;
    type Reach = ThisProcess;

    fn exists(&self) -> Result<bool, DatasetError> {
        Ok(self.0.exists())
    }
}

impl Load for Table {
    type Loaded = i32;

    fn load(&self) -> Result<i32, DatasetError> {
        fs::read_to_string(&self.0)?.parse().map_err(DatasetError::new)
    }
}

impl Save for Table {
    fn save(&self, value: i32) -> Result<(), DatasetError> {
        Ok(fs::write(&self.0, value.to_string())?)
    }
}

/// The same, of which the session keeps nothing: Kedro's `_EPHEMERAL` beside `_SINGLE_PROCESS`.
struct View(Table);

impl Dataset for View {
    type Value = i32;
    type Reach = ThisProcess;

    fn exists(&self) -> Result<bool, DatasetError> {
        self.0.exists()
    }

    fn is_persisted(&self) -> bool {
        false
    }
}

impl Load for View {
    type Loaded = i32;

    fn load(&self) -> Result<i32, DatasetError> {
        self.0.load()
    }
}

impl Save for View {
    fn save(&self, value: i32) -> Result<(), DatasetError> {
        self.0.save(value)
    }
}

catalog! {
    struct Catalog {
        A: Memory<i32> = Memory::new(1),
        table: Table = Table(PathBuf::new()),
        view: View = View(Table(PathBuf::new())),
        lambda: Lambda<i32> = Lambda::read_only(|| Err("it is nowhere")),
        C: Text = Text::new("c.txt"),
    }
}

fn catalog(folder: &TempDir) -> Catalog {
    let at = |name: &str| folder.path().join(name);
    let (lambda, for_save, for_exists) = (at("lambda"), at("lambda"), at("lambda"));
    let load = move || -> Result<i32, BoxError> { Ok(fs::read_to_string(&lambda)?.parse()?) };
    Catalog {
        A: Memory::new(1),
        table: Table(at("table")),
        view: View(Table(at("view"))),
        lambda: Lambda::new(load, move |value: i32| fs::write(&for_save, value.to_string()))
            .with_exists(move || for_exists.exists()),
        C: Text::new(at("c.txt")),
    }
}

fn write(value: i32) -> String {
    value.to_string()
}

fn identity(value: i32) -> i32 {
    value
}

pipeline! { table for Catalog { node(identity, [A] -> [table], name = "n1"), node(write, [table] -> [C], name = "n2") } }
pipeline! { view for Catalog { node(identity, [A] -> [view], name = "n1"), node(write, [view] -> [C], name = "n2") } }
pipeline! { lambda for Catalog { node(identity, [A] -> [lambda], name = "n1"), node(write, [lambda] -> [C], name = "n2") } }

/// Which nodes run where only what is missing is made.
fn runs(pipeline: &Pipeline<Catalog, impl pipeline_core::Outputs>, catalog: &Catalog) -> Vec<bool> {
    let missing = RunOptions::new().only_missing_outputs();
    let report = SequentialRunner::new().run_with(pipeline, catalog, &missing).expect("it starts");
    assert!(report.error().is_none(), "{:?}", report.error());
    report.nodes().map(|(_, status)| status == Status::Completed).collect()
}

#[test]
fn what_is_of_this_process_persists_and_is_made_where_it_is_missing() {
    let folder = tempfile::tempdir().expect("there is a folder for it");
    let catalog = catalog(&folder);
    for (pipeline, name) in [(table().without_outputs(), "table"), (lambda().without_outputs(), "lambda")] {
        assert_eq!(runs(&pipeline, &catalog), [true, true], "{name}: all is missing");
        assert_eq!(runs(&pipeline, &catalog), [false, false], "{name}: nothing is");
        fs::remove_file(folder.path().join("c.txt")).expect("it is there");
        assert_eq!(runs(&pipeline, &catalog), [false, true], "{name} is there");
        fs::remove_file(folder.path().join(name)).expect("it is there");
        assert_eq!(runs(&pipeline, &catalog), [true, false], "{name} alone is missing");
        fs::remove_file(folder.path().join("c.txt")).expect("it is there");
    }
}

#[test]
fn what_says_that_it_does_not_persist_is_made_for_its_readers_only() {
    let folder = tempfile::tempdir().expect("there is a folder for it");
    let catalog = catalog(&folder);
    let pipeline = view().without_outputs();
    assert_eq!(runs(&pipeline, &catalog), [true, true]);
    fs::remove_file(folder.path().join("view")).expect("it is there");
    assert_eq!(runs(&pipeline, &catalog), [false, false]);
    fs::remove_file(folder.path().join("c.txt")).expect("it is there");
    assert_eq!(runs(&pipeline, &catalog), [true, true]);
}

#[test]
fn a_run_is_resumed_from_what_persists() {
    fn fail(_: i32) -> Result<String, &'static str> {
        Err("no")
    }
    let folder = tempfile::tempdir().expect("there is a folder for it");
    let catalog = catalog(&folder);
    let by_table = pipeline! { for Catalog; node(identity, [A] -> [table], name = "n1"), node(fail?, [table] -> [C], name = "n2") };
    let by_lambda = pipeline! { for Catalog; node(identity, [A] -> [lambda], name = "n1"), node(fail?, [lambda] -> [C], name = "n2") };
    let by_view =
        pipeline! { for Catalog; node(identity, [A] -> [view], name = "n1"), node(fail?, [view] -> [C], name = "n2") };
    let hint = |pipeline: &Pipeline<Catalog, _>| {
        let report = SequentialRunner::new().run_with(pipeline, &catalog, &RunOptions::new()).expect("it starts");
        report.resume_hint().expect("it failed").from_nodes().to_vec()
    };
    assert_eq!(hint(&by_table.without_outputs()), ["n2"]);
    assert_eq!(hint(&by_lambda.without_outputs()), ["n2"]);
    assert_eq!(hint(&by_view.without_outputs()), ["n1"]);
}

#[test]
fn a_glob_import_of_the_datasets_leaves_their_methods_clear() {
    let memory = Memory::new(1);
    assert!(memory.exists().expect("it is in memory"));
    assert_eq!(memory.describe(), "in memory");
    memory.release();
    let any: &dyn AnyDataset = &memory;
    assert!(!any.exists().expect("it is in memory") && any.is_kept_in_memory() && !any.is_persisted());
}
