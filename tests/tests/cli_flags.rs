//! The flags of `run`: runners, slices, what after a failure, and what the program tells.

#![expect(clippy::unwrap_used, reason = "what a test does in a function is test too")]

use std::fs;
use std::process::{Command, Output};
use std::sync::Mutex;

use pipeline_core::cli::Cli;
use pipeline_core::hook::{Hook, NodeEvent};
use pipeline_core::prelude::*;
use tempfile::{TempDir, tempdir};

/// What a program told, and how it ended.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    code: Option<i32>,
    out: String,
    err: String,
}

/// A working folder for runs of the program.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempdir().unwrap())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }

    fn exist(&self, names: &[&str]) -> Vec<bool> {
        names.iter().map(|name| self.path(name).exists()).collect()
    }

    /// Runs the program's command `run`.
    fn run(&self, flags: &[&str]) -> Told {
        let mut program = Command::new(env!("CARGO_BIN_EXE_pipeline-tests-cli-flags"));
        program.current_dir(self.0.path()).arg("run").args(flags);
        let Output { status, stdout, stderr } = program.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Told { code: status.code(), out: text(stdout), err: text(stderr) }
    }

    /// As [`run`](Self::run), for a command line that is wrong: what it tells, and that nothing else happened.
    fn misuse(&self, flags: &[&str]) -> String {
        let Told { code, out, err } = self.run(flags);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{flags:?}: {err}");
        assert_eq!(self.exist(&["data"]), [false], "{flags:?}");
        err
    }
}

const FILES: [&str; 3] = ["data/first.txt", "data/second.txt", "data/third.txt"];

/// Which of the three nodes a run of these flags executes, when the inputs of all are there.
fn selected(flags: &[&str]) -> String {
    let folder = Folder::new();
    for file in FILES {
        folder.write(file);
    }
    let told = folder.run(flags);
    assert_eq!((told.code, told.err.as_str()), (Some(0), ""), "{flags:?}");
    let was_written = |file: &&&str| fs::read_to_string(folder.path(file)).unwrap() != **file;
    let nodes = ["1", "2", "3"].iter().zip(&FILES).filter(|(_, file)| {
        // The files are copied from one to the next, so a new one differs from how it began.
        was_written(file)
    });
    let nodes: String = nodes.map(|(node, _)| *node).collect();
    let n = nodes.len();
    assert!(told.out.starts_with(&format!("Completed {n} out of {n} nodes in ")), "{flags:?}: {}", told.out);
    assert_eq!(told.out.lines().count(), 1, "{flags:?}: {}", told.out);
    nodes
}

// Slices.

#[test]
fn slices_are_told_by_the_flags_of_kedro() {
    assert_eq!(selected(&[]), "123");
    assert_eq!(selected(&["--from-nodes", "second"]), "23");
    assert_eq!(selected(&["--to-nodes", "second"]), "12");
    assert_eq!(selected(&["--nodes", "write,third"]), "13");
    assert_eq!(selected(&["-n", "second"]), "2");
    assert_eq!(selected(&["--tags", "start,end"]), "13");
    assert_eq!(selected(&["-t", "end"]), "3");
    assert_eq!(selected(&["--from-inputs", "first"]), "23");
    assert_eq!(selected(&["--to-outputs=first,second"]), "12");
    assert_eq!(selected(&["--from-nodes", "second", "--to-nodes=second"]), "2");
}

#[test]
fn names_in_a_list_may_have_spaces_around_and_nothing_between() {
    assert_eq!(selected(&["--nodes", " write , third ,"]), "13");
    assert_eq!(selected(&["--nodes", "write([A]) -> [first],third"]), "13");
}

#[test]
fn the_last_of_a_flag_counts() {
    assert_eq!(selected(&["--from-nodes", "third", "--from-nodes", "second"]), "23");
    assert_eq!(selected(&["-n", "third", "--tags", "start", "-n", "write"]), "1");
    assert_eq!(
        selected(&["--pipeline", "slow", "--pipeline", "__default__", "--runner", "X", "-r", "ThreadRunner"]),
        "123"
    );
}

#[test]
fn a_name_that_there_is_not_is_told_with_the_nearest() {
    let folder = Folder::new();
    assert_eq!(
        folder.misuse(&["--from-nodes", "secnd"]),
        "error: there is no node `secnd` in pipeline `__default__`; did you mean `second`?\n"
    );
    assert_eq!(
        folder.misuse(&["--tags", "ned"]),
        "error: there is no tag `ned` in pipeline `__default__`; did you mean `end`?\n"
    );
    assert_eq!(
        folder.misuse(&["--to-outputs", "thrid"]),
        "error: there is no dataset `thrid` in pipeline `__default__`; did you mean `third`?\n"
    );
    assert_eq!(
        folder.misuse(&["--nodes", "copy"]),
        "error: several nodes of pipeline `__default__` call `copy`: `second` and `third`; write one of these, or give the \
         node a name with `name = \"…\"`\n"
    );
    let none = folder.misuse(&["--nodes", "write", "--tags", "end"]);
    assert!(none.contains("contains no nodes after applying all provided filters"), "{none}");
}

