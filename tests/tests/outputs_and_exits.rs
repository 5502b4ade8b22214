//! What the command line does where its output cannot be written, and where a node ends the
//! program.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what a test does in a function is test too")]

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rustix::pipe::{PipeFlags, pipe_with};
use tempfile::tempdir;

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipeline-tests-cli-flags"));
    command.args(arguments).current_dir(folder).env_remove("RUST_BACKTRACE");
    command
}

const RUNNERS: [&str; 4] = ["SequentialRunner", "ThreadRunner", "ParallelRunner", "ProcessRunner"];

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_owned()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_node_that_ends_the_program_does_not_end_it_as_if_all_were_well() {
    for (runner, pipeline) in
        RUNNERS.into_iter().flat_map(|runner| ["exiting", "exiting_with_3"].map(|it| (runner, it)))
    {
        let folder = tempdir().unwrap();
        let output = program(folder.path(), &["run", "--pipeline", pipeline, "--runner", runner]).output().unwrap();
        let (code, out, err) = told(&output);
        assert_eq!(code, Some(1), "{pipeline} on {runner}: {err}");
        assert!(err.starts_with("error: node `exits: <closure>("), "{pipeline} on {runner}: {err}");
        assert!(err.contains(&format!("of pipeline `{pipeline}` ended ")), "{pipeline} on {runner}: {err}");
        assert!(out.starts_with("written before"), "{pipeline} on {runner}: {out}");
        if pipeline == "exiting" {
            assert_eq!(fs::read_to_string(folder.path().join("data/first.txt")).unwrap(), "written from 1", "{runner}");
        }
    }
}

#[test]
fn a_dataset_that_ends_the_program_before_a_node_does_not_end_it_as_if_all_were_well() {
    for runner in RUNNERS {
        let folder = tempdir().unwrap();
        let arguments = ["run", "--pipeline", "ending", "--only-missing-outputs", "--runner", runner];
        let (code, _, err) = told(&program(folder.path(), &arguments).output().unwrap());
        assert_eq!(code, Some(1), "{runner}: {err}");
        assert_eq!(err, "error: a hook or a dataset of pipeline `ending` ended the program\n", "{runner}");
    }
}

/// A pipe that nobody reads any more.
fn closed() -> Stdio {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    drop(read);
    write.into()
}

#[test]
fn a_reader_that_goes_away_is_no_failure_of_a_run() {
    for runner in RUNNERS {
        let folder = tempdir().unwrap();
        let mut command = program(folder.path(), &["run", "--runner", runner]);
        let output = command.stdout(closed()).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(told(&output), (Some(0), String::new(), String::new()), "{runner}");
        let mut command = program(folder.path(), &["run", "--runner", runner]);
        assert_eq!(command.stdout(closed()).stderr(closed()).status().unwrap().code(), Some(0), "{runner}");
        assert!(folder.path().join("data/third.txt").exists());
    }
    for arguments in [&["registry", "list"][..], &["--help"], &["run", "--help"]] {
        let output = program(Path::new("."), arguments).stdout(closed()).stderr(Stdio::piped()).spawn().unwrap();
        assert_eq!(told(&output.wait_with_output().unwrap()), (Some(0), String::new(), String::new()), "{arguments:?}");
    }
}

#[test]
fn the_exit_code_of_a_run_that_fails_needs_no_reader() {
    for runner in RUNNERS {
        let folder = tempdir().unwrap();
        let mut command = program(folder.path(), &["run", "--pipeline", "broken", "--runner", runner]);
        assert_eq!(command.stdout(closed()).stderr(closed()).status().unwrap().code(), Some(1), "{runner}");
        assert!(folder.path().join("data/first.txt").exists());
    }
    let mut command = program(Path::new("."), &["run", "--pipeline", "none"]);
    assert_eq!(command.stderr(closed()).status().unwrap().code(), Some(2));
}

#[test]
fn an_output_without_room_is_told() {
    let folder = tempdir().unwrap();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let mut command = program(folder.path(), &["run"]);
    let output = command.stdout(full()).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    let expected = "error: the standard output cannot be written: No space left on device (os error 28)\n";
    assert_eq!(told(&output), (Some(1), String::new(), expected.to_owned()));
    // All was run before it was told.
    assert!(folder.path().join("data/third.txt").exists());
    let mut command = program(folder.path(), &["run", "--pipeline", "broken"]);
    assert_eq!(command.stdout(full()).stderr(full()).status().unwrap().code(), Some(1));
}

#[test]
fn what_a_node_prints_to_a_terminal_stops_no_worker() {
    let folder = tempdir().unwrap();
    let run = format!(
        "stty tostop; exec {} run --pipeline telling --runner ProcessRunner",
        env!("CARGO_BIN_EXE_pipeline-tests-cli-flags")
    );
    // With a terminal of its own, in whose foreground the program is and its workers are not.
    let mut script = Command::new("timeout")
        .args(["--kill-after=1", "20", "script", "--quiet", "--return", "--command", &run, "/dev/null"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = String::new();
    script.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(script.wait().unwrap().code(), Some(0), "{out}");
    assert!(out.starts_with("told\r\nCompleted 1 out of 1 nodes in "), "{out:?}");
}
