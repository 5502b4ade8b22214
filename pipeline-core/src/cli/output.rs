//! What the command line writes. Once a signal has asked the program to end, an output that is not
//! read keeps it for a moment only.

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use super::{Failure, interrupt};

/// How long a program that is to end waits for what it has to say.
const MOMENT: Duration = Duration::from_secs(1);

/// Where a line goes.
#[derive(Clone, Copy)]
enum Output {
    Standard,
    Error,
}

impl Output {
    fn write(self, line: &str) -> io::Result<()> {
        match self {
            Self::Standard => {
                let mut out = io::stdout().lock();
                writeln!(out, "{line}")?;
                out.flush()
            }
            Self::Error => writeln!(io::stderr(), "{line}"),
        }
    }

    /// As [`write`](Self::write), from the thread that may wait for ever: others that write to the
    /// standard error are not to wait for that one.
    fn write_without_lock(self, line: &str) -> io::Result<()> {
        #[cfg(unix)]
        if let Self::Error = self {
            use std::os::fd::AsFd;
            let mut error = std::fs::File::from(io::stderr().as_fd().try_clone_to_owned()?);
            return error.write_all(format!("{line}\n").as_bytes());
        }
        self.write(line)
    }
}

/// A line for the thread that writes when the program is to end.
struct Line {
    to: Output,
    text: String,
    written: SyncSender<io::Result<()>>,
}

/// Writes a line to the standard output. A reader that went away, as `head` does, is no failure.
pub(super) fn say(line: &str) -> Result<(), Failure> {
    match write(Output::Standard, line) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let told = format!("the standard output cannot be written: {error}");
            Err(Failure::failed(io::Error::new(error.kind(), told)))
        }
        _ => Ok(()),
    }
}

/// Writes a line to the standard error. If that is gone, nobody is left to tell.
pub(super) fn tell(line: fmt::Arguments<'_>) {
    drop(write(Output::Error, &line.to_string()));
}

/// As [`tell`], for one who has no time: the line is written before those that come later.
pub(super) fn tell_without_waiting(line: String) {
    send(Output::Error, line);
}

fn write(to: Output, line: &str) -> io::Result<()> {
    /// Whether a line could not be written: those behind it cannot either.
    static IS_STUCK: AtomicBool = AtomicBool::new(false);
    if !interrupt::has_come() {
        return to.write(line);
    }
    let Some(written) = send(to, line.to_owned()) else { return to.write(line) };
    let moment = if IS_STUCK.load(Ordering::Relaxed) { Duration::ZERO } else { MOMENT };
    written.recv_timeout(moment).unwrap_or_else(|_| {
        IS_STUCK.store(true, Ordering::Relaxed);
        Err(io::ErrorKind::TimedOut.into())
    })
}

/// Has a thread write a line. None if there can be no thread.
fn send(to: Output, text: String) -> Option<std::sync::mpsc::Receiver<io::Result<()>>> {
    static WRITER: Mutex<Option<Sender<Line>>> = Mutex::new(None);
    let mut writer = WRITER.lock().unwrap_or_else(PoisonError::into_inner);
    if writer.is_none() {
        let (sender, lines) = channel::<Line>();
        let write = move || {
            for Line { to, text, written } in lines {
                drop(written.send(to.write_without_lock(&text)));
            }
        };
        Builder::new().name("output".to_owned()).spawn(write).ok()?;
        *writer = Some(sender);
    }
    let (written, result) = sync_channel(1);
    writer.as_ref()?.send(Line { to, text, written }).ok()?;
    Some(result)
}
