//! The process of a worker: how it is started, what it writes to its standard error, and how it ended.
//!
//! No wait here is without end: a process that is asked to end and does not is killed, and one that
//! the system does not end even then is left alone.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use crate::worker::channel::{Offer, Stream};
use crate::worker::{ARGUMENTS, group, joined};

/// How long a worker that has nothing to do may take to end by itself: its libraries may have
/// something to write.
const END: Duration = Duration::from_secs(3);
/// How long to wait for the end of a process that has closed its connection, or has been killed.
const NEAR_END: Duration = Duration::from_secs(1);
/// How long to wait for what a process that is gone has written: what it started may hold its standard error for ever.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long to wait for an output to have room before the run is asked whether it goes on.
const MOMENT: Duration = Duration::from_millis(100);
/// How often to look where the end of a process is no event.
const POLL: Duration = Duration::from_millis(10);
/// How much of its standard error is told.
const MOST_BYTES: usize = 4096;
const MOST_LINES: usize = 20;

/// A process that is to be a worker.
pub(super) struct Process {
    child: Child,
    stderr: Arc<Mutex<VecDeque<u8>>>,
    events: Receiver<Event>,
    /// Whether its standard error is at its end.
    is_silent: bool,
    /// Whether it is over. Its number is its own until it has been waited for.
    has_ended: bool,
    /// Whether its group needs no end any more.
    is_left: bool,
}

enum Event {
    /// It is over.
    #[cfg_attr(not(unix), expect(dead_code, reason = "its end is looked for, time and again"))]
    Ended,
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
    pub(super) fn start(
        arguments: &[OsString],
        is_test: bool,
        offer: &mut Offer,
        is_cancelled: Arc<AtomicBool>,
    ) -> io::Result<Self> {
        let mut command = this_executable()?;
        command
            .args(arguments)
            .env(ARGUMENTS, joined(arguments))
            .stdin(Stdio::null())
            .stdout(if is_test { Stdio::null() } else { Stdio::inherit() })
            .stderr(Stdio::piped());
        offer.hand_to(&mut command)?;
        group::begin(&mut command);
        let mut child = command.spawn()?;
        let (sender, events) = channel();
        let stderr = Arc::default();
        let from = child.stderr.take();
        let process = Self { child, stderr, events, is_silent: false, has_ended: false, is_left: false };
        if let Some(from) = from {
            let (last, sender) = (Arc::clone(&process.stderr), sender.clone());
            let listen = move || {
                listen(from, &last, &is_cancelled);
                drop(sender.send(Event::Silent));
            };
            Builder::new().name("pipeline".to_owned()).spawn(listen)?;
        }
        process.watch(offer.sockets(), sender)?;
        Ok(process)
    }