#[test]
fn a_filter_that_names_nothing_is_an_error() {
    for filter in [&["--nodes", ""][..], &["--tags", ","], &["--from-nodes", " "], &["--to-outputs="]] {
        let error = Folder::new().misuse(filter);
        assert!(error.contains("it names nothing; leave the flag out to select everything"), "{filter:?}: {error}");
    }
}

#[test]
fn a_slice_that_lacks_values_in_memory_is_an_error_with_what_to_add() {
    let error = Folder::new().misuse(&["--pipeline", "in_memory", "--from-inputs", "text"]);
    let program = env!("CARGO_BIN_EXE_pipeline-tests-cli-flags");
    assert_eq!(
        error,
        format!(
            "error: selected nodes of pipeline `in_memory` read what is in memory only and written by nodes that are not selected: \
             `text` (by `write`); select `write` too, or, as the only filter, `--from-nodes \"write\"`\n\
             This runs them with all that they need:\n  {program} run --pipeline in_memory --from-nodes \"write\"\n"
        )
    );
}

// Runners.

#[test]
fn every_runner_runs() {
    for flags in [
        &["--runner", "SequentialRunner"][..],
        &["--runner", "ThreadRunner"],
        &["--runner", "ParallelRunner"],
        &["-r", "ThreadRunner", "--max-workers", "2"],
        &["-r", "ParallelRunner", "--max-workers=1"],
        &["--parallel"],
        &["--parallel", "--max-workers", "3"],
    ] {
        assert_eq!(selected(flags), "123", "{flags:?}");
    }
}

#[test]
fn a_dry_run_tells_what_a_slice_selects() {
    let folder = Folder::new();
    let told = folder.run(&["--runner", "DryRunner", "--from-nodes", "second"]);
    let out =
        "Actual run would execute 2 nodes:\nsecond: copy([first]) -> [second]\nthird: copy([second]) -> [third]\n";
    assert_eq!(told, Told { code: Some(0), out: out.to_owned(), err: String::new() });
    assert_eq!(folder.exist(&["data"]), [false]);
}

#[test]
fn parallel_and_runner_are_refused_together() {
    assert_eq!(
        Folder::new().misuse(&["--parallel", "--runner", "SequentialRunner"]),
        "error: Both --parallel and --runner options cannot be used together. Please use either --parallel or --runner.\n"
    );
}

#[test]
fn a_number_of_workers_must_make_sense() {
    let folder = Folder::new();
    assert_eq!(
        folder.misuse(&["--runner", "ThreadRunner", "--max-workers", "0"]),
        "error: `ThreadRunner` needs at least one worker, and `max_workers` is 0\n"
    );
    for flags in [&["--max-workers", "2"][..], &["--runner", "SequentialRunner", "--max-workers", "0"]] {
        assert_eq!(
            folder.misuse(flags),
            "error: `SequentialRunner` has no workers, so it takes no `--max-workers`; use `ThreadRunner`, `ParallelRunner` or `ProcessRunner`\n"
        );
    }
    assert!(folder.misuse(&["--parallel", "--max-workers", "two"]).contains("invalid value 'two'"));
    assert!(folder.misuse(&["--parallel", "--max-workers", "-1"]).starts_with("error: "));
    assert!(
        folder
            .misuse(&["--runner", "Thread"])
            .starts_with("error: there is no runner `Thread`; did you mean `ThreadRunner`?")
    );
}

