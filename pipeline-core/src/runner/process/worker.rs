//! A worker, as the process of the run has it: how it is met, called and ended.

use std::ffi::OsString;
use std::io::{self, BufReader, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::child::{Gone, Process};
use crate::dag::NodeId;
use crate::error::told::Told;
use crate::run::elsewhere::{Agreement, Carried, Input, Keeper, Wanted};
use crate::worker::Files;
use crate::worker::bytes::Bytes;
use crate::worker::channel::{Connections, Offer, Stream};
use crate::worker::message::{Call, read_agreed, read_outcome, write_agreement, write_call, write_forget};
use crate::worker::timed::Timed;

/// How long a process may take to say that it is a worker. One whose `main` does something else is
/// none.
const START: Duration = Duration::from_secs(60);

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
pub(super) struct Lifelines {
    streams: Mutex<Vec<Weak<Stream>>>,
    /// For those who hand on what workers write.
    is_cancelled: Arc<AtomicBool>,
}

impl Lifelines {
    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Stream>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those that are there.
    pub(super) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
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
    pub(super) fn start(
        arguments: &[OsString],
        is_test: bool,
        agreement: &Agreement,
        lifelines: &Lifelines,
    ) -> Result<Self, NotStarted> {
        let mut offer = Offer::new().map_err(NotStarted::of_system)?;
        let is_cancelled = Arc::clone(&lifelines.is_cancelled);
        let mut process =
            Process::start(arguments, is_test, &mut offer, is_cancelled).map_err(NotStarted::of_system)?;
        let test = is_test.then(|| arguments.first()).flatten();
        let Connections { messages, lifeline, files } =
            match offer.accept(Instant::now() + START, &mut || process.has_ended()) {
                Ok(connections) => connections,
                Err(error) => return Err(NotStarted::of_process(process, error, false, test)),
            };
        // The lifeline is held until it is known how the process ended: without one, a worker ends
        // itself.
        let shake_hands = || {
            lifeline.set_nonblocking(true)?;
            let keeper = Keeper::new(messages.try_clone()?);
            write_agreement(&*messages, agreement)?;
            let mut messages = BufReader::new(Timed::new(messages));
            Ok((read_agreed(&mut messages)?, messages, keeper))
        };
        match shake_hands() {
            Ok((Ok(()), messages, keeper)) => {
                Ok(Self { process, messages, files: Files::over(files), keeper, lifeline, n_calls: 0 })
            }
            Ok((Err(problem), messages, _)) => {
                messages.get_ref().shut_down();
                process.end();
                Err(NotStarted { problem, node_is_told: false, source: None })
            }
            Err(error) => Err(NotStarted::of_process(process, error, true, test)),
        }
    }

    /// Whether it has ended, or was stopped, while it had nothing to do, or has said more than it was asked: then it is of
    /// no use to the next node.
    pub(super) fn is_lost(&mut self) -> bool {
        !self.messages.buffer().is_empty() || self.process.has_ended() || self.process.is_stopped()
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
        drop(self.process.kill());
    }

    /// Learns what became of a worker after an error of its connection.
    pub(super) fn gone(self, error: &io::Error) -> Gone {
        self.process.gone(error)
    }

    /// Ends a worker that has nothing to do.
    pub(super) fn end(self) {
        let Self { process, messages, files, keeper, lifeline, .. } = self;
        messages.get_ref().shut_down();
        drop((messages, files, keeper));
        process.end();
        drop(lifeline);
    }
}

/// Why there is no worker.
pub(super) struct NotStarted {
    pub(super) problem: String,
    /// Whether it is of the moment in which a node needed a worker. Otherwise no node of the
    /// pipeline can have one.
    pub(super) node_is_told: bool,
    pub(super) source: Option<io::Error>,
}

impl NotStarted {
    /// The system has no process, or not what one needs.
    fn of_system(error: io::Error) -> Self {
        let advice = advice(&error).map(|advice| format!(": {advice}")).unwrap_or_default();
        Self { problem: format!("it cannot be started{advice}"), node_is_told: true, source: Some(error) }
    }

    /// A process has been started, and has not become a worker.
    fn of_process(process: Process, error: io::Error, serves: bool, test: Option<&OsString>) -> Self {
        let asks = match test {
            _ if serves => String::new(),
            Some(test) => format!("; does a test `{}` call `worker::serve`?", test.display()),
            None => "; does `main` begin with `worker::serve`? In a test, call `workers_of_test`".to_owned(),
        };
        let (problem, stderr, source) = if let Some(advice) = advice(&error) {
            (format!("it was killed by the run, which cannot use it: {advice}"), process.kill(), Some(error))
        } else if error.kind() == io::ErrorKind::TimedOut {
            (format!("it was not ready within {START:?}, and was killed{asks}"), process.kill(), Some(error))
        } else {
            let Gone { how, stderr } = process.gone(&error);
            (format!("it {how} before it was ready{asks}"), stderr, None)
        };
        let problem = format!("{problem}\n{stderr}").trim_end().replace('\n', "\n  ");
        Self { problem, node_is_told: true, source }
    }
}

/// What to do about an error of the system.
fn advice(error: &io::Error) -> Option<&'static str> {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let files = "this process has too many files open; `ulimit -n` says how many it may have, and fewer `max_workers` need fewer";
        let processes = "this user has too many processes or threads; `ulimit -u` says how many there may be, and fewer `max_workers` need fewer";
        match Errno::from_io_error(error)? {
            Errno::MFILE => return Some(files),
            Errno::NFILE => return Some("the system has too many files open"),
            Errno::AGAIN => return Some(processes),
            _ => {}
        }
    }
    (error.kind() == io::ErrorKind::OutOfMemory).then_some("there is no memory for another process")
}