    /// Has its end heard, and shuts its sockets down then: a process that it has started may hold
    /// its ends of them.
    #[cfg(unix)]
    fn watch(&self, sockets: Vec<Arc<Stream>>, sender: Sender<Event>) -> io::Result<()> {
        let pid = self.child.id();
        let watch = move || {
            group::wait(pid);
            for socket in sockets {
                drop(socket.shutdown(std::net::Shutdown::Both));
            }
            drop(sender.send(Event::Ended));
        };
        Builder::new().name("pipeline".to_owned()).spawn(watch).map(drop)
    }

    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "elsewhere it does something")]
    fn watch(&self, _sockets: Vec<Arc<Stream>>, _sender: Sender<Event>) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.hears(Duration::ZERO, |process| process.has_ended)
    }

    /// Whether it has been stopped, as by a debugger: then it cannot be asked anything.
    pub(super) fn is_stopped(&self) -> bool {
        group::is_stopped(self.child.id())
    }

    /// Learns how it ended after an error of its connection. One that does not end by itself is
    /// ended, and with it what it has started.
    pub(super) fn gone(mut self, error: &io::Error) -> Gone {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
        let is_closed =
            matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe | NotConnected);
        // An answer that is none has no end to wait for.
        let has_ended = self.hears(if is_closed { NEAR_END } else { POLL }, |process| process.has_ended);
        let status = self.end_group();
        self.hear_last_words();
        let how = match status {
            _ if !has_ended && is_closed => "closed its connection to the run, and was killed for it".to_owned(),
            _ if !has_ended => format!("was killed by the run, as their connection failed: {error}"),
            Ok(Some(status)) => told(status),
            Ok(None) => "ended".to_owned(),
            Err(error) => format!("ended ({error})"),
        };
        Gone { how, stderr: self.last_words() }
    }

    /// Waits for its end, which is near.
    pub(super) fn end(mut self) {
        self.is_left = self.hears(END, |process| process.has_ended);
        drop(self.end_group());
        self.hear_last_words();
    }

    /// Ends it in the middle of a node, and with it what it has started. Returns the end of its
    /// standard error.
    pub(super) fn kill(mut self) -> String {
        drop(self.end_group());
        self.hear_last_words();
        self.last_words()
    }

    /// To one that is over already, this does nothing; what it has started is ended, unless it is
    /// left.
    fn end_group(&mut self) -> io::Result<Option<ExitStatus>> {
        if !self.is_left {
            self.is_left = true;
            group::kill(self.child.id());
            drop(self.child.kill());
        }
        // The system may not be able to end it, as when it waits for a disk that is gone.
        if self.hears(NEAR_END, |process| process.has_ended) { self.child.wait().map(Some) } else { Ok(None) }
    }

    fn hear_last_words(&mut self) {
        self.hears(LAST_WORDS, |process| process.is_silent);
    }

    /// Waits until something is so, or the time is over.
    fn hears(&mut self, time: Duration, is_so: impl Fn(&Self) -> bool) -> bool {
        let until = Instant::now() + time;
        loop {
            if cfg!(not(unix)) {
                self.has_ended |= !matches!(self.child.try_wait(), Ok(None));
            }
            if is_so(self) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(if cfg!(unix) { left } else { left.min(POLL) }) {
                Ok(Event::Ended) => self.has_ended = true,
                Ok(Event::Silent) => self.is_silent = true,
                Err(RecvTimeoutError::Disconnected) if cfg!(not(unix)) => thread::sleep(left.min(POLL)),
                Err(_) if left.is_zero() || cfg!(unix) => return false,
                Err(_) => {}
            }
        }
    }

    fn last_words(&self) -> String {
        let stderr: Vec<u8> = self.stderr.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        let stderr = String::from_utf8_lossy(&stderr);
        let mut lines: Vec<&str> = stderr.lines().rev().take(MOST_LINES).collect();
        lines.reverse();
        lines.join("\n")
    }
}

/// However a run ends, its workers do not stay.
impl Drop for Process {
    fn drop(&mut self) {
        if !self.is_left {
            drop(self.end_group());
        }
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
fn listen(mut from: ChildStderr, last: &Mutex<VecDeque<u8>>, is_cancelled: &AtomicBool) {
    let mut bytes = [0; MOST_BYTES];
    let mut is_stuck = false;
    loop {
        let n_read = match from.read(&mut bytes) {
            Ok(0) => return,
            Ok(n_read) => n_read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let bytes = &bytes[..n_read];
        {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            last.extend(bytes);
            let n_old = last.len().saturating_sub(MOST_BYTES);
            last.drain(..n_old);
        }
        is_stuck = !hand_on(bytes, is_stuck, is_cancelled);
    }
}

/// Writes to this process's standard error. Where that is not read, a node that writes waits, as it
/// does in one process; but once the run has been cancelled, what has no room for a moment is
/// dropped, or the node could not end.
fn hand_on(bytes: &[u8], is_stuck: bool, is_cancelled: &AtomicBool) -> bool {
    let mut stuck_since = None;
    loop {
        {
            // No thread waits with the lock: others have something to say, too.
            let mut stderr = io::stderr().lock();
            if group::has_room(&stderr, Duration::ZERO) {
                drop(stderr.write_all(bytes));
                return true;
            }
        }
        if is_cancelled.load(Ordering::Relaxed) {
            let since = *stuck_since.get_or_insert_with(Instant::now);
            if is_stuck || since.elapsed() >= LAST_WORDS {
                return false;
            }
        }
        group::has_room(&io::stderr(), MOMENT);
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
