//! The process of a worker: how it is started, what it writes to its standard error, and how it ended.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use crate::worker::channel::Listener;
use crate::worker::{ADDRESS, ARGUMENTS, TOKEN, group, joined};

/// How long a process may take to say that it is a worker. One whose `main` does something else is none.
const START: Duration = Duration::from_secs(60);
/// How long to wait for what a process that is gone has written: what it started may hold its standard error for ever.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How much of its standard error is told.
const MOST_BYTES: usize = 4096;
const MOST_LINES: usize = 20;

/// A process that is to be a worker.
pub(super) struct Process {
    child: Child,
    stderr: Arc<Mutex<VecDeque<u8>>>,
    events: Receiver<Event>,
    sender: Sender<Event>,
    /// Whether its standard error is at its end.
    is_silent: bool,
    /// Whether it has been waited for; then its number may be that of another.
    is_over: bool,
}

enum Event {
    /// It has connected.
    Met,
    /// It has closed its standard error, as when it ends.
    Silent,
}

/// How a process ended.
pub(super) struct Gone {
    /// "was killed by signal 9 (SIGKILL)"
    pub(super) how: String,
    /// The end of its standard error.
    pub(super) stderr: String,
}

impl Process {
    /// Starts this executable again.
    pub(super) fn start(arguments: &[OsString], is_test: bool, listener: &Listener) -> io::Result<Self> {
        let (address, token) = listener.address();
        let mut command = this_executable()?;
        command
            .args(arguments)
            .env(ADDRESS, address)
            .env(TOKEN, token)
            .env(ARGUMENTS, joined(arguments))
            .stdin(Stdio::null())
            .stdout(if is_test { Stdio::null() } else { Stdio::inherit() })
            .stderr(Stdio::piped());
        group::begin(&mut command);
        let mut child = command.spawn()?;
        let (sender, events) = channel();
        let stderr = Arc::default();
        let from = child.stderr.take();
        let process = Self { child, stderr, events, sender, is_silent: false, is_over: false };
        if let Some(from) = from {
            let (last, sender) = (Arc::clone(&process.stderr), process.sender.clone());
            let listen = move || {
                listen(from, &last);
                drop(sender.send(Event::Silent));
            };
            Builder::new().name("pipeline".to_owned()).spawn(listen)?;
        }
        Ok(process)
    }

    /// What to call when it has connected.
    pub(super) fn met(&self) -> impl FnOnce() + use<> {
        let sender = self.sender.clone();
        move || drop(sender.send(Event::Met))
    }

    /// Waits until it has connected, or will not.
    pub(super) fn ends_before_it_is_met(&mut self) -> bool {
        let event = self.events.recv_timeout(START);
        self.is_silent = matches!(event, Ok(Event::Silent));
        !matches!(event, Ok(Event::Met))
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.is_over |= !matches!(self.child.try_wait(), Ok(None));
        self.is_over
    }

    /// Learns how it ended. One that does not end by itself is ended, and with it what it has started.
    pub(super) fn gone(mut self) -> Gone {
        self.hear_last_words();
        let how = match self.end_group() {
            Ok(status) => told(status),
            Err(error) => format!("ended ({error})"),
        };
        let stderr: Vec<u8> = self.stderr.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        let stderr = String::from_utf8_lossy(&stderr);
        let mut lines: Vec<&str> = stderr.lines().rev().take(MOST_LINES).collect();
        lines.reverse();
        Gone { how, stderr: lines.join("\n") }
    }

    /// Waits for its end, which is near.
    pub(super) fn end(mut self) {
        self.is_over = true;
        drop(self.child.wait());
        self.hear_last_words();
    }

    /// Ends it in the middle of a node, and with it what it has started.
    pub(super) fn kill(mut self) {
        drop(self.end_group());
        self.hear_last_words();
    }

    /// To one that is ending already, this does nothing.
    fn end_group(&mut self) -> io::Result<ExitStatus> {
        if !self.is_over {
            group::kill(self.child.id());
            drop(self.child.kill());
            self.is_over = true;
        }
        self.child.wait()
    }

    fn hear_last_words(&mut self) {
        while !self.is_silent {
            match self.events.recv_timeout(LAST_WORDS) {
                Ok(Event::Met) => {}
                Ok(Event::Silent) => self.is_silent = true,
                Err(_) => return,
            }
        }
    }
}

/// However a run ends, its workers do not stay.
impl Drop for Process {
    fn drop(&mut self) {
        drop(self.end_group());
    }
}

/// This executable, even if another has been put in its place since.
fn this_executable() -> io::Result<Command> {
    let path = std::env::current_exe()?;
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::process::CommandExt;
        let running = std::path::Path::new("/proc/self/exe");
        if running.exists() {
            let mut command = Command::new(running);
            command.arg0(path);
            return Ok(command);
        }
    }
    Ok(Command::new(path))
}

/// Hands on what a process writes, and keeps the end of it.
fn listen(mut from: ChildStderr, last: &Mutex<VecDeque<u8>>) {
    let mut bytes = [0; MOST_BYTES];
    loop {
        let n_read = match from.read(&mut bytes) {
            Ok(0) => return,
            Ok(n_read) => n_read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let bytes = &bytes[..n_read];
        drop(io::stderr().write_all(bytes));
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        last.extend(bytes);
        let n_old = last.len().saturating_sub(MOST_BYTES);
        last.drain(..n_old);
    }
}

fn told(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let name = SIGNALS.iter().find_map(|(known, name)| (*known == signal).then(|| format!(" ({name})")));
        return format!("was killed by signal {signal}{}", name.unwrap_or_default());
    }
    status.code().map_or_else(|| "ended".to_owned(), |code| format!("exited with code {code}"))
}

/// The signals that have one number everywhere.
#[cfg(unix)]
const SIGNALS: &[(i32, &str)] = &[
    (1, "SIGHUP"),
    (2, "SIGINT"),
    (3, "SIGQUIT"),
    (4, "SIGILL"),
    (6, "SIGABRT"),
    (8, "SIGFPE"),
    (9, "SIGKILL"),
    (11, "SIGSEGV"),
    (13, "SIGPIPE"),
    (14, "SIGALRM"),
    (15, "SIGTERM"),
];