#[test]
fn help_names_every_runner_and_flag() {
    let Told { code, out, .. } = Folder::new().run(&["--help"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("SequentialRunner, ThreadRunner, ParallelRunner, ProcessRunner or DryRunner"), "{out}");
    assert!(out.contains("for ThreadRunner, ParallelRunner and ProcessRunner"), "{out}");
    let flags = "--pipeline --runner --parallel --max-workers --async --keep-going --only-missing-outputs --from-nodes --to-nodes --nodes \
                 --tags --from-inputs --to-outputs";
    assert!(flags.split(' ').all(|flag| out.contains(flag)), "{out}");
}

// What is missing, and failures.

#[test]
fn only_missing_outputs_are_made() {
    let folder = Folder::new();
    folder.write("data/first.txt");
    folder.write("data/third.txt");
    let told = folder.run(&["--only-missing-outputs"]);
    assert_eq!((told.code, told.err.as_str()), (Some(0), ""));
    let (first, rest) = told.out.split_once('\n').unwrap();
    assert!(first.starts_with("Completed 1 out of 3 nodes in "), "{}", told.out);
    assert_eq!(
        rest,
        "skipped, because no missing output needs it: write([A]) -> [first]\n\
         skipped, because no missing output needs it: third: copy([second]) -> [third]\n"
    );
    assert_eq!(fs::read_to_string(folder.path("data/second.txt")).unwrap(), "data/first.txt");

    // Of a slice, the others are no matter.
    let told = folder.run(&["--only-missing-outputs", "--nodes", "second"]);
    assert!(told.out.starts_with("Completed 0 out of 1 nodes in "), "{}", told.out);
    assert_eq!(told.out.lines().count(), 2, "{}", told.out);
}

#[test]
fn a_failed_run_tells_where_to_resume_it_and_can_be_resumed_so() {
    let folder = Folder::new();
    let command = ["--pipeline", "broken", "--to-outputs", "third", "--runner", "ThreadRunner", "--max-workers", "1"];
    let told = folder.run(&command);
    assert_eq!((told.code, told.out.as_str()), (Some(1), ""));
    let (error, hint) = told.err.split_once("There are ").unwrap();
    assert_eq!(error, "error: node `refuse([first]) -> [second]` of pipeline `broken` failed\n  caused by: refused\n");
    assert_eq!(
        hint,
        "2 nodes that have not run.\n\
         You can resume the pipeline run from the nearest nodes with persisted inputs by adding the following argument to your \
         previous command:\n  --from-nodes \"refuse\"\n"
    );

    folder.write("accept");
    let resumed = folder.run(&[&command[..], &["--from-nodes", "refuse"]].concat());
    assert_eq!((resumed.code, resumed.err.as_str()), (Some(0), ""));
    assert!(resumed.out.starts_with("Completed 2 out of 2 nodes in "), "{}", resumed.out);
    assert_eq!(folder.exist(&FILES), [true, true, true]);
}

#[test]
fn a_run_that_keeps_going_tells_what_became_of_each_node() {
    for runner in ["SequentialRunner", "ThreadRunner", "ParallelRunner"] {
        let folder = Folder::new();
        let told = folder.run(&["--pipeline", "broken", "--keep-going", "--runner", runner]);
        assert_eq!((told.code, told.out.as_str()), (Some(1), ""), "{runner}");
        assert_eq!(
            told.err.split("There are").next().unwrap(),
            "error: node `refuse([first]) -> [second]` of pipeline `broken` failed\n  caused by: refused\n\
             Completed 2 out of 4 nodes\n\
             failed: refuse([first]) -> [second]\n\
             skipped, because a node that it waits for failed: after: copy([second]) -> [third]\n",
            "{runner}"
        );
        assert!(told.err.ends_with("\n  --from-nodes \"refuse\"\n"), "{runner}: {}", told.err);
    }
}

// What the command line cannot keep.

#[test]
fn free_outputs_that_are_dropped_are_told() {
    let folder = Folder::new();
    let told = folder.run(&["--pipeline", "free"]);
    assert_eq!((told.code, told.out.lines().count()), (Some(0), 1));
    assert_eq!(told.err, "not kept: `more` and `most`; declare them in the catalog to save them\n");
    let one = folder.run(&["--pipeline", "free", "--to-outputs", "most"]);
    assert_eq!(one.err, "not kept: `most`; declare it in the catalog to save it\n");
    let dry = folder.run(&["--pipeline", "free", "--runner", "DryRunner"]);
    assert_eq!((dry.code, dry.err.as_str()), (Some(0), ""));
}

// Hooks.

catalog! { struct Catalog { A: Memory<i32> = Memory::new(1), B: Memory<i32>, C: Memory<i32> } }

pipelines! {
    fn pipelines() for Catalog {
        __default__ = pipeline!< node(|a: i32| a + 1, [A] -> [B], name = "b"), node(|b: i32| b + 1, [B] -> [C], name = "c") >,
    }
}

#[derive(Default)]
struct Completed(Mutex<Vec<String>>);

impl Hook for Completed {
    fn after_node_run(&self, event: &NodeEvent<'_>) {
        self.0.lock().unwrap().push(event.node.name().unwrap_or_default().to_owned());
    }
}

#[test]
fn a_program_has_hooks_called_in_each_run_of_its_command_line() {
    let (one, other) = (Completed::default(), Completed::default());
    let cli = Cli::new(pipelines()).hook(&one).hook(&other);
    for arguments in [&["program", "run"][..], &["program", "run", "--nodes", "b"], &["program", "registry", "list"]] {
        let code = cli.main_from(arguments.iter().map(Into::into));
        assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::SUCCESS), "{arguments:?}");
    }
    for hook in [one, other] {
        assert_eq!(hook.0.into_inner().unwrap(), ["b", "c", "b"]);
    }
    assert_eq!(format!("{:?}", Cli::new(pipelines()).hook(&Completed::default())).matches("Completed").count(), 1);
}
