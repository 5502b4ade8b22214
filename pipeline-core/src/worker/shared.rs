//! Memory that processes share: a file without a name, which goes from process to process over a socket of its own.
//!
//! It is gone when the last process that has it open closes it or ends, however it ends, so nothing has to be cleaned up. Linux has such files;
//! elsewhere all bytes go through the socket of messages.

#[cfg(target_os = "linux")]
pub(crate) use self::linux::{Files, Shared};
#[cfg(not(target_os = "linux"))]
pub(crate) use self::nowhere::{Files, Shared};

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io::{self, IoSlice, IoSliceMut};
    use std::mem::MaybeUninit;
    use std::os::fd::AsFd;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Instant;

    use memmap2::Mmap;
    use rustix::cmsg_space;
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, memfd_create};
    use rustix::net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
        recvmsg, sendmsg,
    };

    use crate::worker::channel::Stream;
    use crate::worker::timed::Timed;

    /// How many may be open in a process: they count among all its files, of which it may have a thousand.
    const MANY: usize = 256;
    static OPEN: AtomicUsize = AtomicUsize::new(0);

    /// Nobody can change what is in it any more.
    const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::WRITE);

    /// Memory that nobody can change any more, open in this process.
    #[derive(Debug)]
    pub(crate) struct Shared {
        file: File,
        len: usize,
    }

    impl Shared {
        /// A file to write to, for [`Shared::new`].
        pub(crate) fn file() -> io::Result<File> {
            if Self::are_many() {
                return Err(io::Error::other("too many are open"));
            }
            let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
            Ok(File::from(memfd_create("pipeline", flags)?))
        }

        /// What has been written.
        pub(crate) fn new(file: File, len: usize) -> io::Result<Self> {
            fcntl_add_seals(&file, SEALS)?;
            Ok(Self::open(file, len))
        }

        fn open(file: File, len: usize) -> Self {
            OPEN.fetch_add(1, Ordering::Relaxed);
            Self { file, len }
        }

        pub(crate) fn are_many() -> bool {
            OPEN.load(Ordering::Relaxed) >= MANY
        }

        pub(crate) fn len(&self) -> usize {
            self.len
        }

        /// What is in it.
        #[expect(unsafe_code, reason = "to read 100 MB of it into a buffer first takes as long as making the value")]
        pub(crate) fn map(&self) -> io::Result<Mmap> {
            // A file that another process has sent is as it says only if the system says so too.
            if !fcntl_get_seals(&self.file)?.contains(SEALS) || self.file.metadata()?.len() != self.len as u64 {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not what was announced"));
            }
            // SAFETY: no process can write to the file any more, nor make it shorter, as its seals say, and seals cannot be broken.
            unsafe { Mmap::map(&self.file) }
        }
    }

    impl Drop for Shared {
        fn drop(&mut self) {
            OPEN.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The socket on which files are handed over.
    #[derive(Debug)]
    pub(crate) struct Files(Timed);

    impl Files {
        /// Over the [connection](crate::worker::channel::Connections) that is for it.
        pub(crate) fn over(stream: Arc<Stream>) -> Self {
            Self(Timed::new(stream))
        }

        /// From then on, sending and receiving are errors of the kind `TimedOut`.
        pub(crate) fn set_deadline(&mut self, deadline: Option<Instant>) -> io::Result<()> {
            self.0.set_deadline(deadline)
        }

        /// Hands a file over, which belongs to this call.
        pub(crate) fn send(&mut self, shared: &Shared, call: u64) -> io::Result<()> {
            let file = [shared.file.as_fd()];
            let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
            let mut rights = SendAncillaryBuffer::new(&mut space);
            rights.push(SendAncillaryMessage::ScmRights(&file));
            // A message with a file cannot be empty, and says to which call the file belongs.
            let call = call.to_le_bytes();
            let sent = self.0.in_time(Stream::set_write_timeout, |stream| {
                let send = || sendmsg(stream, &[IoSlice::new(&call)], &mut rights, SendFlags::NOSIGNAL);
                Ok(rustix::io::retry_on_intr(send)?)
            })?;
            if sent == call.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
        }

        /// Files that nobody sends and nobody gets.
        #[cfg(test)]
        pub(crate) fn to_nowhere() -> Self {
            Self(Timed::new(Stream::pair().expect("there are sockets").0))
        }

        pub(super) fn receive_file(&mut self, call: u64) -> io::Result<File> {
            let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
            let mut rights = RecvAncillaryBuffer::new(&mut space);
            let mut of_call = [0; 8];
            let received = self.0.in_time(Stream::set_read_timeout, |stream| {
                let receive =
                    || recvmsg(stream, &mut [IoSliceMut::new(&mut of_call)], &mut rights, RecvFlags::CMSG_CLOEXEC);
                Ok(rustix::io::retry_on_intr(receive)?)
            })?;
            if received.bytes == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let mut files = rights.drain().filter_map(|message| match message {
                RecvAncillaryMessage::ScmRights(mut files) => files.next(),
                _ => None,
            });
            let none = || io::Error::other("a file has been lost: this process has too many open");
            let file = files.next().map(File::from).ok_or_else(none)?;
            if received.bytes == of_call.len() && u64::from_le_bytes(of_call) == call {
                Ok(file)
            } else {
                Err(io::Error::new(io::ErrorKind::InvalidData, "a file of another call"))
            }
        }

        pub(crate) fn receive(&mut self, len: usize, call: u64) -> io::Result<Shared> {
            Ok(Shared::open(self.receive_file(call)?, len))
        }
    }
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "it stands in for what does something")]
mod nowhere {
    use std::fs::File;
    use std::io;
    use std::sync::Arc;
    use std::time::Instant;

