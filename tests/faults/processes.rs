//! The processes of a run, known by a mark in their environment.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The variable that marks them.
pub const MARK: &str = "FAULTS_MARK";

/// A process that is not over.
#[derive(Debug)]
pub struct Process {
    pub pid: i32,
    pub command: String,
}

/// All that have this mark.
pub fn marked(mark: &str) -> Vec<Process> {
    let mark = format!("{MARK}={mark}");
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_marked = |pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    let process = |pid: i32| {
        let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        (!command.is_empty()).then_some(Process { pid, command })
    };
    pids.filter(is_marked).filter_map(process).collect()
}

/// Those that are left after a while, if they do not end.
pub fn left_after(mark: &str, time: Duration, is_allowed: impl Fn(&Process) -> bool) -> Vec<Process> {
    let until = Instant::now() + time;
    loop {
        let left: Vec<Process> = marked(mark).into_iter().filter(|process| !is_allowed(process)).collect();
        if left.is_empty() || Instant::now() > until {
            return left;
        }
        sleep(Duration::from_millis(20));
    }
}

pub fn send(pid: i32, signal: &str) {
    let signal = match signal {
        "KILL" => Signal::SIGKILL,
        "TERM" => Signal::SIGTERM,
        "INT" => Signal::SIGINT,
        "HUP" => Signal::SIGHUP,
        "STOP" => Signal::SIGSTOP,
        _ => Signal::SIGCONT,
    };
    // One that is over has no use for it.
    let _ = kill(Pid::from_raw(pid), signal);
}

/// Ends all that have this mark.
pub fn end(mark: &str) {
    for process in marked(mark) {
        send(process.pid, "KILL");
    }
}
