//! The channel between a run and a worker: sockets that no other process can use, and never the
//! standard output or error, which belong to the nodes.
//!
//! There is one for messages, one as a *lifeline*, which the worker reads all the time, so that it
//! hears when the run is cancelled and ends when the process of the run is gone, and, where
//! processes can share memory, one over which that memory is handed on.
//!
//! On Unix the run makes pairs of sockets. One end is the standard input with which the worker
//! starts; the others are sent through it. So a worker needs no folder for a socket, no process can
//! connect in its place, and nothing is left behind, whatever is killed.

use std::io;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

#[cfg(not(unix))]
use self::tcp as transport;
pub(crate) use self::transport::{Stream, connect};
#[cfg(unix)]
use self::unix as transport;

/// The connections of a run and a worker.
#[derive(Debug)]
pub(crate) struct Connections {
    pub(crate) messages: Arc<Stream>,
    pub(crate) lifeline: Arc<Stream>,
    /// Memory that both share.
    pub(crate) files: Arc<Stream>,
}

/// What the run has ready for a worker before it starts one.
#[derive(Debug)]
pub(crate) struct Offer(transport::Offer);

impl Offer {
    pub(crate) fn new() -> io::Result<Self> {
        transport::Offer::new().map(Self)
    }

    /// Has the process that this command starts get its ends.
    pub(crate) fn hand_to(&mut self, command: &mut Command) -> io::Result<()> {
        self.0.hand_to(command)
    }

    /// The sockets to shut down when the worker ends: a process that it has started may hold its
    /// ends open.
    pub(crate) fn sockets(&self) -> Vec<Arc<Stream>> {
        self.0.sockets()
    }

    /// Waits until the worker has its ends. It is an error of the kind `TimedOut` if it has not
    /// then, and `UnexpectedEof` if it has ended.
    pub(crate) fn accept(self, deadline: Instant, has_ended: &mut dyn FnMut() -> bool) -> io::Result<Connections> {
        self.0.accept(deadline, has_ended)
    }
}

/// The first byte of a worker that has its ends.
const HELLO: u8 = b'h';

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::{self, IoSlice, IoSliceMut, Read, Write};
    use std::mem::MaybeUninit;
    use std::os::fd::{AsFd, OwnedFd};
    pub(crate) use std::os::unix::net::UnixStream as Stream;
    use std::process::Command;
    use std::sync::Arc;
    use std::time::Instant;

    use rustix::cmsg_space;
    use rustix::io::{FdFlags, fcntl_setfd};
    use rustix::net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
        recvmsg, sendmsg,
    };

    use super::{Connections, HELLO};
    use crate::worker::timed::Timed;

    /// The ends of the run, and those of the worker until it starts.
    #[derive(Debug)]
    pub(super) struct Offer {
        here: Connections,
        there: Option<[Stream; 3]>,
    }

    impl Offer {
        pub(super) fn new() -> io::Result<Self> {
            let ((messages, first), (lifeline, second), (files, third)) =
                (Stream::pair()?, Stream::pair()?, Stream::pair()?);
            let here = Connections { messages: messages.into(), lifeline: lifeline.into(), files: files.into() };
            Ok(Self { here, there: Some([first, second, third]) })
        }

        pub(super) fn hand_to(&mut self, command: &mut Command) -> io::Result<()> {
            if let Some([messages, lifeline, files]) = self.there.take() {
                let handed = [lifeline.as_fd(), files.as_fd()];
                let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(2))];
                let mut rights = SendAncillaryBuffer::new(&mut space);
                rights.push(SendAncillaryMessage::ScmRights(&handed));
                // They come with a byte, since a message cannot be empty. Nothing waits here: the
                // socket has room.
                let to = &*self.here.messages;
                rustix::io::retry_on_intr(|| sendmsg(to, &[IoSlice::new(&[HELLO])], &mut rights, SendFlags::empty()))?;
                command.stdin(OwnedFd::from(messages));
            }
            Ok(())
        }

        pub(super) fn sockets(&self) -> Vec<Arc<Stream>> {
            vec![Arc::clone(&self.here.messages), Arc::clone(&self.here.files)]
        }

        /// The end of the worker shuts its sockets down, so nothing needs to ask for it.
        pub(super) fn accept(self, deadline: Instant, _: &mut dyn FnMut() -> bool) -> io::Result<Connections> {
            let mut hello = [0];
            let mut messages = Timed::new(Arc::clone(&self.here.messages));
            messages.set_deadline(Some(deadline))?;
            messages.read_exact(&mut hello)?;
            messages.set_deadline(None)?;
            if hello == [HELLO] { Ok(self.here) } else { Err(io::ErrorKind::InvalidData.into()) }
        }
    }

    /// Takes the ends of a worker from its standard input, which is empty from then on.
    pub(crate) fn connect() -> io::Result<Connections> {
        let messages = Stream::from(rustix::stdio::stdin().try_clone_to_owned()?);
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(2))];
        let mut rights = RecvAncillaryBuffer::new(&mut space);
        let mut byte = [0];
        let receive = || recvmsg(&messages, &mut [IoSliceMut::new(&mut byte)], &mut rights, RecvFlags::empty());
        if rustix::io::retry_on_intr(receive)?.bytes == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let sent = rights.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(sent) => Some(sent),
            _ => None,
        });
        let mut sent = sent.flatten();
        let mut next = || {
            let none = || io::Error::other("its sockets are lost: the process has too many files open");
            let end: OwnedFd = sent.next().ok_or_else(none)?;
            fcntl_setfd(&end, FdFlags::CLOEXEC)?;
            Ok::<_, io::Error>(Arc::new(Stream::from(end)))
        };
        let (lifeline, files) = (next()?, next()?);
        (&messages).write_all(&[HELLO])?;
        Ok(Connections { messages: messages.into(), lifeline, files })
    }
}

