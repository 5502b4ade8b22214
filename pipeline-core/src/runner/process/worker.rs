//! A worker, as the process of the run has it: how it is met, called and ended.

use std::ffi::OsString;
use std::io::{self, BufReader, Write};
use std::sync::{Arc, Weak};
use std::thread::Builder;

use super::child::{Gone, Process};
use crate::dag::NodeId;
use crate::run::elsewhere::{Agreement, Carried, Input, Keeper, Wanted};
use crate::worker::Files;
use crate::worker::bytes::Bytes;
use crate::worker::channel::{Listener, Role, Stream, connect};
use crate::worker::message::{Told, read_agreed, read_outcome, write_agreement, write_call};

/// A worker process.
pub(super) struct Worker {
    process: Process,
    messages: BufReader<Stream>,
    files: Files,
    keeper: Arc<Keeper>,
    lifeline: Arc<Stream>,
}

/// By which a worker hears that the run is cancelled.
pub(super) struct Lifeline(Weak<Stream>);

impl Lifeline {
    /// One that is gone need not hear it.
    pub(super) fn cancel(&self) {
        if let Some(stream) = self.0.upgrade() {
            drop((&*stream).write(&[0]));
        }
    }
}

impl Worker {
    /// Starts a worker that agrees.
    pub(super) fn start(arguments: &[OsString], is_test: bool, agreement: &Agreement) -> Result<Self, String> {
        let not_started = |error: io::Error| format!("it cannot be started: {error}");
        let listener = Listener::new().map_err(not_started)?;
        let mut process = Process::start(arguments, is_test, &listener).map_err(not_started)?;
        let met = meet(&listener, &mut process).and_then(|streams| {
            let keeper = Keeper::new(streams.messages.try_clone()?);
            write_agreement(&streams.messages, agreement)?;
            let mut messages = BufReader::new(streams.messages);
            Ok((read_agreed(&mut messages)?, messages, streams.files, keeper, Arc::new(streams.lifeline)))
        });
        match met {
            Ok((Ok(()), messages, files, keeper, lifeline)) => Ok(Self { process, messages, files, keeper, lifeline }),
            Ok((Err(problem), messages, _, keeper, _)) => {
                drop((messages, keeper));
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

    pub(super) fn lifeline(&self) -> Lifeline {
        Lifeline(Arc::downgrade(&self.lifeline))
    }

    /// Whether it has ended while it had nothing to do.
    pub(super) fn has_ended(&mut self) -> bool {
        self.process.has_ended()
    }

    /// Has a node executed. An error is one of the channel: the worker is gone.
    pub(super) fn call(&mut self, node: NodeId, inputs: &Carried<Wanted>) -> io::Result<Result<Carried<Bytes>, Told>> {
        let sent = |Wanted { value, is_last }: &Wanted| {
            let is_kept = value.is_kept_by(&self.keeper);
            if is_kept { Input::Kept { is_last: *is_last } } else { Input::Sent(Arc::clone(value)) }
        };
        let sent = inputs.iter().map(|(id, wanted)| (*id, sent(wanted))).collect();
        write_call(&*self.keeper.lock(), &self.files, node.0, &sent)?;
        let outcome = read_outcome(&mut self.messages, &self.files)?;
        for ((_, Wanted { value, .. }), (_, sent)) in inputs.iter().zip(&sent) {
            // What a node that failed has seen, the worker does not hand to another.
            if matches!(sent, Input::Kept { is_last } if *is_last || outcome.is_err()) {
                drop(value.let_go());
            }
        }
        Ok(outcome)
    }

    pub(super) fn keeper(&self) -> &Arc<Keeper> {
        &self.keeper
    }

    /// Learns what became of a worker that no longer answers.
    pub(super) fn gone(self) -> Gone {
        self.process.gone()
    }

    /// Ends a worker that has nothing to do.
    pub(super) fn end(self) {
        let Self { process, messages, files, keeper, lifeline } = self;
        drop((messages, files, keeper, lifeline));
        process.end();
    }
}

/// The connections of a worker.
struct Streams {
    messages: Stream,
    lifeline: Stream,
    files: Files,
}

/// Waits until the process has connected, or has ended.
fn meet(listener: &Listener, process: &mut Process) -> io::Result<Streams> {
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
        let accept_all = || {
            let (messages, lifeline) = (accept(Role::Messages)?, accept(Role::Lifeline)?);
            Ok(Streams { messages, lifeline, files: Files::over(|| accept(Role::Files))? })
        };
        let streams = accept_all();
        met();
        streams
    })
}
