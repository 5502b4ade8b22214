//! Ends the tests with a message should a run not end.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// Longer than any of the runs takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Watchdog(Sender<String>);

impl Watchdog {
    pub(crate) fn new() -> Self {
        let (sender, receiver) = mpsc::channel::<String>();
        thread::spawn(move || {
            let mut now = "the beginning".to_owned();
            loop {
                match receiver.recv_timeout(PATIENCE) {
                    Ok(next) => now = next,
                    Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => {
                        eprintln!("a run does not end: {now}");
                        std::process::abort();
                    }
                }
            }
        });
        Self(sender)
    }

    pub(crate) fn begins(&self, what: &str) {
        self.0.send(what.to_owned()).expect("it waits until this is dropped");
    }
}
