//! A stream that gives up when the time of a node is over.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::channel::Stream;

#[derive(Debug)]
pub(crate) struct Timed {
    stream: Arc<Stream>,
    deadline: Option<Instant>,
}

impl Timed {
    pub(crate) fn new(stream: impl Into<Arc<Stream>>) -> Self {
        Self { stream: stream.into(), deadline: None }
    }

    /// Ends the connection, whatever else holds it open.
    pub(crate) fn shut_down(&self) {
        // One that is over needs no end.
        drop(self.stream.shutdown(Shutdown::Both));
    }

    /// From then on, reading and writing are errors of the kind `TimedOut`.
    pub(crate) fn set_deadline(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        if self.deadline.is_some() && deadline.is_none() {
            self.stream.set_read_timeout(None)?;
            self.stream.set_write_timeout(None)?;
        }
        self.deadline = deadline;
        Ok(())
    }

    /// Does what reads or writes with the timeout that `set_timeout` sets.
    pub(crate) fn in_time<T>(
        &mut self,
        set_timeout: fn(&Stream, Option<Duration>) -> io::Result<()>,
        mut body: impl FnMut(&Stream) -> io::Result<T>,
    ) -> io::Result<T> {
        let Some(deadline) = self.deadline else { return body(&self.stream) };
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            set_timeout(&self.stream, Some(left))?;
            match body(&self.stream) {
                // Each system has its word for it, and its clock.
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
                result => return result,
            }
        }
    }
}

impl Read for Timed {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.in_time(Stream::set_read_timeout, |mut stream| stream.read(bytes))
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.in_time(Stream::set_write_timeout, |mut stream| stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.stream).flush()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_drip_in_do_not_put_the_deadline_off() {
        let (here, mut there) = Stream::pair().unwrap();
        let dripping = std::thread::spawn(move || {
            while there.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let mut timed = Timed::new(here);
        let mut bytes = Vec::new();
        timed.set_deadline(Instant::now().checked_add(Duration::from_millis(50))).unwrap();
        assert_eq!(timed.read_to_end(&mut bytes).unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(!bytes.is_empty());
        drop(timed);
        dripping.join().unwrap();
    }

    #[test]
    fn one_that_does_not_read_keeps_nobody_who_writes_past_the_deadline() {
        let (here, _there) = Stream::pair().unwrap();
        let mut timed = Timed::new(here);
        timed.set_deadline(Instant::now().checked_add(Duration::from_millis(50))).unwrap();
        assert_eq!(timed.write_all(&vec![0; 50_000_000]).unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn without_a_deadline_it_waits_again() {
        let (here, mut there) = Stream::pair().unwrap();
        let mut timed = Timed::new(here);
        timed.set_deadline(Instant::now().checked_add(Duration::from_millis(1))).unwrap();
        assert!(timed.read(&mut [0]).is_err());
        timed.set_deadline(None).unwrap();
        let writing = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            there.write_all(b"x").unwrap();
        });
        assert_eq!(timed.read(&mut [0]).unwrap(), 1);
        writing.join().unwrap();
    }
}