/// Ports of this machine, for systems without such sockets. A process that connects shows with a
/// token that it has been started by the run.
#[cfg(any(not(unix), test))]
mod tcp {
    use std::collections::hash_map::RandomState;
    use std::hash::{BuildHasher, Hasher};
    use std::io::{self, Read, Write};
    pub(crate) use std::net::TcpStream as Stream;
    use std::net::{Ipv4Addr, TcpListener};
    use std::process::Command;
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    use super::HELLO;
    #[cfg(not(unix))]
    use super::{Arc, Connections};

    /// Where a worker finds the process of the run.
    pub(super) const ADDRESS: &str = "PIPELINE_CORE_WORKER_ADDRESS";
    /// By what it is known there.
    pub(super) const TOKEN: &str = "PIPELINE_CORE_WORKER_TOKEN";

    #[derive(Debug)]
    pub(super) struct Offer {
        listener: TcpListener,
        token: String,
    }

    impl Offer {
        pub(super) fn new() -> io::Result<Self> {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            // 128 bits that nobody can guess: the standard library keys its hash maps with random
            // numbers of the system.
            let random = || RandomState::new().build_hasher().finish();
            Ok(Self { listener, token: format!("{:016x}{:016x}", random(), random()) })
        }

        pub(super) fn hand_to(&mut self, command: &mut Command) -> io::Result<()> {
            command.env(ADDRESS, self.listener.local_addr()?.to_string()).env(TOKEN, &self.token);
            Ok(())
        }

        #[cfg(not(unix))]
        #[expect(clippy::unused_self, reason = "other transports have some")]
        pub(super) fn sockets(&self) -> Vec<Arc<Stream>> {
            Vec::new()
        }

        #[cfg(not(unix))]
        pub(super) fn accept(self, deadline: Instant, has_ended: &mut dyn FnMut() -> bool) -> io::Result<Connections> {
            let mut accept = |role| self.accept_one(role, deadline, has_ended).map(Into::into);
            Ok(Connections { messages: accept(b'm')?, lifeline: accept(b'l')?, files: accept(b'f')? })
        }

        /// Waits for the connection of this role, which the worker makes in this order.
        pub(super) fn accept_one(
            &self,
            role: u8,
            deadline: Instant,
            has_ended: &mut dyn FnMut() -> bool,
        ) -> io::Result<Stream> {
            loop {
                let mut stream = match self.listener.accept() {
                    Ok((stream, _)) => stream,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        if has_ended() {
                            return Err(io::ErrorKind::UnexpectedEof.into());
                        }
                        if Instant::now() >= deadline {
                            return Err(io::ErrorKind::TimedOut.into());
                        }
                        sleep(Duration::from_millis(2));
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                stream.set_nonblocking(false)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(Duration::from_secs(1)))?;
                let mut hello = vec![0; self.token.len() + 2];
                // A process that does not know the token is skipped.
                if stream.read_exact(&mut hello).is_ok()
                    && hello.starts_with(self.token.as_bytes())
                    && hello.ends_with(&[HELLO, role])
                {
                    stream.set_read_timeout(None)?;
                    return Ok(stream);
                }
            }
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn connect() -> io::Result<Connections> {
        let variable = |name| std::env::var(name).map_err(io::Error::other);
        let (address, token) = (variable(ADDRESS)?, variable(TOKEN)?);
        let connect = |role| connect_to(&address, &token, role).map(Into::into);
        Ok(Connections { messages: connect(b'm')?, lifeline: connect(b'l')?, files: connect(b'f')? })
    }

    pub(super) fn connect_to(address: &str, token: &str, role: u8) -> io::Result<Stream> {
        let mut stream = Stream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut hello = token.as_bytes().to_vec();
        hello.extend([HELLO, role]);
        stream.write_all(&hello)?;
        Ok(stream)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::time::Duration;

    use super::*;

    fn variable(command: &Command, wanted: &str) -> String {
        let value = command.get_envs().find(|(name, _)| *name == wanted).and_then(|(_, value)| value);
        value.expect("it is set").to_string_lossy().into_owned()
    }

    #[test]
    fn a_process_that_does_not_know_the_token_is_skipped() {
        let (mut offer, mut command) = (tcp::Offer::new().unwrap(), Command::new("worker"));
        offer.hand_to(&mut command).unwrap();
        let (address, token) = (variable(&command, tcp::ADDRESS), variable(&command, tcp::TOKEN));
        drop(tcp::connect_to(&address, &"0".repeat(32), b'm').unwrap());
        drop(tcp::connect_to(&address, &token, b'l').unwrap());
        let mut there = tcp::connect_to(&address, &token, b'm').unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut here = offer.accept_one(b'm', deadline, &mut || false).unwrap();
        there.write_all(b"hello").unwrap();
        let mut bytes = [0; 5];
        here.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"hello");
        let none = offer.accept_one(b'l', deadline, &mut || true).unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(offer.accept_one(b'l', Instant::now(), &mut || false).unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[cfg(unix)]
    #[test]
    fn a_process_that_takes_nothing_keeps_no_run_waiting() {
        let mut offer = Offer::new().unwrap();
        let mut command = Command::new("worker");
        offer.hand_to(&mut command).unwrap();
        let error = offer.accept(Instant::now() + Duration::from_millis(20), &mut || false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let mut offer = Offer::new().unwrap();
        offer.hand_to(&mut Command::new("worker")).unwrap();
        let error = offer.accept(Instant::now() + Duration::from_secs(10), &mut || false).unwrap_err();
        assert!(matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset), "{error:?}");
    }
}
