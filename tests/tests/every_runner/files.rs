//! Files of the catalog: two entries of one file, entries that cannot tell whether they exist,
//! saves that wait for the disk.

#![expect(clippy::unwrap_used, reason = "what a test does in a function is test too")]

use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pipeline_core::dataset::{AnyProcess, Dataset, Load, Save};
use pipeline_core::prelude::*;
use pipeline_core::{DatasetError, Error, RunOptions, Slice, worker};

/// Where all of them are: workers, which make the catalog anew, find them there.
const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/every_runner_files");

fn at(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

fn text(name: &str) -> Text {
    Text::new(at(name))
}

/// Cannot be reached.
struct Remote;

impl Dataset for Remote {
    type Value = String;
    type Reach = AnyProcess;

    fn describe(&self) -> String {
        "a server".to_owned()
    }

    fn exists(&self) -> Result<bool, DatasetError> {
        Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into())
    }
}

impl Load for Remote {
    type Loaded = String;

    fn load(&self) -> Result<String, DatasetError> {
        Err("timed out".into())
    }
}

impl Save for Remote {
    fn save(&self, _: String) -> Result<(), DatasetError> {
        Err("timed out".into())
    }
}

catalog! {
    struct Catalog {
        seed: Memory<i32> = Memory::new(1),
        raw: Text = text("raw.txt"),
        clean: Text = text("table.txt"),
        table: Text = text("new/../table.txt"),
        link: Bytes = Bytes::new(at("link.txt")),
        also: Text = text("table.txt").shares_its_place(),
        out: Text = text("out.txt"),
        durable: Text = text("kept/durable.txt").durable(),
        remote: Remote = Remote,
    }
}

pipeline! {
    #[portable]
    two_entries for Catalog {
        node(upper, [table] -> [out], name = "report"),
        node(upper, [raw] -> [clean], name = "tidy"),
    }
}

pipeline! {
    #[portable]
    by_a_link for Catalog {
        node(length, [link] -> [length: usize]),
        node(upper, [raw] -> [clean], name = "tidy"),
    }
}

pipeline! {
    #[portable]
    two_readers for Catalog {
        node(longer, [table, clean] -> [out]),
    }
}

pipeline! {
    #[portable]
    two_that_say_so for Catalog {
        node(upper, [also] -> [out]),
        node(upper, [raw] -> [clean]),
    }
}

pipeline! {
    #[portable]
    unreachable for Catalog {
        node(render, [seed] -> [remote], name = "publish"),
    }
}

pipeline! {
    #[portable]
    read_from_afar for Catalog {
        node(upper, [remote] -> [out], name = "fetch"),
    }
}

pipeline! {
    #[portable]
    kept for Catalog {
        node(render, [seed] -> [durable]),
        node(render, [seed] -> [out]),
    }
}

fn upper(text: &str) -> String {
    text.to_uppercase()
}

fn longer(left: &str, right: &str) -> String {
    if left.len() > right.len() { left.to_owned() } else { right.to_owned() }
}

fn length(bytes: &[u8]) -> usize {
    bytes.len()
}

fn render(seed: i32) -> String {
    seed.to_string()
}

pipelines! {
    #[portable]
    fn pipelines() for Catalog {
        two_entries = two_entries(),
        by_a_link = by_a_link(),
        two_readers = two_readers(),
        two_that_say_so = two_that_say_so(),
        unreachable = unreachable(),
        read_from_afar = read_from_afar(),
        kept = kept(),
    }
}

/// The names by which workers find these pipelines.
pub(crate) const NAMES: [&str; 7] =
    ["two_entries", "by_a_link", "two_readers", "two_that_say_so", "unreachable", "read_from_afar", "kept"];

/// Not a test: the workers of these pipelines.
#[test]
fn workers() {
    worker::serve(&pipelines());
}

/// The use of all files, by one test at a time. At first there are `raw.txt` and `table.txt`.
fn alone() -> MutexGuard<'static, ()> {
    static FILES: Mutex<()> = Mutex::new(());
    let alone = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    drop(fs::remove_dir_all(FOLDER));
    fs::create_dir_all(at("new")).expect("cargo's folder can be written");
    fs::write(at("raw.txt"), "new").expect("cargo's folder can be written");
    fs::write(at("table.txt"), "old").expect("cargo's folder can be written");
    alone
}

