//! Saves that wait for the disk, and those that do not.

use std::io;

use pipeline_core::dataset::{AnyProcess, Dataset, Save, write_file_durably};
use pipeline_core::{Error, RunOptions};
use pipeline_tests::{folder, names_in};

use super::saver::{NOBODY, Saver};
use super::*;

catalog! {
    struct Catalog {
        seed: Memory<u32> = Memory::new(1),
        text: Text = "no/such/file.txt",
        json: Json<u32> = "no/such/file.json",
        csv: Csv<(u32, u32)> = "no/such/file.csv",
        bytes: Bytes = "no/such/file.bin",
        log: Text = "no/such/log",
    }
}

fn render(seed: u32) -> (String, u32, Vec<u8>) {
    (seed.to_string(), seed, vec![1])
}

#[test]
fn a_durable_save_is_one_as_any_other() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let text_file = Text::new(path("a/b/c/file.txt")).durable();
    for later in ["earlier", "later"] {
        text_file.save(later.to_owned()).unwrap();
        assert_eq!(text_file.load().unwrap(), later);
    }
    Json::new(path("file.json")).durable().save(1).unwrap();
    Bytes::new(path("file.bin")).durable().save(vec![1]).unwrap();
    write_file_durably(path("own.txt"), |_| Ok::<(), io::Error>(())).unwrap();
    assert!(Dataset::is_durable(&text_file) && !Dataset::is_durable(&Text::new("other")));
    assert_eq!(names_in(folder.path()), ["a", "file.bin", "file.json", "own.txt"]);
    assert_eq!(names_in(folder.path().join("a/b/c")), ["file.txt"]);
}

#[test]
fn only_a_durable_save_waits_for_its_folder() {
    // To wait for a folder takes the right to read it, to save a file in it does not: so it shows
    // which save waits.
    let folder = folder();
    let (path, private) = (folder.path().join("file.txt"), folder.path());
    set_mode(private, 0o333);
    assert_eq!(Saver::without_rights(&path, "kill").told(), "saved 0");
    let told = Saver::without_rights(&path, "power").durably().told();
    assert!(told.contains("Permission denied"), "{told}");
    set_mode(private, 0o755);
    assert_eq!(text(&path), "power");
    let expected = if is_root() { NOBODY } else { owner(private).0 };
    assert_eq!(owner(&path).0, expected);
}

#[test]
fn a_durable_run_waits_for_what_it_has_saved() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let catalog = Catalog {
        text: Text::new(path("new/folder/file.txt")),
        json: Json::new(path("new/file.json")),
        bytes: Bytes::new(path("file.bin")),
        ..Catalog::default()
    };
    let pipeline = pipeline! { for Catalog; node(render, [seed] -> [text, json, bytes]) };
    for options in [RunOptions::new().durable(), RunOptions::new()] {
        let report = SequentialRunner::new().run_with(&pipeline, &catalog, &options).unwrap();
        report.into_result().unwrap();
        assert_eq!(catalog.text.load().unwrap(), "1");
    }
}

#[test]
fn a_durable_run_names_what_cannot_be_waited_for() {
    /// Saves nothing, and is in a file that links to itself.
    struct Nowhere(std::path::PathBuf);
    impl Dataset for Nowhere {
        type Value = u32;
        type Reach = AnyProcess;
        fn file(&self) -> Option<&Path> {
            Some(&self.0)
        }
    }
    impl Save for Nowhere {
        fn save(&self, _: u32) -> Result<(), DatasetError> {
            Ok(())
        }
    }
    catalog! { struct Own { nowhere: Nowhere = Nowhere("no/such/file".into()) } }

    let folder = folder();
    let path = folder.path().join("loop");
    std::os::unix::fs::symlink("loop", &path).unwrap();
    let own = Own { nowhere: Nowhere(path) };
    let pipeline = pipeline! { for Own; node(|| 1, [] -> [nowhere], name = "make") };
    let run = |options: &RunOptions<'_>| {
        SequentialRunner::new().run_with(&pipeline, &own, options).expect("it starts").into_result().map(drop)
    };
    run(&RunOptions::new()).unwrap();
    let error = run(&RunOptions::new().durable()).unwrap_err();
    let Error::Save { node, dataset, .. } = &error else { panic!("{error:?}") };
    assert_eq!((node.as_str(), dataset.as_str()), ("make: <closure>(None) -> [nowhere]", "nowhere"));
}

#[test]
fn a_durable_run_passes_over_streams() {
    let catalog = Catalog { log: Text::new("/dev/null"), ..Catalog::default() };
    let pipeline = pipeline! { for Catalog; node(|seed: u32| seed.to_string(), [seed] -> [log]) };
    let report = SequentialRunner::new().run_with(&pipeline, &catalog, &RunOptions::new().durable()).unwrap();
    report.into_result().unwrap();
}
