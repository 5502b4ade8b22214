//! Ctrl-C, SIGTERM and SIGHUP: the first one ends the runs of the command line, a second one the
//! program.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use super::output::{tell, tell_without_waiting};
use crate::Cancellation;

/// The runs of this process that a signal ends. A process has one handler of each, whatever it
/// runs.
static RUNNING: Mutex<Vec<Listed>> = Mutex::new(Vec::new());
/// Whether one has come.
static HAS_COME: AtomicBool = AtomicBool::new(false);

fn running() -> MutexGuard<'static, Vec<Listed>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this process has been asked to end. From then on no output that is not read keeps it.
pub(super) fn has_come() -> bool {
    HAS_COME.load(Ordering::Relaxed)
}

/// What asks a program to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    Hangup = 1,
    Interrupt = 2,
    #[cfg(unix)]
    Terminate = 15,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Hangup => "SIGHUP",
            Self::Interrupt => "Ctrl-C",
            #[cfg(unix)]
            Self::Terminate => "SIGTERM",
        }
    }

    /// As shells have it.
    fn exit_code(self) -> u8 {
        128 + self as u8
    }
}

/// A run, as the handler of signals sees it.
#[derive(Clone)]
struct Listed {
    cancellation: Cancellation,
    /// The exit code for the signal that has come, or 0.
    exit_code: Arc<AtomicU8>,
}

/// A run that a signal ends, until this is dropped.
pub(super) struct Interruptible(Listed);

impl Interruptible {
    pub(super) fn new() -> Self {
        static HANDLED: Once = Once::new();
        HANDLED.call_once(|| {
            if let Err(error) = handle() {
                tell(format_args!(
                    "warning: signals end this program in the middle of a node, as they cannot be handled: {error}"
                ));
            }
        });
        let run = Listed { cancellation: Cancellation::new(), exit_code: Arc::default() };
        running().push(run.clone());
        Self(run)
    }

    pub(super) fn cancellation(&self) -> &Cancellation {
        &self.0.cancellation
    }

    /// The exit code of a run that a signal has ended.
    pub(super) fn exit_code(&self) -> Option<u8> {
        Some(self.0.exit_code.load(Ordering::Relaxed)).filter(|code| *code != 0)
    }
}

impl Drop for Interruptible {
    fn drop(&mut self) {
        running().retain(|other| !other.cancellation.is_same(&self.0.cancellation));
    }
}

/// At a signal, on a thread for it, which waits for nothing that could keep it from hearing the
/// next one.
fn come(signal: Signal) {
    let running = running();
    let is_first = running.iter().any(|run| run.exit_code.load(Ordering::Relaxed) == 0);
    if !is_first {
        if signal == Signal::Hangup && !running.is_empty() {
            // A terminal that is closed says so several times: from the system, and from each
            // shell.
            return;
        }
        exit_at_once(signal.exit_code());
    }
    HAS_COME.store(true, Ordering::Relaxed);
    for run in running.iter() {
        // The first signal decides.
        let _ = run.exit_code.compare_exchange(0, signal.exit_code(), Ordering::Relaxed, Ordering::Relaxed);
    }
    let cancelled: Vec<Cancellation> = running.iter().map(|run| run.cancellation.clone()).collect();
    drop(running);
    tell_without_waiting(format!(
        "{}: running nodes are let finish, and no other is started; again to end at once",
        signal.name()
    ));
    cancelled.iter().for_each(Cancellation::cancel);
}

/// Ends the program without what programs do when they end, which could wait: for an output that is
/// not read, or for a library.
#[cfg(unix)]
pub(super) fn exit_at_once(code: u8) -> ! {
    signal_hook::low_level::exit(code.into())
}

#[cfg(not(unix))]
pub(super) fn exit_at_once(code: u8) -> ! {
    std::process::exit(code.into())
}

/// Handles the signals that this process neither ignores, as its parent may have asked it to, nor
/// handles already.
#[cfg(target_os = "linux")]
fn handle() -> io::Result<()> {
    let dispositions = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let is_known = dispositions.contains("SigIgn:");
    let is_free = |signal: &Signal| {
        let bit = 1_u64 << (*signal as u8 - 1);
        let is_in = |name| mask(&dispositions, name) & bit != 0;
        // A program under `nohup` is to outlive its terminal, so that signal is handled only if it
        // is known not to be ignored.
        !is_in("SigIgn:") && !is_in("SigCgt:") && (is_known || *signal != Signal::Hangup)
    };
    on_thread([Signal::Interrupt, Signal::Terminate, Signal::Hangup].into_iter().filter(is_free).collect())
}

/// The mask of this name in `/proc/self/status`.
#[cfg(target_os = "linux")]
fn mask(status: &str, name: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix(name));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

/// Other systems do not show what is ignored: `ctrlc` leaves Ctrl-C as it is then, and SIGHUP is
/// not handled.
#[cfg(all(unix, not(target_os = "linux")))]
fn handle() -> io::Result<()> {
    // Fails where the program handles Ctrl-C itself, or was started so that it is ignored: then it
    // stays so.
    drop(ctrlc::try_set_handler(|| come(Signal::Interrupt)));
    on_thread(vec![Signal::Terminate])
}

#[cfg(not(unix))]
fn handle() -> io::Result<()> {
    match ctrlc::try_set_handler(|| come(Signal::Interrupt)) {
        // The program handles Ctrl-C itself: it stays so.
        Ok(()) | Err(ctrlc::Error::MultipleHandlers) => Ok(()),
        Err(error) => Err(io::Error::other(error)),
    }
}

#[cfg(unix)]
fn on_thread(signals: Vec<Signal>) -> io::Result<()> {
    if signals.is_empty() {
        return Ok(());
    }
    let (sender, handled) = std::sync::mpsc::channel();
    let listen = move || {
        let incoming = signal_hook::iterator::Signals::new(signals.iter().map(|signal| *signal as i32));
        let (mut incoming, result) = match incoming {
            Ok(incoming) => (Some(incoming), Ok(())),
            Err(error) => (None, Err(error)),
        };
        drop(sender.send(result));
        for number in incoming.iter_mut().flat_map(|incoming| incoming.forever()) {
            if let Some(signal) = signals.iter().find(|signal| **signal as i32 == number) {
                come(*signal);
            }
        }
    };
    // The thread comes first: a signal that is handled and not heard would do nothing at all.
    std::thread::Builder::new().name("signals".to_owned()).spawn(listen)?;
    handled.recv().unwrap_or_else(|_| Err(io::Error::other("its thread has ended")))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn masks_are_read() {
        let status = "Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\nSigCgt:\t0000000180004002\n";
        assert_eq!(mask(status, "SigIgn:"), 0x1001);
        assert_eq!(mask(status, "SigCgt:"), 0x1_8000_4002);
        assert_eq!(mask("", "SigIgn:"), 0);
    }

    #[test]
    fn exit_codes_are_those_of_shells() {
        let codes = [Signal::Interrupt, Signal::Terminate, Signal::Hangup].map(Signal::exit_code);
        assert_eq!(codes, [130, 143, 129]);
    }
}
