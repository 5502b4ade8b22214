//! What is left of saves that are killed, and of many at the same time.

use std::collections::HashSet;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use pipeline_core::dataset::{AnyProcess, Dataset, Save, write_file};
use pipeline_core::{DatasetError, worker};
use pipeline_tests::{folder, names_in};

use super::saver::Saver;
use super::*;

const SIZE: usize = 100_000;

/// Where the worker of a test saves: it makes the catalog anew, and finds it there.
const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/killed_saves");

/// A file whose saving does not come to its end, or does.
struct Slow(PathBuf);

impl Dataset for Slow {
    type Value = bool;
    type Reach = AnyProcess;

    fn describe(&self) -> String {
        self.0.display().to_string()
    }
}

impl Save for Slow {
    fn save(&self, is_endless: bool) -> Result<(), DatasetError> {
        write_file(&self.0, |file| {
            file.write_all("x".repeat(SIZE).as_bytes())?;
            file.flush()?;
            if is_endless {
                thread::sleep(Duration::from_secs(3600));
            }
            Ok::<(), io::Error>(())
        })
    }
}

catalog! {
    struct Catalog {
        value: Slow = Slow(Path::new(FOLDER).join("value.txt")),
    }
}

pipelines! {
    #[portable]
    fn pipelines() for Catalog {
        endless = pipeline!< node(|| true, [] -> [value], timeout = "1s") >,
    }
}

/// Not a test: the worker of one.
#[test]
fn workers() {
    worker::serve(&pipelines());
}

#[test]
fn a_worker_process_that_is_killed_while_it_saves_leaves_what_the_next_save_removes() {
    drop(fs::remove_dir_all(FOLDER));
    fs::create_dir_all(FOLDER).unwrap();
    let catalog = Catalog::default();
    fs::write(&catalog.value.0, "earlier").unwrap();
    let runner = ProcessRunner::new().max_workers(1).workers_of_test("kills::workers");
    for _ in 0..2 {
        let error = runner.run_named(&pipelines(), "endless", &catalog).unwrap_err();
        assert!(matches!(error, pipeline_core::Error::TimedOut { .. }), "{error:?}");
        assert_eq!(text(&catalog.value.0), "earlier");
        assert_eq!(leftovers(FOLDER.as_ref()).len(), 1);
    }
    catalog.value.save(false).unwrap();
    assert_eq!(text(&catalog.value.0), "x".repeat(SIZE));
    assert_eq!(names_in(FOLDER), ["value.txt"]);
}

fn leftovers(folder: &Path) -> Vec<String> {
    names_in(folder).into_iter().filter(|name| name.starts_with(".saving-")).collect()
}

/// Kills a process that saves all the time, after a time that differs.
fn kill_a_saver(path: &Path, letter: &str, number: u64) {
    let mut saver = Saver::new(path, &letter.repeat(SIZE)).times(1_000_000);
    let mut process = saver.command_mut().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    thread::sleep(Duration::from_micros(20_000 + 1_370 * (number % 17)));
    process.kill().unwrap();
    assert_eq!(process.wait().unwrap().signal(), Some(9), "it was killed in the middle");
}

fn is_whole(content: &str) -> bool {
    content.len() == SIZE && content.bytes().collect::<HashSet<u8>>().len() == 1
}

#[test]
fn a_killed_save_leaves_the_target_whole_and_the_next_one_nothing_beside() {
    let folder = folder();
    let path = folder.path().join("rows.txt");
    save(&path, &"z".repeat(SIZE)).unwrap();
    let mut n_leftovers = 0;
    for number in 0..40 {
        kill_a_saver(&path, if number % 2 == 0 { "a" } else { "b" }, number);
        assert!(is_whole(&text(&path)), "half a file after kill {number}");
        n_leftovers += leftovers(folder.path()).len();
        assert!(leftovers(folder.path()).len() <= 1, "they do not add up: {:?}", names_in(folder.path()));
    }
    assert!(n_leftovers > 0, "no kill came in the middle of a save, so this has tested nothing");
    save(&path, "whole").unwrap();
    assert_eq!(text(&path), "whole");
    assert_eq!(names_in(folder.path()), ["rows.txt"]);
}

#[test]
fn what_several_saves_that_were_killed_together_leave_goes_with_the_next() {
    let folder = folder();
    let path = folder.path().join("rows.txt");
    let mut n_leftovers = 0;
    for _ in 0..5 {
        let start = |letter: &str| {
            let mut saver = Saver::new(&path, &letter.repeat(SIZE)).times(1_000_000);
            saver.command_mut().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        let mut processes = ["a", "b", "c", "d"].map(start);
        thread::sleep(Duration::from_millis(100));
        for process in &mut processes {
            process.kill().unwrap();
        }
        for process in &mut processes {
            assert!(!process.wait().unwrap().success());
        }
        assert!(is_whole(&text(&path)));
        n_leftovers += leftovers(folder.path()).len();
    }
    assert!(n_leftovers > 0);
    save(&path, "whole").unwrap();
    assert_eq!(names_in(folder.path()), ["rows.txt"]);
}

#[test]
fn a_save_that_is_under_way_is_no_leftover() {
    use std::io::Write;

    let folder = folder();
    let path = folder.path().join("rows.txt");
    write_file(&path, |file| {
        file.write_all(b"outer")?;
        file.flush()?;
        // In this process and in another.
        save(&path, "inner").map_err(io::Error::other)?;
        assert_eq!(text(&path), "inner");
        assert_eq!(Saver::new(&path, "other").told(), "saved 0");
        assert_eq!(text(&path), "other");
        assert_eq!(leftovers(folder.path()).len(), 1);
        Ok::<(), io::Error>(())
    })
    .unwrap();
    assert_eq!(text(&path), "outer");
    assert_eq!(names_in(folder.path()), ["rows.txt"]);
}

#[test]
fn a_file_of_the_user_that_is_called_like_a_leftover_stays() {
    let folder = folder();
    let path = folder.path().join("rows.txt");
    write_file(&path, |_| Ok::<(), io::Error>(())).unwrap();
    let others = [".saving-rows.tmp", ".saving-0-0.tmp", "saving.tmp"];
    for name in others {
        fs::write(folder.path().join(name), "kept").unwrap();
    }
    save(&path, "text").unwrap();
    assert_eq!(names_in(folder.path()).len(), 4);
}

#[test]
fn many_threads_and_processes_save_one_file_and_each_save_is_whole() {
    let folder = folder();
    let path = folder.path().join("rows.txt");
    save(&path, &"z".repeat(SIZE)).unwrap();
    let mut others: Vec<_> = ["x", "y", "q"]
        .into_iter()
        .map(|letter| {
            let mut saver = Saver::new(&path, &letter.repeat(SIZE)).times(40);
            saver.command_mut().stdout(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    thread::scope(|scope| {
        for letter in ["a", "b", "c", "d", "e", "f"] {
            let path = &path;
            scope.spawn(move || {
                for _ in 0..40 {
                    save(path, &letter.repeat(SIZE)).unwrap();
                    assert!(is_whole(&text(path)));
                }
            });
        }
    });
    for other in others.drain(..) {
        let out = String::from_utf8(other.wait_with_output().unwrap().stdout).unwrap();
        assert_eq!(out.matches("saved ").count(), 40, "{out}");
        assert!(!out.contains("not saved"), "{out}");
    }
    assert!(is_whole(&text(&path)));
    assert_eq!(names_in(folder.path()), ["rows.txt"]);
}
