//! Starts a run and disturbs it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::pipe::{PipeFlags, pipe_with};

use crate::case::{Case, Fault};
use crate::processes::{self, MARK};
use crate::program::{ACT, GENERATION, PACE, SIZE};

/// How long a run may take.
const LONG: Duration = Duration::from_secs(40);

/// What became of a run.
#[derive(Debug)]
pub struct Ended {
    /// The exit code, or minus the signal. None if it did not end.
    pub code: Option<i32>,
    pub err: String,
    /// The processes that it has left.
    pub left: Vec<processes::Process>,
    /// Whether the fault has reached anything, as a worker that was there to be killed.
    pub was_hit: bool,
}

/// The folder of a case.
#[derive(Debug)]
pub struct Place {
    pub folder: PathBuf,
    is_mounted: bool,
}

impl Place {
    pub fn new(folder: &Path) -> Self {
        for part in ["data", "tmp"] {
            fs::create_dir_all(folder.join(part)).expect("there is room for a folder");
        }
        Self { folder: folder.to_owned(), is_mounted: false }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub fn tmp(&self) -> PathBuf {
        self.folder.join("tmp")
    }

    /// Puts a small disk in the place of the data. It needs rights.
    pub fn mount(&mut self, kib: u64) -> bool {
        let size = format!("size={kib}k");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(self.data());
        self.is_mounted = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        self.is_mounted
    }

    /// Gives it room.
    pub fn enlarge(&self) {
        if self.is_mounted {
            drop(Command::new("mount").args(["-o", "remount,size=64m"]).arg(self.data()).status());
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_mounted {
            drop(Command::new("umount").arg("--lazy").arg(self.data()).status());
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// Starts the program in this place, with a limit of the shell if there is one.
fn command(case: &Case, place: &Place, generation: u64, mark: &str, limit: Option<String>) -> Command {
    let program = std::env::current_exe().expect("it is known");
    let mut command = match limit {
        Some(limit) => {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("ulimit {limit}; exec \"$@\""), "sh"]);
            shell.arg("env");
            shell
        }
        None => Command::new("env"),
    };
    // The script may have been started in the background, with signals ignored; a program inherits
    // that.
    command.args(["--default-signal=INT,HUP,TERM"]).arg(program).arg("run");
    command
        .args(["--pipeline", &format!("random_{}", case.pipeline), "--runner", case.runner])
        .args(&case.flags)
        .env(MARK, mark)
        .env(GENERATION, generation.to_string())
        .env(SIZE, case.size.to_string())
        .env(PACE, case.pace.to_string())
        .env("TMPDIR", place.tmp())
        .env_remove("RUST_BACKTRACE")
        .env_remove(ACT)
        .current_dir(&place.folder)
        .stdin(Stdio::null());
    if let Some(max_workers) = case.max_workers {
        command.args(["--max-workers", &max_workers.to_string()]);
    }
    command
}

fn file(place: &Place, name: &str) -> File {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true).open(place.folder.join(name)).expect("there is room")
}

/// What the run has told.
fn written(place: &Place) -> String {
    let mut bytes = Vec::new();
    drop(File::open(place.folder.join("err")).and_then(|mut file| file.read_to_end(&mut bytes)));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Runs without a fault.
pub fn undisturbed(case: &Case, place: &Place, generation: u64, flags: &[String]) -> Ended {
    let mark = format!("{:016x}", fastrand::u64(..));
    let mut command = command(case, place, generation, &mark, None);
    command.args(flags).stdout(file(place, "out")).stderr(file(place, "err"));
    let mut child = command.spawn().expect("it can be started");
    let code = wait(&mut child, LONG);
    ended(place, &mark, code, true)
}

/// A pipe that is full, and is not read.
fn full_pipe() -> (OwnedFd, OwnedFd) {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).expect("there are pipes");
    let mut end = File::from(write);
    while end.write(&[b'x'; 1024]).is_ok() {}
    while end.write(b"x").is_ok() {}
    // The flag is that of the pipe's end, which the program shares.
    rustix::fs::fcntl_setfl(&end, OFlags::empty()).expect("it is open");
    (read, end.into())
}

/// Runs with the case's fault.
pub fn disturbed(case: &Case, place: &Place, generation: u64) -> Ended {
    let mark = format!("{:016x}", fastrand::u64(..));
    let limit = match case.fault {
        Fault::OpenFiles { n } => Some(format!("-n {n}")),
        // In blocks of 512 bytes, as POSIX has it.
        Fault::FileSize { kib } => Some(format!("-f {}", 2 * kib)),
        _ => None,
    };
    let mut command = command(case, place, generation, &mark, limit);
    command.stdout(file(place, "out")).stderr(file(place, "err"));
    let mut pipe = None;
    match case.fault {
        Fault::Act(action) => {
            command.env(ACT, format!("n{}={action}", case.node));
        }
        Fault::Tmpdir(kind) => {
            command.env("TMPDIR", wrong_folder(place, kind));
        }
        Fault::FullStderr { .. } => {
            let (read, write) = full_pipe();
            command.stderr(write);
            pipe = Some(read);
        }
        Fault::Closed(which) => {
            let (read, write) = pipe_with(PipeFlags::CLOEXEC).expect("there are pipes");
            drop(read);
            if which == "output" {
                command.stdout(write)
            } else {
                command.stderr(write)
            };
        }
        _ => {}
    }
    let mut child = command.spawn().expect("it can be started");
    drop(command);
    let pid = i32::try_from(child.id()).expect("a number of a process");
    let mut was_hit = true;
    match case.fault {
        Fault::Signal { name, to_worker, after } => {
            sleep(Duration::from_millis(after));
            was_hit = send(&mark, pid, to_worker, name).is_some();
        }
        Fault::Twice { name, after } => {
            sleep(Duration::from_millis(after));
            processes::send(pid, name);
            sleep(Duration::from_millis(after % 10));
            processes::send(pid, name);
        }
        Fault::StopAndGo { to_worker, after } => {
            sleep(Duration::from_millis(after));
            let stopped = send(&mark, pid, to_worker, "STOP");
            sleep(Duration::from_millis(300));
            if let Some(pid) = stopped {
                processes::send(pid, "CONT");
            }
            was_hit = stopped.is_some();
        }
        Fault::StopForGood { after } => was_hit = stop_an_idle_one(&mark, &mut child, after),
        Fault::Act("stop") => {
            sleep(Duration::from_millis(1500));
            for process in processes::marked(&mark) {
                processes::send(process.pid, "CONT");
            }
        }
        Fault::FullStderr { after } => {
            sleep(Duration::from_millis(after));
            processes::send(pid, "INT");
        }
        _ => {}
    }
    let code = wait(&mut child, LONG);
    drop(pipe);
    let mut ended = ended(place, &mark, code, was_hit);
    if matches!(case.fault, Fault::Act("spawn")) {
        ended.left.retain(|process| !process.command.starts_with("sleep"));
    }
    processes::end(&mark);
    ended
}

fn wrong_folder(place: &Place, kind: &str) -> PathBuf {
    let folder = place.folder.join("wrong");
    match kind {
        "missing" => folder,
        "a file" => {
            fs::write(&folder, "").expect("there is room");
            folder
        }
        "read-only" => "/proc/self".into(),
        _ => {
            let folder = folder.join("x".repeat(120));
            fs::create_dir_all(&folder).expect("there is room");
            folder
        }
    }
}

/// Sends a signal to the run, or to one of its workers if there is one.
fn send(mark: &str, run: i32, to_worker: bool, signal: &str) -> Option<i32> {
    let pid = if to_worker {
        let workers: Vec<i32> = processes::marked(mark)
            .iter()
            .filter(|process| process.command.contains("pipeline-worker"))
            .map(|process| process.pid)
            .collect();
        fastrand::choice(workers)?
    } else {
        run
    };
    processes::send(pid, signal);
    Some(pid)
}

/// Stops a worker, which goes on only if it was not idle: nothing can know of one that is stopped
/// in the middle of a node.
fn stop_an_idle_one(mark: &str, child: &mut Child, after: u64) -> bool {
    sleep(Duration::from_millis(after));
    let Some(worker) = send(mark, -1, true, "STOP") else { return false };
    // It is let be for longer than an idle one may take.
    let until = Instant::now() + Duration::from_secs(6);
    while Instant::now() < until {
        if !matches!(child.try_wait(), Ok(None)) {
            return true;
        }
        sleep(Duration::from_millis(20));
    }
    processes::send(worker, "CONT");
    false
}

/// Waits for the end, with a limit.
fn wait(child: &mut Child, time: Duration) -> Option<i32> {
    let until = Instant::now() + time;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return status.code().or_else(|| status.signal().map(|signal| -signal));
        }
        if Instant::now() > until {
            return None;
        }
        sleep(Duration::from_millis(3));
    }
}

fn ended(place: &Place, mark: &str, code: Option<i32>, was_hit: bool) -> Ended {
    let is_spawned = |process: &processes::Process| process.command.starts_with("sleep");
    let mut left = Vec::new();
    if code.is_some() {
        // What a node has started and left goes on: it is asked about later.
        left = processes::left_after(mark, Duration::from_secs(3), is_spawned);
        left.extend(processes::marked(mark).into_iter().filter(is_spawned));
    }
    processes::end(mark);
    Ended { code, err: written(place), left, was_hit }
}
