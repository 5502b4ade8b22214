//! What a random case is: a pipeline, a runner, and a fault.

use std::fmt;

use fastrand::Rng;

use crate::program::{ACTIONS, FILES};

/// What disturbs a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: the run is to go well.
    None,
    /// A node does what nodes should not.
    Act(&'static str),
    /// A signal for the run, or for one of its workers, after so many milliseconds.
    Signal { name: &'static str, to_worker: bool, after: u64 },
    /// The same signal for the run twice.
    Twice { name: &'static str, after: u64 },
    /// The run, or a worker, is stopped, and goes on after a while.
    StopAndGo { to_worker: bool, after: u64 },
    /// An idle worker is stopped for good, when the run has come to its last nodes.
    StopForGood { after: u64 },
    /// So many KiB are free where the files are.
    FullDisk { kib: u64 },
    /// No file may be larger than so many KiB.
    FileSize { kib: u64 },
    /// So many files may be open.
    OpenFiles { n: u64 },
    /// A folder for temporary files that is none.
    Tmpdir(&'static str),
    /// The standard error is full, nobody reads it, and Ctrl-C is pressed.
    FullStderr { after: u64 },
    /// The standard output or error is closed.
    Closed(&'static str),
}

impl Fault {
    /// How it is counted.
    pub fn kind(self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Act(action) => format!("node: {action}"),
            Self::Signal { name, to_worker, .. } => format!("{name} to {}", of(to_worker)),
            Self::Twice { name, .. } => format!("{name} twice to the run"),
            Self::StopAndGo { to_worker, .. } => format!("STOP and CONT to {}", of(to_worker)),
            Self::StopForGood { .. } => "STOP to an idle worker".to_owned(),
            Self::FullDisk { .. } => "full disk".to_owned(),
            Self::FileSize { .. } => "limit of file size".to_owned(),
            Self::OpenFiles { .. } => "limit of open files".to_owned(),
            Self::Tmpdir(kind) => format!("TMPDIR: {kind}"),
            Self::FullStderr { .. } => "full standard error".to_owned(),
            Self::Closed(which) => format!("closed {which}"),
        }
    }
}

fn of(to_worker: bool) -> &'static str {
    if to_worker { "a worker" } else { "the run" }
}

/// One case.
#[derive(Debug)]
pub struct Case {
    pub pipeline: usize,
    pub runner: &'static str,
    pub max_workers: Option<u64>,
    pub flags: Vec<&'static str>,
    pub size: u64,
    pub pace: u64,
    /// Which node acts, if one does.
    pub node: usize,
    pub fault: Fault,
    /// Whether an older generation of all files is there before.
    pub has_old: bool,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pipeline, runner, max_workers, flags, size, pace, node, fault, has_old } = self;
        write!(f, "random_{pipeline}, {runner}, workers {max_workers:?}, {flags:?}, size {size}, pace {pace} ms, ")?;
        write!(f, "node n{node}, old files {has_old}, {fault:?}")
    }
}

impl Case {
    pub fn random(random: &mut Rng) -> Self {
        // Most of what can go wrong does so with worker processes.
        let runner = *random
            .choice(&[
                "ProcessRunner",
                "ProcessRunner",
                "ProcessRunner",
                "SequentialRunner",
                "ThreadRunner",
                "ParallelRunner",
            ])
            .expect("there are some");
        let is_process = runner == "ProcessRunner";
        let has_workers = runner != "SequentialRunner" && random.bool();
        let mut flags = Vec::new();
        for flag in ["--async", "--keep-going"] {
            if random.u8(0..6) == 0 {
                flags.push(flag);
            }
        }
        let mut pace = *random.choice(&[1, 10, 60]).expect("there are some");
        let fault = fault(random, is_process, pace);
        if let Fault::StopForGood { .. } = fault {
            // Where all nodes are quick no worker is idle for long.
            pace = 200;
        }
        Self {
            pipeline: random.usize(0..FILES.len()),
            runner,
            max_workers: has_workers.then(|| random.u64(1..=3)),
            flags,
            size: *random.choice(&[1, 20, 500, 500, 20_000]).expect("there are some"),
            pace,
            node: random.usize(0..4),
            fault,
            has_old: random.bool(),
        }
    }
}

fn fault(random: &mut Rng, is_process: bool, pace: u64) -> Fault {
    // About as long as the run takes.
    let after = random.u64(0..40 + 3 * pace);
    let to_worker = is_process && random.bool();
    match random.u8(0..20) {
        0 => Fault::None,
        1..=6 => Fault::Act(random.choice(&ACTIONS).expect("there are some")),
        7 => Fault::Twice { name: random.choice(&["TERM", "INT", "HUP"]).expect("there are some"), after },
        8..=11 => {
            let name = *random.choice(&["KILL", "KILL", "TERM", "INT", "HUP"]).expect("there are some");
            Fault::Signal { name, to_worker, after }
        }
        12 => Fault::StopAndGo { to_worker, after },
        13 if is_process => Fault::StopForGood { after: random.u64(50..400) },
        13 | 14 => Fault::FullDisk { kib: *random.choice(&[4, 16, 64, 400]).expect("there are some") },
        15 => Fault::FileSize { kib: *random.choice(&[1, 8, 64]).expect("there are some") },
        16 => Fault::OpenFiles { n: random.u64(5..25) },
        17 => Fault::Tmpdir(random.choice(&["missing", "a file", "read-only", "long"]).expect("there are some")),
        18 => Fault::FullStderr { after },
        _ => Fault::Closed(random.choice(&["output", "error"]).expect("there are some")),
    }
}