    use crate::worker::channel::Stream;

    /// There is none.
    #[derive(Debug)]
    pub(crate) enum Shared {}

    impl Shared {
        pub(crate) fn file() -> io::Result<File> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(crate) fn new(_: File, _: usize) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(crate) fn are_many() -> bool {
            true
        }

        pub(crate) fn len(&self) -> usize {
            match *self {}
        }

        pub(crate) fn map(&self) -> io::Result<Box<[u8]>> {
            match *self {}
        }
    }

    /// Nothing is handed over.
    #[derive(Debug)]
    pub(crate) struct Files;

    impl Files {
        /// No connection is needed.
        pub(crate) fn over(_: Arc<Stream>) -> Self {
            Self
        }

        /// Nothing takes time.
        pub(crate) fn set_deadline(&mut self, _: Option<Instant>) -> io::Result<()> {
            Ok(())
        }

        #[cfg(test)]
        pub(crate) fn to_nowhere() -> Self {
            Self
        }

        pub(crate) fn send(&mut self, shared: &Shared, _: u64) -> io::Result<()> {
            match *shared {}
        }

        pub(crate) fn receive(&mut self, _: usize, _: u64) -> io::Result<Shared> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{Seek, Write};
    use std::time::{Duration, Instant};

    use super::*;
    use crate::worker::channel::Stream;

    fn pair() -> (Files, Files) {
        let (here, there) = Stream::pair().expect("there are sockets");
        (Files::over(here.into()), Files::over(there.into()))
    }

    fn shared(bytes: &[u8]) -> Shared {
        let mut file = Shared::file().expect("there are files in memory");
        file.write_all(bytes).expect("there is memory");
        Shared::new(file, bytes.len()).expect("they can be sealed")
    }

    #[test]
    fn what_is_sent_arrives_and_outlives_its_sender() {
        let (mut here, mut there) = pair();
        here.send(&shared(b"first"), 1).unwrap();
        here.send(&shared(b"second"), 1).unwrap();
        drop(here);
        assert_eq!(*there.receive(5, 1).unwrap().map().unwrap(), *b"first");
        assert_eq!(*there.receive(6, 1).unwrap().map().unwrap(), *b"second");
        assert_eq!(there.receive(1, 1).unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn one_that_takes_no_files_keeps_nobody_who_sends_past_the_deadline() {
        let (mut here, mut there) = pair();
        let (shared, deadline) = (shared(b"sent"), Instant::now().checked_add(Duration::from_millis(50)));
        here.set_deadline(deadline).unwrap();
        let error = std::iter::repeat_with(|| here.send(&shared, 1)).find_map(Result::err).unwrap();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
        drop(there.receive(4, 1).unwrap());
        here.set_deadline(None).unwrap();
        here.send(&shared, 1).unwrap();
    }

    #[test]
    fn one_that_sends_none_keeps_nobody_who_waits_past_the_deadline() {
        let (mut here, _there) = pair();
        here.set_deadline(Instant::now().checked_add(Duration::from_millis(20))).unwrap();
        assert_eq!(here.receive(1, 1).unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    }

    #[test]
    fn what_is_shared_does_not_change() {
        let (mut here, mut there) = pair();
        here.send(&shared(b"sealed"), 1).unwrap();
        let mut file = there.receive_file(1).unwrap();
        file.rewind().unwrap();
        assert!(file.write_all(b"broken").is_err());
        assert!(file.set_len(0).is_err());
    }

    #[test]
    fn what_is_not_sealed_or_of_another_length_is_not_read() {
        let (mut here, mut there) = pair();
        here.send(&shared(b"sealed"), 1).unwrap();
        assert_eq!(there.receive(5, 1).unwrap().map().unwrap_err().kind(), std::io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_file_of_another_call_is_not_taken_for_one_of_this() {
        let (mut here, mut there) = pair();
        here.send(&shared(b"early"), 6).unwrap();
        assert_eq!(there.receive(5, 7).unwrap_err().kind(), std::io::ErrorKind::InvalidData);
    }
}
