//! A worker, as the process of the run has it: how it is met, called and ended.

use std::ffi::OsString;
use std::io::{self, BufReader, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::Builder;
use std::time::Instant;

use super::child::{Gone, Process};
use crate::dag::NodeId;
use crate::error::told::Told;
use crate::run::elsewhere::{Agreement, Carried, Input, Keeper, Wanted};
use crate::worker::Files;
use crate::worker::bytes::Bytes;
use crate::worker::channel::{Listener, Role, Stream, connect};
use crate::worker::message::{Call, read_agreed, read_outcome, write_agreement, write_call, write_forget};
use crate::worker::timed::Timed;

/// A worker process.
pub(super) struct Worker {
    process: Process,
    messages: BufReader<Timed>,
    files: Files,
    keeper: Arc<Keeper>,
    lifeline: Arc<Stream>,
    n_calls: u64,
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
        let met = meet(&listener, &mut process).and_then(|Streams { messages, lifeline, files }| {
            lifeline.set_nonblocking(true)?;
            let keeper = Keeper::new(messages.try_clone()?);
            write_agreement(&messages, agreement)?;
            let mut messages = BufReader::new(Timed::new(messages));
            Ok((read_agreed(&mut messages)?, messages, files, keeper, Arc::new(lifeline)))
        });
        match met {
            Ok((Ok(()), messages, files, keeper, lifeline)) => {
                Ok(Self { process, messages, files, keeper, lifeline, n_calls: 0 })
            }
            Ok((Err(problem), messages, _, keeper, _)) => {
                drop((messages, keeper));
                process.end();
                Err(problem)
            }
            Err(_) => {
                let Gone { how, stderr } = process.gone();
                let serves = match arguments.first() {
                    Some(test) if is_test => format!("does a test `{}` call `worker::serve`?", test.display()),
                    _ => "does `main` begin with `worker::serve`? In a test, call `workers_of_test`".to_owned(),
                };
                let told = format!("it {how} before it was ready; {serves}\n{stderr}");
                Err(told.trim_end().replace('\n', "\n  "))
            }
        }
    }

    /// Whether it has ended while it had nothing to do, or has said more than it was asked.
    pub(super) fn has_ended(&mut self) -> bool {
        !self.messages.buffer().is_empty() || self.process.has_ended()
    }

    /// Has a node executed that has these outputs. An error is one of the channel: the worker is gone, or the time is over and its kind
    /// is `TimedOut`, or what came is no answer and its kind is `InvalidData`.
    pub(super) fn call(
        &mut self,
        node: NodeId,
        inputs: &Carried<Wanted>,
        outputs: &[u32],
        deadline: Option<Instant>,
    ) -> io::Result<Result<Carried<Bytes>, Told>> {
        let sent = |Wanted { value, is_last }: &Wanted| {
            let is_kept = value.is_kept_by(&self.keeper);
            if is_kept { Input::Kept { is_last: *is_last } } else { Input::Sent(Arc::clone(value)) }
        };
        let sent = inputs.iter().map(|(id, wanted)| (*id, sent(wanted))).collect();
        self.messages.get_mut().set_deadline(deadline)?;
        self.files.set_deadline(deadline)?;
        for slot in self.keeper.begin_call() {
            write_forget(self.messages.get_mut(), slot)?;
        }
        self.n_calls += 1;
        let call = Call { number: self.n_calls, node: node.0 };
        write_call(self.messages.get_mut(), &mut self.files, call, &sent)?;
        let outcome = read_outcome(&mut self.messages, &mut self.files, call, outputs)?;
        self.keeper.end_call();
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
        let Self { process, messages, files, keeper, lifeline, .. } = self;
        drop((messages, files, keeper));
        process.end();
        drop(lifeline);
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
