//! The channel between a run and a worker: a socket that nobody else can use, and never the standard streams, which belong to the nodes.
//!
//! The process of the run listens, and the worker that it starts connects once for messages, once for a *lifeline*, on which the
//! worker waits all the time, so that it hears when the run is cancelled, and ends when the process of the run is gone, and where processes can
//! share memory, once for that.

use std::collections::hash_map::RandomState;
use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read, Write};
use std::time::Duration;

#[cfg(not(unix))]
use self::tcp as transport;
pub(crate) use self::transport::Stream;
#[cfg(unix)]
use self::unix as transport;

/// By which a connection shows that it comes from a process that the run has started.
pub(crate) type Token = String;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Role {
    Messages = b'm',
    Lifeline = b'l',
    /// Memory that both share.
    Files = b'f',
    /// Nothing: nobody will connect any more.
    GaveUp = b'g',
}

/// Where a worker connects.
pub(crate) struct Listener {
    listener: transport::Listener,
    token: Token,
}

impl Listener {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { listener: transport::Listener::new()?, token: token() })
    }

    pub(crate) fn address(&self) -> (OsString, Token) {
        (self.listener.address(), self.token.clone())
    }

    /// Waits for a connection of this role, unless one says that there will be none.
    pub(crate) fn accept(&self, role: Role) -> io::Result<Option<Stream>> {
        loop {
            let mut stream = self.listener.accept()?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            let mut hello = vec![0; self.token.len() + 1];
            // Whoever does not know the token is passed over.
            let Ok(()) = stream.read_exact(&mut hello) else { continue };
            let Some((said, token)) = hello.split_last() else { continue };
            if token != self.token.as_bytes() {
                continue;
            }
            if *said == role as u8 {
                stream.set_read_timeout(None)?;
                return Ok(Some(stream));
            }
            if *said == Role::GaveUp as u8 {
                return Ok(None);
            }
        }
    }
}

/// Connects to the process of the run.
pub(crate) fn connect(address: &OsStr, token: &str, role: Role) -> io::Result<Stream> {
    let mut stream = transport::connect(address)?;
    let mut hello = token.as_bytes().to_vec();
    hello.push(role as u8);
    stream.write_all(&hello)?;
    Ok(stream)
}

/// 128 bits that nobody can guess: the standard library keys its hash maps with random numbers of the system.
fn token() -> Token {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

/// A socket in a folder of its own, that only this user can open.
#[cfg(unix)]
mod unix {
    use std::ffi::{OsStr, OsString};
    use std::fs::{self, DirBuilder};
    use std::io;
    use std::os::unix::fs::DirBuilderExt;
    use std::os::unix::net::UnixListener;
    pub(crate) use std::os::unix::net::UnixStream as Stream;
    use std::path::PathBuf;

    pub(super) struct Listener {
        listener: UnixListener,
        folder: PathBuf,
    }

    impl Listener {
        pub(super) fn new() -> io::Result<Self> {
            let folder = std::env::temp_dir().join(format!("pipeline-{}", &super::token()[..16]));
            DirBuilder::new().mode(0o700).create(&folder)?;
            match UnixListener::bind(folder.join("worker")) {
                Ok(listener) => Ok(Self { listener, folder }),
                Err(error) => {
                    drop(fs::remove_dir_all(&folder));
                    Err(error)
                }
            }
        }

        pub(super) fn address(&self) -> OsString {
            self.folder.join("worker").into_os_string()
        }

        pub(super) fn accept(&self) -> io::Result<Stream> {
            self.listener.accept().map(|(stream, _)| stream)
        }
    }

    impl Drop for Listener {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.folder));
        }
    }

    pub(super) fn connect(address: &OsStr) -> io::Result<Stream> {
        Stream::connect(address)
    }
}

/// A port of this machine, for systems without such sockets.
#[cfg(any(not(unix), test))]
mod tcp {
    use std::ffi::{OsStr, OsString};
    use std::io;
    pub(crate) use std::net::TcpStream as Stream;
    use std::net::{Ipv4Addr, TcpListener};

    pub(super) struct Listener(TcpListener);

    impl Listener {
        pub(super) fn new() -> io::Result<Self> {
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map(Self)
        }

        pub(super) fn address(&self) -> OsString {
            self.0.local_addr().map(|address| address.to_string()).unwrap_or_default().into()
        }

        pub(super) fn accept(&self) -> io::Result<Stream> {
            let (stream, _) = self.0.accept()?;
            stream.set_nodelay(true)?;
            Ok(stream)
        }
    }

    pub(super) fn connect(address: &OsStr) -> io::Result<Stream> {
        let stream = Stream::connect(address.to_string_lossy().as_ref())?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_know_the_token_is_passed_over() {
        let listener = Listener::new().unwrap();
        let (address, token) = listener.address();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                drop(connect(&address, &"0".repeat(32), Role::Messages).unwrap());
                drop(connect(&address, &token, Role::Lifeline).unwrap());
                connect(&address, &token, Role::Messages).unwrap().write_all(b"x").unwrap();
                drop(connect(&address, &token, Role::GaveUp).unwrap());
            });
            let mut stream = listener.accept(Role::Messages).unwrap().unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            assert_eq!(text, "x");
            assert!(listener.accept(Role::Messages).unwrap().is_none());
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_socket_leaves_nothing_behind() {
        let listener = Listener::new().unwrap();
        let folder = std::path::Path::new(&listener.address().0).parent().unwrap().to_owned();
        assert!(folder.exists());
        drop(listener);
        assert!(!folder.exists());
    }

    #[test]
    fn a_port_works_as_a_socket_does() {
        let listener = tcp::Listener::new().unwrap();
        let mut there = tcp::connect(&listener.address()).unwrap();
        let mut here = listener.accept().unwrap();
        there.write_all(b"hello").unwrap();
        let mut bytes = [0; 5];
        here.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"hello");
    }
}
