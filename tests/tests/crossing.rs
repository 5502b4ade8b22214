//! What crosses between a run and its worker processes: only the worker answers, only what is at the same place is read, and hooks see all.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::exit;

use fork::{Fork, fork};
use pipeline_core::dataset::{AnyProcess, Dataset, Load, Save};
use pipeline_core::hook::Hook;
use pipeline_core::prelude::*;
use pipeline_core::{BoxError, DatasetError, Error, RunOptions, Status, worker};
use pipeline_tests::{folder, is_running, wait_until};
use serde::{Deserialize, Serialize, Serializer};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("crossing").join(name)
}

/// A number in a file, that does not say which.
struct Unsaid {
    path: PathBuf,
}

impl Dataset for Unsaid {
    type Value = u64;
    type Reach = AnyProcess;
}

impl Load for Unsaid {
    type Loaded = u64;

    fn load(&self) -> Result<u64, DatasetError> {
        fs::read_to_string(&self.path)?.parse().map_err(DatasetError::new)
    }
}

/// Without a size, it is everywhere the same.
struct Seven;

impl Dataset for Seven {
    type Value = u64;
    type Reach = AnyProcess;
}

impl Load for Seven {
    type Loaded = u64;

    fn load(&self) -> Result<u64, DatasetError> {
        Ok(7)
    }
}

/// What cannot say where it is, unless in a worker.
struct Panics(bool);

impl Dataset for Panics {
    type Value = u64;
    type Reach = AnyProcess;

    fn describe(&self) -> String {
        assert!(!self.0, "it is lost");
        "somewhere".to_owned()
    }
}

impl Save for Panics {
    fn save(&self, _: u64) -> Result<(), DatasetError> {
        Ok(())
    }
}

/// Serde cannot take it anywhere.
#[derive(Debug, PartialEq)]
struct Frame(u64);

/// Frames in a file.
struct Frames {
    path: PathBuf,
}

impl Dataset for Frames {
    type Value = Frame;
    type Reach = AnyProcess;

    fn describe(&self) -> String {
        self.path.display().to_string()
    }
}

impl Load for Frames {
    type Loaded = Frame;

    fn load(&self) -> Result<Frame, DatasetError> {
        fs::read_to_string(&self.path)?.parse().map(Frame).map_err(DatasetError::new)
    }
}

impl Save for Frames {
    fn save(&self, frame: Frame) -> Result<(), DatasetError> {
        Ok(fs::write(&self.path, frame.0.to_string())?)
    }
}

#[derive(Deserialize)]
struct Params {
    panics: bool,
    factor: u64,
}

impl Serialize for Params {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        assert!(!self.panics, "no parameters today");
        let mut fields = serializer.serialize_struct("Params", 2)?;
        fields.serialize_field("panics", &self.panics)?;
        fields.serialize_field("factor", &self.factor)?;
        fields.end()
    }
}

catalog! {
    struct Catalog {
        n: Memory<u64> = Memory::new(1),
        a: Memory<u64>,
        b: Memory<u64>,
        c: Memory<u64>,
        long: Memory<String>,
        of_fork: Json<u64> = Json::new(file("of_fork.json")),
        unsaid: Unsaid = Unsaid { path: file("unsaid.txt") },
        seven: Seven = Seven,
        panics: Panics = Panics(false),
        frames: Frames = Frames { path: file("frames.txt") },
        relative: Text = "crossing_relative.txt",
        params: Params = Params { panics: false, factor: 2 },
    }
}

pipelines! {
    #[portable]
    fn pipelines() for Catalog {
        forking = pipeline!<
            node(forks, [n] -> [a, of_fork]), node(|_: u64| 20, [n] -> [b]), node(|_: u64| 30, [n] -> [c]),
        >,
        leaving = pipeline!< node(leaves_its_work_to_a_fork, [n] -> [a]), node(|_: u64| 20, [n] -> [b]) >,
        unsaid = pipeline!< node(|x: u64| x + 1, [unsaid] -> [a]) >,
        seven = pipeline!< node(|x: u64| x + 1, [seven] -> [a]) >,
        panicking = pipeline!< node(|n: u64| n, [n] -> [panics]) >,
        with_parameters = pipeline!< node(|n: u64, factor: u64| n * factor, [n, params:factor] -> [a]) >,
        framing = pipeline!<
            node(Frame, [n] -> [frames]), node(|frame: &Frame| frame.0 + 1, [frames] -> [a]), node(|n: u64| n + 2, [n] -> [b]),
        >,
        going = pipeline!< node(goes_elsewhere, [n] -> [gone]), node(|(): ()| "here".to_owned(), [gone] -> [relative]) >,
        going_and_saving = pipeline!< node(|n: u64| { goes_elsewhere(n); "saved".to_owned() }, [n] -> [relative]) >,
        long = pipeline!< node(|n: u64| "x".repeat(usize::try_from(n).expect("it fits")), [n] -> [long]) >,
    }
}

/// As a library does that makes itself a daemon.
fn forks(_: u64) -> (u64, u64) {
    match fork() {
        Ok(Fork::Child) => (10, 10),
        _ => (11, 11),
    }
}

fn leaves_its_work_to_a_fork(_: u64) -> u64 {
    match fork() {
        Ok(Fork::Child) => {
            fs::write(file("fork.txt"), std::process::id().to_string()).expect("the folder is there");
            10
        }
        _ => exit(0),
    }
}

fn goes_elsewhere(_: u64) {
    let folder = folder();
    std::env::set_current_dir(folder.path()).expect("it is there");
    // Gone, when it is dropped.
}

/// Not a test: the workers of the others.
#[test]
fn workers() {
    worker::serve(&pipelines());
}

