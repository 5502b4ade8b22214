//! A stream that gives up when the time of a node is over.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use crate::worker::channel::Stream;

pub(super) struct Timed {
    stream: Stream,
    deadline: Option<Instant>,
}

impl Timed {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, deadline: None }
    }

    /// From then on, reading and writing are errors of the kind `TimedOut`.
    pub(super) fn set_deadline(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        if self.deadline.is_some() && deadline.is_none() {
            self.stream.set_read_timeout(None)?;
            self.stream.set_write_timeout(None)?;
        }
        self.deadline = deadline;
        Ok(())
    }

    fn in_time<T>(
        &mut self,
        set_timeout: fn(&Stream, Option<Duration>) -> io::Result<()>,
        mut body: impl FnMut(&mut Stream) -> io::Result<T>,
    ) -> io::Result<T> {
        let Some(deadline) = self.deadline else { return body(&mut self.stream) };
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            set_timeout(&self.stream, Some(left))?;
            match body(&mut self.stream) {
                // Each system has its word for it, and its clock.
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
                result => return result,
            }
        }
    }
}

impl Read for Timed {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.in_time(Stream::set_read_timeout, |stream| stream.read(bytes))
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.in_time(Stream::set_write_timeout, |stream| stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
