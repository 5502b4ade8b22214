//! Ctrl-C, SIGTERM and SIGHUP while the command line runs a pipeline.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what a test does in a function is test too")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use pipeline_tests::{is_running, wait_until};
use tempfile::{TempDir, tempdir};

/// A run that is in the middle of writing a file. It goes on when there is a file `go` in its folder.
struct InTheMiddle {
    folder: TempDir,
    program: Child,
    out: BufReader<std::process::ChildStdout>,
    err: BufReader<std::process::ChildStderr>,
}

impl InTheMiddle {
    fn of_run(flags: &[&str]) -> Self {
        let folder = tempdir().unwrap();
        // The tests may have been started in the background, with Ctrl-C ignored; a program inherits that.
        let mut program = Command::new("env")
            .args(["--default-signal=INT,TERM,HUP", env!("CARGO_BIN_EXE_pipeline-tests-cli-flags"), "run"])
            .args(flags)
            .current_dir(folder.path())
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(program.stdout.take().unwrap());
        let err = BufReader::new(program.stderr.take().unwrap());
        assert_eq!(line(&mut out), "half\n");
        let run = Self { folder, program, out, err };
        assert!(run.files().iter().any(|file| file.starts_with(".saving-")), "it is written beside");
        assert!(!run.has("slow.txt"));
        run
    }

    /// As a terminal does, which tells the program's whole group of processes.
    fn press_ctrl_c(&self) {
        self.send("INT");
    }

    fn send(&self, signal: &str) {
        let group = format!("-{}", self.program.id());
        assert!(Command::new("kill").args([&format!("-{signal}"), "--", &group]).status().unwrap().success());
    }

    /// The processes that the program has started.
    fn workers(&self) -> Vec<String> {
        let program = self.program.id().to_string();
        let workers = Command::new("ps").args(["-o", "pid=", "--ppid", &program]).output().unwrap();
        String::from_utf8(workers.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
    }

    fn go(&self) {
        fs::write(self.folder.path().join("go"), "").unwrap();
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    fn has(&self, name: &str) -> bool {
        self.data().join(name).exists()
    }

    fn files(&self) -> Vec<String> {
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        fs::read_dir(self.data()).unwrap().map(|entry| name(&entry.unwrap().path())).collect()
    }

    /// How it ends, and what else it tells.
    fn end(&mut self) -> (ExitStatus, String, String) {
        let status = self.program.wait().unwrap();
        let (mut out, mut err) = (String::new(), String::new());
        self.out.read_to_string(&mut out).unwrap();
        self.err.read_to_string(&mut err).unwrap();
        (status, out, err)
    }
}

impl Drop for InTheMiddle {
    fn drop(&mut self) {
        drop(self.program.kill());
        drop(self.program.wait());
    }
}

fn line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    line
}

const FIRST: &str = "Ctrl-C: running nodes are let finish, and no other is started; again to end at once\n";

/// The signals, what they are called, and the exit code of each.
const SIGNALS: [(&str, &str, i32); 3] = [("INT", "Ctrl-C", 130), ("TERM", "SIGTERM", 143), ("HUP", "SIGHUP", 129)];

const RUNNERS: [&str; 4] = ["SequentialRunner", "ThreadRunner", "ParallelRunner", "ProcessRunner"];

#[test]
fn the_first_ends_the_run_after_what_is_running() {
    for (runner, (signal, name, code)) in RUNNERS.into_iter().flat_map(|runner| SIGNALS.map(|signal| (runner, signal)))
    {
        let mut run = InTheMiddle::of_run(&["--pipeline", "slow", "--runner", runner]);
        run.send(signal);
        assert_eq!(line(&mut run.err), FIRST.replace("Ctrl-C", name), "{runner}");
        run.go();
        let (status, out, err) = run.end();
        assert_eq!((status.code(), out.as_str()), (Some(code), ""), "{runner}");
        assert_eq!(
            err,
            "error: the run of pipeline `slow` was cancelled before node `after: copy([slow]) -> [third]`\n\
             There is 1 node that has not run.\n\
             You can resume the pipeline run from the nearest nodes with persisted inputs by adding the following argument to \
             your previous command:\n  --from-nodes \"after\"\n",
            "{runner}"
        );
        // What was running is complete, nothing else was started, and nothing is left beside.
        assert_eq!(run.files(), ["slow.txt"], "{runner}");
        assert_eq!(fs::read_to_string(run.data().join("slow.txt")).unwrap(), "written from 1", "{runner}");
    }
}

#[test]
fn what_failed_before_is_told_too() {
    let mut run = InTheMiddle::of_run(&["--pipeline", "broken_and_slow", "--keep-going"]);
    run.press_ctrl_c();
    assert_eq!(line(&mut run.err), FIRST);
    run.go();
    let (status, out, err) = run.end();
    assert_eq!((status.code(), out.as_str()), (Some(130), ""));
    assert!(
        err.starts_with(
            "error: 1 node of pipeline `broken_and_slow` failed:\n  \
             node `refuse([first]) -> [second]` of pipeline `broken_and_slow` failed\n    caused by: refused\n  \
             the run of pipeline `broken_and_slow` was cancelled before node `after: copy([slow]) -> [third]`\n\
             Completed 2 out of 4 nodes\n\
             failed: refuse([first]) -> [second]\n\
             skipped, because the run was cancelled: after: copy([slow]) -> [third]\n"
        ),
        "{err}"
    );
}

#[test]
fn the_second_ends_the_program_at_once_with_its_own_code() {
    for (first, second, code) in
        [("TERM", "TERM", 143), ("INT", "TERM", 143), ("HUP", "INT", 130), ("HUP", "TERM", 143)]
    {
        let mut run = InTheMiddle::of_run(&["--pipeline", "slow"]);
        run.send(first);
        line(&mut run.err);
        run.send(second);
        let (status, out, err) = run.end();
        assert_eq!((status.code(), out.as_str(), err.as_str()), (Some(code), "", ""), "{first}, {second}");
        assert!(!run.has("slow.txt"));
    }
}

/// The system tells the group in the foreground, and so does the shell.
#[test]
fn a_terminal_that_says_twice_that_it_is_closed_ends_no_node() {
    let mut run = InTheMiddle::of_run(&["--pipeline", "slow"]);
    run.send("HUP");
    line(&mut run.err);
    run.send("HUP");
    run.send("HUP");
    run.go();
    let (status, _, err) = run.end();
    assert_eq!(status.code(), Some(129), "{err}");
    assert!(err.contains("--from-nodes \"after\""), "{err}");
    assert_eq!(run.files(), ["slow.txt"]);
}

/// A pipe that has no room, and its other end, which is not read.
fn full_pipe() -> (fs::File, std::os::fd::OwnedFd) {
    use rustix::pipe::{PipeFlags, pipe_with};
    let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).unwrap();
    let mut end = fs::File::from(write);
    while end.write(&[b'x'; 512]).is_ok() {}
    while end.write(b"x").is_ok() {}
    rustix::fs::fcntl_setfl(&end, rustix::fs::OFlags::empty()).unwrap();
    (end, read)
}

