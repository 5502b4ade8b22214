//! Whether a dataset persists is one question, and from where it can be reached another.

use std::fs;
use std::path::PathBuf;

use pipeline_core::dataset::*;
use pipeline_core::prelude::*;
use pipeline_core::{BoxError, DatasetError, RunOptions, Status};

/// A table behind a session that cannot leave the process.
struct Table {
    path: PathBuf,
    is_temporary: bool,
}

impl Dataset for Table {
    type Value = i32;
    type Reach = ThisProcess;

    fn exists(&self) -> Result<bool, DatasetError> {
        Ok(fs::exists(&self.path)?)
    }

    fn is_persisted(&self) -> bool {
        !self.is_temporary
    }
}

impl Load for Table {
    type Loaded = i32;

    fn load(&self) -> Result<i32, DatasetError> {
        fs::read_to_string(&self.path)?.parse().map_err(DatasetError::new)
    }
}

impl Save for Table {
    fn save(&self, value: i32) -> Result<(), DatasetError> {
        Ok(fs::write(&self.path, value.to_string())?)
    }
}

/// A dataset that says nothing about itself but its reach.
struct Silent<R>(std::marker::PhantomData<fn() -> R>);

impl<R: Reach + 'static> Dataset for Silent<R> {
    type Value = i32;
    type Reach = R;
}

fn silent<R>() -> Silent<R> {
    Silent(std::marker::PhantomData)
}

fn lambda(path: PathBuf) -> Lambda<i32> {
    let (load, save, exists) = (path.clone(), path.clone(), path);
    let load = move || -> Result<i32, BoxError> { Ok(fs::read_to_string(&load)?.parse()?) };
    Lambda::new(load, move |value: i32| fs::write(&save, value.to_string())).with_exists(move || exists.exists())
}

catalog! {
    struct Catalog {
        A: Memory<i32> = Memory::new(1),
        table: Table = Table { path: PathBuf::new(), is_temporary: false },
        closures: Lambda<i32> = lambda(PathBuf::new()),
        C: Memory<i32>,
        params: bool = false,
    }
}

fn catalog_in(folder: &std::path::Path) -> Catalog {
    let table = Table { path: folder.join("table"), is_temporary: false };
    Catalog { table, closures: lambda(folder.join("closures")), ..Catalog::default() }
}

fn refuse_if(value: i32, refuses: bool) -> Result<i32, &'static str> {
    if refuses { Err("refused") } else { Ok(value) }
}

pipeline! { to_table for Catalog { node(|a: i32| a, [A] -> [table], name = "first") } }
pipeline! { to_closures for Catalog { node(|a: i32| a, [A] -> [closures], name = "first") } }
pipeline! {
    through_table for Catalog {
        node(|a: i32| a, [A] -> [table], name = "first"),
        node(refuse_if?, [table, params] -> [C], name = "second"),
    }
}
pipeline! {
    through_closures for Catalog {
        node(|a: i32| a, [A] -> [closures], name = "first"),
        node(refuse_if?, [closures, params] -> [C], name = "second"),
    }
}

fn runners() -> [Box<dyn Runner>; 3] {
    [Box::new(SequentialRunner::new()), Box::new(ThreadRunner::new()), Box::new(ParallelRunner::new())]
}

fn statuses(pipeline: &Pipeline<Catalog>, catalog: &Catalog, runner: &dyn Runner) -> Vec<Status> {
    let report = runner.run_with(pipeline, catalog, &RunOptions::new().only_missing_outputs()).expect("it starts");
    assert!(report.error().is_none(), "{:?}", report.error());
    report.nodes().map(|(_, status)| status).collect()
}

const IS_THERE: Status = Status::Skipped("no missing output needs it");

#[test]
fn by_default_all_but_memory_persists() {
    let asked = |dataset: &dyn AnyDataset| {
        (dataset.is_persisted(), dataset.is_reached_by_any_process(), dataset.lives_in_this_process_only())
    };
    assert_eq!(asked(&silent::<AnyProcess>()), (true, true, false));
    assert_eq!(asked(&silent::<HoldingProcess>()), (false, false, false));
    assert_eq!(asked(&silent::<ThisProcess>()), (true, false, true));
    let folder = tempfile::tempdir().unwrap();
    let catalog = catalog_in(folder.path());
    let kept_in_memory = |dataset: &dyn AnyDataset| (dataset.is_persisted(), dataset.is_kept_in_memory());
    assert_eq!(kept_in_memory(&catalog.A), (false, true));
    assert_eq!(kept_in_memory(&catalog.closures), (true, false));
    assert_eq!(kept_in_memory(&Text::new("text.txt")), (true, false));
}

#[test]
fn an_output_of_this_process_only_is_made_where_it_is_missing() {
    for runner in runners() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = catalog_in(folder.path());
        for pipeline in [to_table().without_outputs(), to_closures().without_outputs()] {
            assert_eq!(statuses(&pipeline, &catalog, &*runner), [Status::Completed]);
            assert_eq!(statuses(&pipeline, &catalog, &*runner), [IS_THERE]);
        }
    }
}

#[test]
fn the_writer_of_an_input_of_this_process_only_need_not_run_again() {
    for runner in runners() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog { C: Memory::default(), ..catalog_in(folder.path()) };
        catalog.table.save(7).unwrap();
        catalog.closures.save(8).unwrap();
        for pipeline in [through_table().without_outputs(), through_closures().without_outputs()] {
            // In memory nothing is missing by itself: a node that reads `C` asks for it.
            let reading = pipeline! { for Catalog; node(|c: i32| assert!(c > 6), [C] -> []) };
            let sum = (pipeline + reading).without_outputs();
            assert_eq!(statuses(&sum, &catalog, &*runner), [IS_THERE, Status::Completed, Status::Completed]);
            assert_eq!((catalog.table.load().unwrap(), catalog.closures.load().unwrap()), (7, 8));
        }
    }
}

#[test]
fn a_run_is_resumed_behind_an_input_of_this_process_only() {
    for runner in runners() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog { params: true, ..catalog_in(folder.path()) };
        for pipeline in [through_table().without_outputs(), through_closures().without_outputs()] {
            let report = runner.run_with(&pipeline, &catalog, &RunOptions::new()).unwrap();
            assert_eq!(report.resume_hint().expect("it failed").from_nodes(), ["second"]);
        }
        // Unless what it holds is gone with the run.
        let table = Table { path: folder.path().join("temporary"), is_temporary: true };
        let catalog = Catalog { params: true, table, ..catalog_in(folder.path()) };
        let report = runner.run_with(&through_table(), &catalog, &RunOptions::new()).unwrap();
        assert_eq!(report.resume_hint().expect("it failed").from_nodes(), ["first"]);
    }
}

/// `use pipeline_core::dataset::*` above brings `Dataset` and `AnyDataset`.
#[test]
fn a_glob_import_of_datasets_leaves_their_methods_unambiguous() {
    let text = Text::new("no/such/file");
    assert!(!text.exists().unwrap());
    assert_eq!(text.describe(), "no/such/file");
    text.release();
    let any: &dyn AnyDataset = &text;
    assert!(!any.exists().unwrap());
    assert_eq!(any.describe(), "no/such/file");
    any.release();
}
