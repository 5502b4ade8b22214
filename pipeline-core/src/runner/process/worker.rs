//! A worker, as the process of the run has it: how it is met, called and ended.

use std::ffi::OsString;
use std::io::{self, BufReader, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::Builder;
use std::time::Instant;

use super::child::{Gone, Process};
use super::timed::Timed;
use crate::dag::NodeId;
use crate::run::elsewhere::{Agreement, Carried};
use crate::worker::channel::{Listener, Role, Stream, connect};
use crate::worker::message::{Told, read_agreed, read_outcome, write_agreement, write_call};

/// A worker process.
pub(super) struct Worker {
    process: Process,
    messages: BufReader<Timed>,
    lifeline: Arc<Stream>,
}

/// By which the workers of a run hear that it is cancelled.
#[derive(Default)]
pub(super) struct Lifelines(Mutex<Vec<Weak<Stream>>>);

impl Lifelines {
    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Stream>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those that are there.
    pub(super) fn cancel(&self) {
        for stream in self.lock().iter().filter_map(Weak::upgrade) {
            // One that is gone need not hear it.
            drop((&*stream).write(&[0]));
        }
    }

    /// Adds that of a worker, and forgets those of workers that are gone.
    pub(super) fn add(&self, worker: &Worker) {
        let mut lifelines = self.lock();
        lifelines.retain(|stream| stream.strong_count() > 0);
        lifelines.push(Arc::downgrade(&worker.lifeline));
    }
}

impl Worker {
    /// Starts a worker that agrees.
    pub(super) fn start(arguments: &[OsString], is_test: bool, agreement: &Agreement) -> Result<Self, String> {
        let not_started = |error: io::Error| format!("it cannot be started: {error}");
        let listener = Listener::new().map_err(not_started)?;
        let mut process = Process::start(arguments, is_test, &listener).map_err(not_started)?;
        let met = meet(&listener, &mut process).and_then(|(messages, lifeline)| {
            lifeline.set_nonblocking(true)?;
            write_agreement(&messages, agreement)?;
            let mut messages = BufReader::new(Timed::new(messages));
            Ok((read_agreed(&mut messages)?, messages, lifeline))
        });
        match met {
            Ok((Ok(()), messages, lifeline)) => Ok(Self { process, messages, lifeline: Arc::new(lifeline) }),
            Ok((Err(problem), messages, _)) => {
                drop(messages);
                process.end();
                Err(problem)
            }
            Err(_) => {
                let Gone { how, stderr } = process.gone();
                let serves = if is_test { "does a test of that name call" } else { "does `main` begin with" };
                let told = format!("it {how} before it was ready; {serves} `worker::serve`?\n{stderr}");
                Err(told.trim_end().replace('\n', "\n  "))
            }
        }
    }

    /// Whether it has ended while it had nothing to do.
    pub(super) fn has_ended(&mut self) -> bool {
        self.process.has_ended()
    }

    /// Has a node executed. An error is one of the channel: the worker is gone, or the time is over and its kind is `TimedOut`.
    pub(super) fn call(
        &mut self,
        node: NodeId,
        inputs: &Carried<Arc<Vec<u8>>>,
        deadline: Option<Instant>,
    ) -> io::Result<Result<Carried<Vec<u8>>, Told>> {
        self.messages.get_mut().set_deadline(deadline)?;
        write_call(self.messages.get_mut(), node.0, inputs)?;
        read_outcome(&mut self.messages)
    }

    /// Whether a node has cancelled its run since this was asked last; or it has heard that the run is cancelled.
    pub(super) fn has_cancelled(&self) -> bool {
        matches!((&*self.lifeline).read(&mut [0; 8]), Ok(1..))
    }

    /// Ends a worker in the middle of a node.
    pub(super) fn kill(self) {
        self.process.kill();
    }

    /// Learns what became of a worker that no longer answers.
    pub(super) fn gone(self) -> Gone {
        self.process.gone()
    }

    /// Ends a worker that has nothing to do.
    pub(super) fn end(self) {
        let Self { process, messages, lifeline } = self;
        drop(messages);
        process.end();
        drop(lifeline);
    }
}

/// Waits until the process has connected, or has ended.
fn meet(listener: &Listener, process: &mut Process) -> io::Result<(Stream, Stream)> {
    let (address, token) = listener.address();
    std::thread::scope(|scope| {
        let met = process.met();
        let give_up = move || {
            if process.ends_before_it_is_met() {
                drop(connect(&address, &token, Role::GaveUp));
            }
        };
        Builder::new().name("pipeline".to_owned()).spawn_scoped(scope, give_up)?;
        let none = || io::Error::other("nobody connected");
        let accept = |role| listener.accept(role)?.ok_or_else(none);
        let streams = accept(Role::Messages).and_then(|messages| Ok((messages, accept(Role::Lifeline)?)));
        met();
        streams
    })
}