/// Ends a program that does not end by itself.
fn ends(program: &mut Child) -> Option<ExitStatus> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(20) {
        if let Some(status) = program.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    program.kill().unwrap();
    program.wait().unwrap();
    None
}

#[test]
fn a_standard_error_that_is_not_read_keeps_no_run_from_its_end() {
    for (runner, presses, pipeline) in [
        ("SequentialRunner", 1, "slow"),
        ("ProcessRunner", 1, "slow"),
        ("SequentialRunner", 2, "slow"),
        ("ProcessRunner", 1, "noisy"),
        ("ProcessRunner", 2, "noisy"),
        // This node writes in the program itself, and waits as any that does so: it is let finish,
        // and does not.
        ("ThreadRunner", 2, "noisy"),
    ] {
        let folder = tempdir().unwrap();
        let (write, _read) = full_pipe();
        let mut program = Command::new("env")
            .args(["--default-signal=INT", env!("CARGO_BIN_EXE_pipeline-tests-cli-flags"), "run"])
            .args(["--pipeline", pipeline, "--runner", runner])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(write)
            .spawn()
            .unwrap();
        assert_eq!(line(&mut BufReader::new(program.stdout.take().unwrap())), "half\n");
        let press =
            || assert!(Command::new("kill").args(["-INT", &program.id().to_string()]).status().unwrap().success());
        press();
        if presses == 2 {
            std::thread::sleep(Duration::from_millis(300));
            press();
        } else {
            fs::write(folder.path().join("go"), "").unwrap();
        }
        let status = ends(&mut program).unwrap_or_else(|| panic!("{pipeline} on {runner} does not end"));
        assert_eq!(status.code(), Some(130), "{pipeline} on {runner}, {presses}");
    }
}

#[test]
fn at_the_last_node_nothing_is_left_to_end_but_the_exit_code_tells_of_it() {
    let mut run = InTheMiddle::of_run(&["--pipeline", "only_slow"]);
    run.press_ctrl_c();
    assert_eq!(line(&mut run.err), FIRST);
    run.go();
    let (status, out, err) = run.end();
    assert_eq!((status.code(), err.as_str()), (Some(130), ""));
    assert!(out.starts_with("Completed 1 out of 1 nodes in "), "{out}");
    assert_eq!(run.files(), ["slow.txt"]);
}

#[test]
fn the_second_ends_the_program_at_once() {
    let mut run = InTheMiddle::of_run(&["--pipeline", "slow"]);
    run.press_ctrl_c();
    assert_eq!(line(&mut run.err), FIRST);
    run.press_ctrl_c();
    let (status, out, err) = run.end();
    assert_eq!((status.code(), status.signal()), (Some(130), None));
    assert_eq!((out.as_str(), err.as_str()), ("", ""));
    // It was in the middle of writing: the file does not have its name.
    assert!(!run.has("slow.txt"));
}

#[test]
fn the_second_ends_worker_processes_too() {
    let mut run = InTheMiddle::of_run(&["--pipeline", "slow", "--runner", "ProcessRunner"]);
    let workers = run.workers();
    assert_eq!(workers.len(), 1, "{workers:?}");
    run.press_ctrl_c();
    assert_eq!(line(&mut run.err), FIRST);
    assert!(is_running(&workers[0]), "it is let finish");
    run.press_ctrl_c();
    let (status, out, err) = run.end();
    assert_eq!((status.code(), status.signal()), (Some(130), None));
    assert_eq!((out.as_str(), err.as_str()), ("", ""));
    wait_until("the worker ends", || !is_running(&workers[0]));
    run.go();
    assert!(!run.has("slow.txt"));
}

#[test]
fn where_it_is_ignored_it_stays_so() {
    // As `nohup` and shells in the background start programs.
    for (signal, ..) in SIGNALS {
        let folder = tempdir().unwrap();
        let mut program = Command::new("env")
            .arg(format!("--ignore-signal={signal}"))
            .args([env!("CARGO_BIN_EXE_pipeline-tests-cli-flags"), "run", "--pipeline", "only_slow"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(program.stdout.take().unwrap());
        assert_eq!(line(&mut out), "half\n");
        let pid = program.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap().success());
        fs::write(folder.path().join("go"), "").unwrap();
        assert!(program.wait().unwrap().success(), "{signal}");
    }
}