fn runner() -> ProcessRunner {
    fs::create_dir_all(file("")).expect("cargo's folder can be written");
    ProcessRunner::new().max_workers(1).workers_of_test("workers")
}

fn run(name: &str, catalog: &Catalog) -> Result<(), Error> {
    runner().run_named(&pipelines(), name, catalog)
}

#[test]
fn only_the_worker_answers_when_a_node_forks() {
    for _ in 0..20 {
        let catalog = Catalog::default();
        run("forking", &catalog).unwrap();
        let values = [&catalog.a, &catalog.b, &catalog.c].map(|dataset| *dataset.load().unwrap());
        assert_eq!((values, catalog.of_fork.load().unwrap()), ([11, 20, 30], 11));
    }
}

#[test]
fn a_fork_does_not_answer_for_a_worker_that_has_ended() {
    let catalog = Catalog::default();
    let options = RunOptions::new().keep_going();
    let report = runner().run_named_with(&pipelines(), "leaving", &catalog, &options).unwrap();
    assert!(
        matches!(report.error(), Some(Error::WorkerDied { how, .. }) if how == "exited with code 0"),
        "{:?}",
        report.error()
    );
    let status: Vec<Status> = report.nodes().map(|(_, status)| status).collect();
    assert_eq!(status, [Status::Failed, Status::Completed]);
    assert_eq!((catalog.a.exists().unwrap(), *catalog.b.load().unwrap()), (false, 20));
    let fork = fs::read_to_string(file("fork.txt")).unwrap();
    wait_until("the fork ends", || !is_running(&fork));
}

#[test]
fn a_dataset_that_does_not_say_where_it_is_is_refused() {
    let elsewhere = folder();
    let path = elsewhere.path().join("unsaid.txt");
    fs::write(&path, "500").unwrap();
    let catalog = Catalog { unsaid: Unsaid { path }, ..Catalog::default() };
    let error = run("unsaid", &catalog).unwrap_err().to_string();
    let expected = "no worker process can execute pipeline `unsaid`: dataset `unsaid` does not say where it is, so it could be \
                    at another place in a worker process; implement `Dataset::describe` for `crossing::Unsaid`";
    assert_eq!(error, expected);
    assert!(catalog.a.load().is_err());

    run("seven", &catalog).unwrap();
    assert_eq!(catalog.a.load().unwrap(), 8);
}

#[test]
fn what_panics_before_anything_starts_is_an_error() {
    let catalog = Catalog { panics: Panics(true), ..Catalog::default() };
    let error = run("panicking", &catalog).unwrap_err().to_string();
    assert!(error.ends_with("dataset `panics` cannot say where it is: its `describe` panicked: it is lost"), "{error}");

    let catalog = Catalog { params: Params { panics: true, factor: 3 }, ..Catalog::default() };
    let error = run("with_parameters", &catalog).unwrap_err().to_string();
    assert!(
        error.ends_with("the parameters cannot leave the process: their `Serialize` panicked: no parameters today"),
        "{error}"
    );
    let catalog = Catalog { params: Params { panics: false, factor: 3 }, ..Catalog::default() };
    run("with_parameters", &catalog).unwrap();
    assert_eq!(catalog.a.load().unwrap(), 3);
}

/// Does nothing.
struct Watching;

impl Hook for Watching {
    fn after_dataset_loaded(&self, event: &pipeline_core::hook::DatasetEvent<'_>, value: &dyn std::any::Any) {
        assert!(value.is::<u64>(), "{} is not what it is", event.dataset);
    }

    fn before_node_run(&self, _: &pipeline_core::hook::NodeEvent<'_>) -> Result<(), BoxError> {
        Ok(())
    }
}

#[test]
fn what_hooks_could_not_see_is_refused_before_anything_starts() {
    let catalog = Catalog::default();
    let (pipelines, options) = (pipelines(), || RunOptions::new().hook(&Watching));
    let report = runner().run_named_with(&pipelines, "framing", &catalog, &options()).unwrap();
    let error = report.into_result().unwrap_err().to_string();
    let expected = "no worker process can execute pipeline `framing`: hooks see the values of dataset `frames` in the process of \
                    the run, and serde cannot take them there; derive serde's `Serialize` and `Deserialize` for \
                    `crossing::Frame`, or run it without hooks";
    assert_eq!(error, expected);
    assert!(catalog.a.load().is_err() && catalog.b.load().is_err());

    // Nodes that have nothing to do with it run.
    let of_others = options().slice(Slice::new().to_outputs(["b"]));
    runner().run_named_with(&pipelines, "framing", &catalog, &of_others).unwrap().into_result().unwrap();
    assert_eq!(catalog.b.load().unwrap(), 3);

    run("framing", &catalog).unwrap();
    assert_eq!((catalog.frames.load().unwrap(), *catalog.a.load().unwrap()), (Frame(1), 2));
}

#[test]
fn relative_paths_are_from_the_folder_of_the_run() {
    let catalog = Catalog::default();
    drop(fs::remove_file("crossing_relative.txt"));
    for (name, expected) in [("going", "here"), ("going_and_saving", "saved")] {
        run(name, &catalog).unwrap();
        assert_eq!(catalog.relative.load().unwrap(), expected);
        fs::remove_file("crossing_relative.txt").unwrap();
    }
}

/// Takes 13 GB of memory and most of a minute.
#[test]
#[ignore = "it takes 13 GB of memory"]
fn a_text_of_more_than_4_gib_arrives() {
    let n = (1 << 32) + 5;
    let catalog = Catalog { n: Memory::new(n), ..Catalog::default() };
    run("long", &catalog).unwrap();
    assert_eq!(catalog.long.load().unwrap().len() as u64, n);
}
