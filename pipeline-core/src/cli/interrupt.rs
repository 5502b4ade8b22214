//! Ctrl-C: the first one ends the runs of the command line, a second one the program.

use std::process;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use super::{INTERRUPTED, tell};
use crate::Cancellation;

/// The runs of this process that Ctrl-C ends. A process has one Ctrl-C, whatever it runs.
static RUNNING: Mutex<Vec<Cancellation>> = Mutex::new(Vec::new());

fn running() -> MutexGuard<'static, Vec<Cancellation>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run that Ctrl-C ends, until this is dropped.
pub(super) struct Interruptible {
    cancellation: Cancellation,
}

impl Interruptible {
    pub(super) fn new() -> Self {
        static HANDLED: Once = Once::new();
        HANDLED.call_once(|| {
            // Fails where the program handles Ctrl-C itself, or was started so that it is ignored: then it stays so.
            drop(ctrlc::try_set_handler(interrupt));
        });
        let cancellation = Cancellation::new();
        running().push(cancellation.clone());
        Self { cancellation }
    }

    pub(super) fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }
}

impl Drop for Interruptible {
    fn drop(&mut self) {
        running().retain(|other| !other.is_same(&self.cancellation));
    }
}

/// At Ctrl-C, on a thread for it.
fn interrupt() {
    let running = running();
    if running.iter().all(Cancellation::is_cancelled) {
        process::exit(INTERRUPTED.into());
    }
    running.iter().for_each(Cancellation::cancel);
    drop(running);
    tell(format_args!("Ctrl-C: running nodes are let finish, and no other is started; again to end at once"));
}
