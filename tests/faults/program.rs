//! The program whose runs are disturbed: a command line over random pipelines. Each value says
//! which dataset of which generation it is, and what is to be in it.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio, abort, exit};
use std::thread::sleep;
use std::time::Duration;

use pipeline_core::prelude::*;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, Signal, getpid, kill_process, pidfd_getfd, pidfd_open};
use serde::{Deserialize, Serialize};

include!(concat!(env!("OUT_DIR"), "/faults.rs"));

/// Which generation of all values a run makes.
pub const GENERATION: &str = "FAULTS_GENERATION";
/// How many numbers are in a value.
pub const SIZE: &str = "FAULTS_SIZE";
/// How many milliseconds a node takes at most.
pub const PACE: &str = "FAULTS_PACE";
/// A node and what it does when it is executed first, as `n3=abort`.
pub const ACT: &str = "FAULTS_ACT";

fn number(variable: &str) -> u64 {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(1)
}

/// A hash of what a value is a part of (FNV).
fn hash(text: &str, number: u64) -> u64 {
    let bytes = text.bytes().chain(number.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The numbers in a value.
fn numbers(dataset: &str, generation: u64, size: u64) -> impl Iterator<Item = u64> {
    let seed = hash(dataset, generation);
    (0..size).map(move |index| seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15)).rotate_left(17))
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payload {
    dataset: String,
    generation: u64,
    numbers: Vec<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    dataset: String,
    generation: u64,
    size: u64,
    number: u64,
}

impl Payload {
    fn new(dataset: &str, generation: u64, size: u64) -> Self {
        Self { dataset: dataset.to_owned(), generation, numbers: numbers(dataset, generation, size).collect() }
    }

    fn text(&self) -> String {
        let mut text = format!("{} {} {}\n", self.dataset, self.generation, self.numbers.len());
        for number in &self.numbers {
            writeln!(text, "{number:016x}").expect("a string grows");
        }
        text + "END\n"
    }

    fn from_text(text: &str) -> Option<Self> {
        let (first, rest) = text.split_once('\n')?;
        let mut words = first.split(' ');
        let (dataset, generation, size) =
            (words.next()?.to_owned(), words.next()?.parse().ok()?, words.next()?.parse::<usize>().ok()?);
        let numbers: Vec<u64> = rest
            .strip_suffix("END\n")?
            .lines()
            .map(|line| u64::from_str_radix(line, 16).ok())
            .collect::<Option<_>>()?;
        (numbers.len() == size).then_some(Self { dataset, generation, numbers })
    }

    fn from_rows(rows: &[Row]) -> Option<Self> {
        let Row { dataset, generation, size, .. } = rows.first()?;
        let is_same = |row: &Row| (&row.dataset, row.generation, row.size) == (dataset, *generation, *size);
        let is_whole = rows.len() as u64 == *size && rows.iter().all(is_same);
        let numbers = rows.iter().map(|row| row.number).collect();
        is_whole.then(|| Self { dataset: dataset.clone(), generation: *generation, numbers })
    }
}

/// What a node returns.
pub trait Made {
    fn made(dataset: &str) -> Self;
}

impl Made for Payload {
    fn made(dataset: &str) -> Self {
        Self::new(dataset, number(GENERATION), number(SIZE))
    }
}

impl Made for Vec<Row> {
    fn made(dataset: &str) -> Self {
        let Payload { dataset, generation, numbers } = Payload::made(dataset);
        let size = numbers.len() as u64;
        numbers.into_iter().map(|number| Row { dataset: dataset.clone(), generation, size, number }).collect()
    }
}

impl Made for String {
    fn made(dataset: &str) -> Self {
        Payload::made(dataset).text()
    }
}

impl Made for Vec<u8> {
    fn made(dataset: &str) -> Self {
        String::made(dataset).into_bytes()
    }
}

/// What a node reads.
pub trait Whole {
    /// It, if nothing of it is missing.
    fn payload(&self) -> Option<Payload>;

    /// Which generation of this dataset it is, if it is that and whole.
    fn generation(&self, dataset: &str) -> Result<u64, String> {
        let payload = self.payload().ok_or_else(|| format!("`{dataset}` is not whole"))?;
        let generation = payload.generation;
        if payload == Payload::new(dataset, generation, payload.numbers.len() as u64) {
            Ok(generation)
        } else {
            Err(format!("`{dataset}` has what is not its own: it is `{}` of {generation}", payload.dataset))
        }
    }

    /// Whether it is what this run has made.
    fn check(&self, dataset: &str) -> Result<(), String> {
        let (read, made) = (self.generation(dataset)?, number(GENERATION));
        if read == made { Ok(()) } else { Err(format!("`{dataset}` is of generation {read}, and this is {made}")) }
    }
}

impl Whole for Payload {
    fn payload(&self) -> Option<Payload> {
        Some(self.clone())
    }
}

impl Whole for [Row] {
    fn payload(&self) -> Option<Payload> {
        Payload::from_rows(self)
    }
}

impl Whole for str {
    fn payload(&self) -> Option<Payload> {
        Payload::from_text(self)
    }
}

impl Whole for [u8] {
    fn payload(&self) -> Option<Payload> {
        Payload::from_text(std::str::from_utf8(self).ok()?)
    }
}

/// Which generation is in a file.
pub fn generation_in(folder: &std::path::Path, file: &str) -> Result<u64, String> {
    let (dataset, end) = file.split_once('.').unwrap_or((file, ""));
    let path = folder.join(file);
    let failed = |error| format!("`{dataset}`: {error}");
    match end {
        "json" => Json::<Payload>::new(path).load().map_err(failed)?.generation(dataset),
        "csv" => Csv::<Row>::new(path).load().map_err(failed)?.generation(dataset),
        "txt" => Text::new(path).load().map_err(failed)?.generation(dataset),
        _ => Bytes::new(path).load().map_err(failed)?.generation(dataset),
    }
}

/// What each node does.
fn work<const N: usize>(node: &str, inputs: [Result<(), String>; N]) -> Result<(), String> {
    inputs.into_iter().collect::<Result<Vec<()>, _>>().map_err(|problem| format!("WRONG INPUT: {problem}"))?;
    sleep(Duration::from_millis(hash(node, number(GENERATION)) % number(PACE).max(1)));
    let act = std::env::var(ACT).unwrap_or_default();
    match act.split_once('=') {
        // Only once: what is run again goes well.
        Some((at, action)) if at == node && File::create_new(format!("acted-{at}")).is_ok() => do_it(action),
        _ => Ok(()),
    }
}

/// All that nodes do and should not.
pub const ACTIONS: [&str; 15] = [
    "abort",
    "exit0",
    "exit3",
    "panic",
    "error",
    "spawn",
    "spawn_and_abort",
    "stop",
    "terminate",
    "kill",
    "garbage",
    "zeros",
    "garbage_and_abort",
    "close",
    "noise",
];

/// Starts a process that stays, unless it is ended with the worker.
fn sleeper() {
    drop(Command::new("sleep").arg("300").stdin(Stdio::null()).spawn());
}

fn signal(signal: Signal) {
    let _ = kill_process(getpid(), signal);
    sleep(Duration::from_millis(300));
}

fn do_it(action: &str) -> Result<(), String> {
    match action {
        "abort" => abort(),
        "exit0" => exit(0),
        "exit3" => exit(3),
        "panic" => panic!("as it was asked to"),
        "error" => return Err("as it was asked to".to_owned()),
        "spawn" => sleeper(),
        "spawn_and_abort" => {
            sleeper();
            abort()
        }
        "stop" => signal(Signal::STOP),
        "terminate" => signal(Signal::TERM),
        "kill" => signal(Signal::KILL),
        "garbage" => write_to_sockets(&random_bytes()),
        "zeros" => write_to_sockets(&[0; 64]),
        "garbage_and_abort" => {
            write_to_sockets(&random_bytes());
            abort()
        }
        "close" => close_sockets(),
        _ => eprintln!("{}", "noise\n".repeat(20_000)),
    }
    Ok(())
}

fn random_bytes() -> Vec<u8> {
    (0..fastrand::usize(1..100)).map(|_| fastrand::u8(..)).collect()
}

/// The numbers of this process's open sockets. Only a worker has some.
fn sockets() -> Vec<i32> {
    let is_worker = std::env::args().any(|argument| argument == "pipeline-worker");
    let open = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let is_socket = |entry: &fs::DirEntry| {
        fs::read_link(entry.path()).is_ok_and(|link| link.to_string_lossy().starts_with("socket:"))
    };
    let sockets = open.filter(|entry| is_worker && is_socket(entry));
    sockets.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// A hostile answer: bytes that the worker has not written.
fn write_to_sockets(bytes: &[u8]) {
    let own: Pid = getpid();
    let Ok(process) = pidfd_open(own, PidfdFlags::empty()) else { return };
    for socket in sockets() {
        if let Ok(end) = pidfd_getfd(&process, socket, PidfdGetfdFlags::empty()) {
            drop(File::from(end).write_all(bytes));
        }
    }
}

fn close_sockets() {
    for socket in sockets() {
        let _ = nix::unistd::close(socket);
    }
}
