//! What the command line advises works as it stands when it is pasted into a shell.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what a test does in a function is test too")]

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, ExitCode, Output};

use pipeline_core::prelude::*;
use tempfile::{TempDir, tempdir};

/// A folder with the program, under a name that a shell would take apart.
struct Folder(TempDir);

const PROGRAM: &str = "./it's $the \"program\"";

impl Folder {
    fn new() -> Self {
        let folder = tempdir().unwrap();
        symlink(env!("CARGO_BIN_EXE_pipeline-tests-cli-flags"), folder.path().join(PROGRAM)).unwrap();
        Self(folder)
    }

    /// What a command ends with, writes, and writes to the standard error.
    fn told(&self, command: &mut Command) -> (Option<i32>, String, String) {
        let Output { status, stdout, stderr } = command.current_dir(self.0.path()).output().unwrap();
        (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    fn run(&self, flags: &[&str]) -> (Option<i32>, String, String) {
        self.told(Command::new(PROGRAM).arg("run").args(flags))
    }

    /// Pastes a line into a shell.
    fn paste(&self, line: &str) -> (Option<i32>, String, String) {
        self.told(Command::new("sh").args(["-c", line]))
    }
}

/// The line that is advised last.
fn advised(err: &str) -> &str {
    err.lines().last().and_then(|line| line.strip_prefix("  ")).unwrap_or_else(|| panic!("no advice in {err}"))
}

#[test]
fn what_a_slice_lacks_is_added_by_the_advised_command_and_nothing_else() {
    // What is asked for, and the nodes that the advised command executes.
    let cases: [(&[&str], &[&str]); 7] = [
        (&["--pipeline", "movies", "--nodes", "rank"], &["clean_movies", "fit", "rank"]),
        (&["--pipeline", "movies", "--nodes", "fit"], &["clean_movies", "fit"]),
        (&["--pipeline", "movies", "--nodes", "by_genre,rank"], &["clean_movies", "by_genre", "fit", "rank"]),
        // `first` is a file, so neither `rank` nor what that needs.
        (&["--pipeline", "movies", "--nodes", "report"], &["wettest", "report"]),
        (&["--pipeline", "movies", "--from-nodes", "rank"], &["clean_movies", "fit", "rank", "wettest", "report"]),
        (&["--pipeline", "movies", "--to-outputs", "roi_model", "--from-inputs", "movies"], &["clean_movies", "fit"]),
        (
            &["--pipeline", "closures", "-n", "<closure>([more;most]) -> [first]"],
            &["<closure>([A]) -> [more]", "<closure>([A]) -> [most]", "<closure>([more;most]) -> [first]"],
        ),
    ];
    for (flags, expected) in cases {
        let folder = Folder::new();
        let (code, _, err) = folder.run(&[flags, &["--runner", "DryRunner"]].concat());
        assert_eq!(code, Some(2), "{err}");
        let (code, out, err) = folder.paste(advised(&err));
        assert_eq!((code, err.as_str()), (Some(0), ""), "{flags:?}");
        let mut lines = out.lines();
        assert_eq!(lines.next().unwrap(), format!("Actual run would execute {} nodes:", expected.len()), "{flags:?}");
        let mut executed: Vec<&str> = lines.collect();
        executed.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert!(executed.iter().zip(&expected).all(|(line, name)| line.starts_with(name)), "{flags:?}: {out}");
        assert_eq!(executed.len(), expected.len(), "{flags:?}: {out}");
    }
}

#[test]
fn the_advised_command_keeps_the_other_flags() {
    let folder = Folder::new();
    let flags = ["--async", "-r", "ThreadRunner", "--max-workers", "2", "--keep-going", "-p", "movies", "-n", "rank"];
    let (code, _, err) = folder.run(&flags);
    assert_eq!(code, Some(2), "{err}");
    let line = advised(&err);
    for flag in ["--async", "--runner ThreadRunner", "--max-workers 2", "--keep-going", "--pipeline movies"] {
        assert!(line.contains(flag), "{line}");
    }
    assert!(line.ends_with(" --to-nodes \"rank\"") && !line.contains("--nodes"), "{line}");
    fs::create_dir(folder.0.path().join("data")).unwrap();
    let (code, out, err) = folder.paste(line);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with("Completed 3 out of 3 nodes in "), "{out}");
}

/// The command that was run before, as a user has written it.
fn previous(pipeline: &str) -> String {
    format!("\"./it's \\$the \\\"program\\\"\" run --pipeline {pipeline}")
}

#[test]
fn a_run_is_resumed_by_the_advised_argument() {
    let folder = Folder::new();
    let (code, _, err) = folder.paste(&previous("closures"));
    assert_eq!(code, Some(1));
    let argument = advised(&err);
    assert!(argument.starts_with("--from-nodes "), "{err}");
    fs::write(folder.0.path().join("accept"), "").unwrap();
    let (code, out, err) = folder.paste(&format!("{} {argument}", previous("closures")));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with("Completed "), "{out}");
    assert!(folder.0.path().join("data/second.txt").exists());
}

#[test]
fn where_there_is_nothing_to_resume_the_same_command_works_once_the_cause_is_mended() {
    let folder = Folder::new();
    let (code, _, err) = folder.paste(&previous("refused_at_once"));
    assert_eq!(code, Some(1));
    assert!(err.contains("nothing to resume: repeat the previous command"), "{err}");
    fs::write(folder.0.path().join("accept"), "").unwrap();
    let (code, out, err) = folder.paste(&previous("refused_at_once"));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with("Completed 1 out of 1 nodes in "), "{out}");
}

// The command that lists the names for which other messages ask.

catalog! { struct Catalog { A: Memory<i32> = Memory::new(1), B: Memory<i32> } }

pipelines! {
    fn here_only() for Catalog { __default__ = pipeline!< node(|a: i32| a, [A] -> [B]) > }
}

#[test]
fn a_registry_is_listed_whatever_its_pipelines_are() {
    let list = || ["program", "registry", "list"].map(Into::into);
    // Not `#[portable]`.
    assert_eq!(pipeline_core::cli::main_from(&here_only(), list()), ExitCode::SUCCESS);
    // One of its sums does not fit together.
    let twice = || pipeline! { for Catalog; node(|a: i32| a, [A] -> [B]) };
    let other = || pipeline! { for Catalog; node(|a: i32| 2 * a, [A] -> [B]) };
    let broken = here_only().with("broken", twice().named("one") + other().named("other"));
    assert_eq!(pipeline_core::cli::main_from(&broken, list()), ExitCode::SUCCESS);
}