pub(crate) fn two_entries_of_one_file_do_not_start(runner: &dyn Runner) {
    let _alone = alone();
    // Also where the file is not there yet.
    for is_there in [true, false] {
        if !is_there {
            fs::remove_file(at("table.txt")).unwrap();
        }
        let error = runner.run(&two_entries(), &Catalog::default()).map(drop).unwrap_err();
        let Error::SharedPlace { pipeline, place, datasets } = &error else { panic!("{error:?}") };
        assert_eq!((pipeline.as_deref(), place.as_path()), (Some("two_entries"), Path::new(&at("table.txt"))));
        let names: Vec<&str> = datasets.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["clean", "table"]);
        let told = error.to_string();
        for part in [
            "pipeline `two_entries`",
            "written by node `tidy: upper([raw]) -> [clean]`",
            "read by node `report: upper([table]) -> [out]`",
            "new/../table.txt",
            "`.shares_its_place()`",
        ] {
            assert!(told.contains(part), "`{part}` is not in: {told}");
        }
        assert!(!Path::new(&at("out.txt")).exists(), "a node was executed");
    }
    // A slice that uses one of them only.
    let slice = Slice::new().to_nodes(["tidy"]);
    let report = runner.run_with(&two_entries(), &Catalog::default(), &RunOptions::new().slice(slice)).unwrap();
    report.into_result().unwrap();
    assert_eq!(fs::read_to_string(at("table.txt")).unwrap(), "NEW");
    // What is there is not made again, so nothing is written to what both are.
    let options = RunOptions::new().only_missing_outputs();
    runner.run_with(&two_entries(), &Catalog::default(), &options).unwrap().into_result().unwrap();
    fs::remove_file(at("table.txt")).unwrap();
    fs::remove_file(at("out.txt")).unwrap();
    let error = runner.run_with(&two_entries(), &Catalog::default(), &options).map(drop).unwrap_err();
    assert!(matches!(error, Error::SharedPlace { .. }), "{error:?}");
}

pub(crate) fn entries_are_one_file_by_links_too(runner: &dyn Runner) {
    let _alone = alone();
    let link = |make: fn(&str, &str) -> std::io::Result<()>| {
        drop(fs::remove_file(at("link.txt")));
        make(&at("table.txt"), &at("link.txt")).unwrap();
        let error = runner.run(&by_a_link(), &Catalog::default()).map(drop).unwrap_err();
        assert!(matches!(error, Error::SharedPlace { .. }), "{error:?}");
    };
    link(|file, link| fs::hard_link(file, link));
    #[cfg(unix)]
    {
        link(|file, link| std::os::unix::fs::symlink(file, link));
        // And where the link leads is not there yet.
        fs::remove_file(at("table.txt")).unwrap();
        link(|file, link| std::os::unix::fs::symlink(file, link));
    }
    fs::write(at("table.txt"), "old").unwrap();
    drop(fs::remove_file(at("link.txt")));
    fs::copy(at("table.txt"), at("link.txt")).unwrap();
    assert_eq!(runner.run(&by_a_link(), &Catalog::default()).unwrap().length, 3);
}

pub(crate) fn entries_of_one_file_start_where_it_is_said_or_only_read(runner: &dyn Runner) {
    let _alone = alone();
    runner.run(&two_readers(), &Catalog::default()).map(drop).unwrap();
    assert_eq!(fs::read_to_string(at("out.txt")).unwrap(), "old");
    runner.run(&two_that_say_so(), &Catalog::default()).map(drop).unwrap();
    assert_eq!(fs::read_to_string(at("table.txt")).unwrap(), "NEW");
}

pub(crate) fn a_dataset_that_cannot_tell_whether_it_exists_is_named(runner: &dyn Runner) {
    let _alone = alone();
    let options = RunOptions::new().only_missing_outputs();
    let error = runner.run_with(&unreachable(), &Catalog::default(), &options).map(drop).unwrap_err();
    let Error::Exists { pipeline, node, dataset, source } = &error else { panic!("{error:?}") };
    assert_eq!((pipeline.as_deref(), dataset.as_str()), (Some("unreachable"), "remote"));
    assert_eq!(node, "publish: render([seed]) -> [remote]");
    assert_eq!((source.dataset(), source.io_kind()), (Some("remote"), Some(std::io::ErrorKind::TimedOut)));
    assert_eq!(
        format!("{error:?}"),
        "cannot tell whether dataset `remote`, which node `publish: render([seed]) -> [remote]` of pipeline \
         `unreachable` writes, exists\n  caused by: timed out"
    );
}

pub(crate) fn errors_of_own_datasets_have_their_name(runner: &dyn Runner) {
    let _alone = alone();
    let error = runner.run(&read_from_afar(), &Catalog::default()).map(drop).unwrap_err();
    let Error::Load { dataset, source, .. } = &error else { panic!("{error:?}") };
    assert_eq!((dataset.as_str(), source.dataset()), ("remote", Some("remote")));
    let error = runner.run(&unreachable(), &Catalog::default()).map(drop).unwrap_err();
    let Error::Save { dataset, source, .. } = &error else { panic!("{error:?}") };
    assert_eq!((dataset.as_str(), source.dataset()), ("remote", Some("remote")));
    assert_eq!(format!("{error:?}").matches("timed out").count(), 1, "{error:?}");
}

pub(crate) fn a_run_saves_durably_if_it_is_asked_to(runner: &dyn Runner) {
    for options in [RunOptions::new(), RunOptions::new().durable(), RunOptions::new().durable().is_async()] {
        let _alone = alone();
        runner.run_with(&kept(), &Catalog::default(), &options).unwrap().into_result().unwrap();
        assert_eq!(fs::read_to_string(at("kept/durable.txt")).unwrap(), "1");
        assert_eq!(fs::read_to_string(at("out.txt")).unwrap(), "1");
    }
}
